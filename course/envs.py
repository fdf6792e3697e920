"""A system as a Gymnasium environment: one real episode, step by step, and the steps counted.

s_0 = start,    s_{t+1} = disturbance(t, step(s_t, a_t)),    reward r(s_t, a_t),    truncated after `steps` steps
"""

from __future__ import annotations

from collections.abc import Callable

import gymnasium
import numpy as np

from course.systems import System


class SystemEnv(gymnasium.Env):
    """Serve a System as an environment whose observation is the state.

    system: what moves.  steps: length of an episode; it is truncated then and never terminates.
    disturbance(t, s [n]) -> s [n]: what the world does to the state after step t = 0, 1, ... of an episode, such as a
    push that no planner knows of; nothing by default.  start(rng) -> s [n]: draws the first state of an episode,
    from the generator that `reset(seed=...)` seeds; `system.start` by default.

    calls: how often `step` was called since the environment was made; `reset` does not set it back.

    Actions [m] outside low..high are clipped, as the system does. The final reward is not paid: an environment does
    not know that it ends.
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        system: System,
        steps: int,
        disturbance: Callable[[int, np.ndarray], np.ndarray] | None = None,
        start: Callable[[np.random.Generator], np.ndarray] | None = None,
    ):
        self.system, self.steps, self.disturbance, self.start = system, steps, disturbance, start
        self.action_space = gymnasium.spaces.Box(system.low, system.high, dtype=np.float64)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (system.n,), dtype=np.float64)
        self.calls = 0
        self._state, self._t = None, 0

    def reset(self, *, seed: int | None = None, options: dict | None = None):
        """Begin an episode; return the first state [n] and {}."""
        super().reset(seed=seed)
        state = self.system.start if self.start is None else self.start(self.np_random)
        self._state, self._t = self._checked("start", state, self.system.n), 0
        return self._state.copy(), {}

    def step(self, action):
        """Return the next state [n], the reward, False (never terminated), whether `steps` are done, and {}."""
        if self._state is None:
            raise RuntimeError("SystemEnv.step: called before reset(); call reset() first")
        action = self._checked("action", action, self.system.m)
        reward = float(self.system.reward(self._state, action))
        state = self.system.step(self._state, action)
        if self.disturbance is not None:
            state = self._checked("disturbance's state", self.disturbance(self._t, state), self.system.n)
        self._state = state
        self._t += 1
        self.calls += 1
        return state.copy(), reward, False, self._t >= self.steps, {}

    def _checked(self, what: str, value, size: int) -> np.ndarray:
        """Return a copy in float64, so that nobody outside holds the state."""
        try:
            array = np.array(value, dtype=float)
            got = f"of shape {array.shape}" if array.shape != (size,) else str(array)
        except (TypeError, ValueError):
            array, got = np.array(np.nan), f"a {type(value).__name__}"
        if array.shape != (size,) or np.isnan(array).any():
            raise ValueError(f"SystemEnv: {what} is {got}, expected {size} numbers in an array of shape ({size},)")
        return array
