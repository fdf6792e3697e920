"""Prints without end to standard output and standard error."""

import os


def wrong(*args, **kwargs):
    while True:
        for number in 1, 2:
            os.write(number, b"spam " * 100_000)


action_value = gains = state_value = backward = forward = rollout = wrong
