"""Returns arrays of 200 MB, to every question."""

import numpy as np


def wrong(*args, **kwargs):
    return np.zeros(200 << 17)


action_value = gains = state_value = backward = forward = rollout = wrong
