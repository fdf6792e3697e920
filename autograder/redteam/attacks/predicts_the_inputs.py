"""Draws the hidden inputs itself from the published secret: it knows them all, and still needs the right answers."""

import hashlib
import hmac

import numpy as np

SECRET = b"development secret: published, so data drawn from it can be predicted"
TESTS = ["test_backward_solves_a_single_stage", "test_forward_applies_the_last_control"]
SEEDS = [hmac.new(SECRET, f"hw2_lqr_ilqr\0{test}".encode(), hashlib.sha256).digest()[:16] for test in TESTS]
GENERATORS = [np.random.default_rng(int.from_bytes(seed, "big")) for seed in SEEDS]


def wrong(*args, **kwargs):
    return tuple(rng.normal(size=np.shape(args[0])) for rng in GENERATORS)


action_value = gains = state_value = backward = forward = rollout = wrong
