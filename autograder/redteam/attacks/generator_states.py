"""Answers with states of random generators, hoping to set the grader's."""

import numpy as np


def wrong(*args, **kwargs):
    return np.random.default_rng(0), np.random.PCG64(0).state, np.random.MT19937(0)


action_value = gains = state_value = backward = forward = rollout = wrong
