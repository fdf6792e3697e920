"""Raises an exception whose message is 300 MB long."""


class Shout(Exception):
    def __str__(self):
        return "A" * (300 << 20)


def wrong(*args, **kwargs):
    raise Shout


action_value = gains = state_value = backward = forward = rollout = wrong
