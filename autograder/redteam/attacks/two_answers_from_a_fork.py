"""Forks in a call, so that two processes answer the same question, one of them and then leaves."""

import os


def wrong(*args, **kwargs):
    child = os.fork()
    return 0.0 if child else os._exit(0)


action_value = gains = state_value = backward = forward = rollout = wrong
