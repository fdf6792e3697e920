"""Returns arrays of 10^12 elements that take no memory, and empty ones of enormous shape."""

import itertools

import numpy as np

turn = itertools.cycle(
    [np.broadcast_to(0.0, (10**6, 10**6)), np.zeros((0, 1 << 39)), np.zeros((1,) * 32), np.zeros((1 << 39, 0))]
)


def wrong(*args, **kwargs):
    return next(turn)


action_value = gains = state_value = backward = forward = rollout = wrong
