"""Prints 200 MB in a test and goes on when it is told that there is no more room."""

import os


def wrong(*args, **kwargs):
    for _ in range(400):
        try:
            os.write(1, b"spam " * 100_000)
        except OSError:
            continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
