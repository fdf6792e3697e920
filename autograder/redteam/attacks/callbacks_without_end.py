"""Calls the grader's dynamics for ever, politely, one call after the other."""


def wrong(*args, **kwargs):
    if len(args) == 4 and callable(args[1]):
        while True:
            args[1](args[0], args[0], 0)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
