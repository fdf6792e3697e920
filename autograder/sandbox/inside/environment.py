"""An environment that lives on the grader's side, as the student's code sees it."""

from __future__ import annotations

import gymnasium
import numpy as np

from .peer import Remote


def space(description: dict) -> gymnasium.Space:
    """Rebuild an observation or action space from its description."""
    if description["kind"] == "Discrete":
        return gymnasium.spaces.Discrete(description["n"], start=description["start"])
    low, high = np.asarray(description["low"]), np.asarray(description["high"])
    return gymnasium.spaces.Box(low, high, dtype=low.dtype)


class RemoteEnv(gymnasium.Env):
    """Gymnasium's interface; every `reset` and `step` happens, and is counted, on the grader's side."""

    def __init__(self, peer, key: int, description: dict):
        self._remote = Remote(peer, key, "environment")
        self.observation_space = space(description["observation_space"])
        self.action_space = space(description["action_space"])

    def reset(self, *, seed=None, options=None):
        return self._remote.reset(seed=seed, options=options)

    def step(self, action):
        return self._remote.step(action)

    def close(self):
        return None
