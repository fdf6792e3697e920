"""Systems as Gymnasium environments: real episodes, step by step, and the steps counted.

s_0 = start,    s_{t+1} = disturbance(t, step(s_t, a_t)),    reward r(s_t, a_t),    truncated after `steps` steps
"""

from __future__ import annotations

import math
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
        self._state, self._t = checked("SystemEnv: start", state, (self.system.n,)), 0
        return self._state.copy(), {}

    def step(self, action):
        """Return the next state [n], the reward, False (never terminated), whether `steps` are done, and {}."""
        if self._state is None:
            raise RuntimeError("SystemEnv.step: called before reset(); call reset() first")
        action = checked("SystemEnv: action", action, (self.system.m,))
        reward = float(self.system.reward(self._state, action))
        state = self.system.step(self._state, action)
        if self.disturbance is not None:
            state = checked("SystemEnv: disturbance's state", self.disturbance(self._t, state), (self.system.n,))
        self._state = state
        self._t += 1
        self.calls += 1
        return state.copy(), reward, False, self._t >= self.steps, {}


class BatchEnv(gymnasium.Env):
    """Serve N copies of a System that move together: one `step` is a step of each.

    system, steps: as for SystemEnv.  copies: N.  start(rng) -> s [n]: draws the first state of one copy; it is asked N
    times a `reset`, with the generator that `reset(seed=...)` seeds; `system.start` for all of them by default.

    Observations are the states [N, n]; actions are [N, m], clipped as the system does. `reward` is one number, as
    Gymnasium wants it: the mean over the copies; those of the copies are `info["rewards"]`, [N]. All copies are
    truncated together after `steps` steps and never terminate; the final reward is not paid.

    calls: how many steps were made in copies since the environment was made, N for every `step`; `reset` does not set
    it back.  episodes: how many were begun, N for every `reset`.
    """

    metadata = {"render_modes": []}

    def __init__(self, system: System, copies: int, steps: int, start: Callable | None = None):
        self.system, self.copies, self.steps, self.start = system, copies, steps, start
        low, high = (np.tile(bound, (copies, 1)) for bound in (system.low, system.high))
        self.action_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (copies, system.n), dtype=np.float64)
        self.calls = self.episodes = 0
        self._states, self._t = None, 0

    def reset(self, *, seed: int | None = None, options: dict | None = None):
        """Begin N episodes; return the first states [N, n] and {}."""
        super().reset(seed=seed)
        states = [self.system.start if self.start is None else self.start(self.np_random) for _ in range(self.copies)]
        self._states, self._t = checked("BatchEnv: start", states, (self.copies, self.system.n)), 0
        self.episodes += self.copies
        return self._states.copy(), {}

    def step(self, action):
        """Return the next states [N, n], the mean reward, False, whether `steps` are done, and {"rewards": [N]}."""
        if self._states is None:
            raise RuntimeError("BatchEnv.step: called before reset(); call reset() first")
        action = checked("BatchEnv: action", action, (self.copies, self.system.m))
        rewards = np.asarray(self.system.reward(self._states, action), dtype=float)
        self._states = self.system.step(self._states, action)
        self._t += 1
        self.calls += self.copies
        return self._states.copy(), float(rewards.mean()), False, self._t >= self.steps, {"rewards": rewards}


def checked(who: str, value, shape: tuple[int, ...]) -> np.ndarray:
    """Return `value` as a float64 array of this shape, copied so that nobody outside holds it; else ValueError."""
    try:
        array = np.array(value, dtype=float)
        got = f"of shape {array.shape}" if array.shape != shape else "NaN in places"
    except (TypeError, ValueError):
        array, got = np.array(np.nan), f"a {type(value).__name__}"
    if array.shape != shape or np.isnan(array).any():
        raise ValueError(f"{who} is {got}, expected {math.prod(shape)} numbers in an array of shape {shape}")
    return array
