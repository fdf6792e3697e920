"""Calls the grader's dynamics with keywords, objects, huge arrays and functions of its own."""

import numpy as np


def wrong(*args, **kwargs):
    if len(args) == 4 and callable(args[1]):
        x, dynamics = args[0], args[1]
        hostile = [
            lambda: dynamics(self=1),
            lambda: dynamics(x, x, 0, x=x),
            lambda: dynamics(**{"__class__": int, "": 0}),
            lambda: dynamics(wrong, dynamics, -1),
            lambda: dynamics(np.zeros((0, 1 << 40)), np.full(10**6, np.nan), 2**300),
            lambda: dynamics("A" * 10**5, {1: {2: 3}}, float("nan")),
            lambda: dynamics(object(), type, dynamics._peer),
            lambda: dynamics.__class__(dynamics._peer, 77, "x")(1),
        ]
        for attempt in hostile:
            try:
                attempt()
            except Exception:
                continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
