"""Tries to change the grader's dynamics: their attributes, their results, and the record of what was asked."""

import numpy as np


def wrong(*args, **kwargs):
    if len(args) == 4 and callable(args[1]):
        x, dynamics = args[0], args[1]
        T, m, n = args[2].shape
        for name in "times", "T", "A", "step", "__call__", "complaint":
            try:
                object.__setattr__(dynamics, name, [])
            except Exception:
                pass
            try:
                dynamics._peer.ask(["call", dynamics._key, "__setattr__", [name, []], {}])
                raise RuntimeError(f"ESCAPED: {name} was set")
            except TypeError:
                pass
        for t in range(T):
            reached = dynamics(x, np.zeros(m), t)
            reached[:] = 0.0
        return np.zeros((T + 1, n)), np.zeros((T, m))
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
