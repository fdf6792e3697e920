"""A MuJoCo environment as a model to plan with: many lists of actions from one state, in parallel and outside
of the environment, which stays where it is.

    env = gymnasium.make("Reacher-v5")
    env.reset(seed=0)
    with Simulator(env) as simulator:
        after = simulator.rollout(simulator.state(), A)         # A [N, T, m] -> states [N, T, k]

A state is MuJoCo's full physics state [k]: time, positions qpos, velocities qvel, and whatever else the next
step depends on. One action lasts one step of the environment, which is `frame_skip` steps of the physics.
"""

from __future__ import annotations

import os
import weakref

import mujoco
import numpy as np
from mujoco.rollout import Rollout

FULL = mujoco.mjtState.mjSTATE_FULLPHYSICS


class Simulator:
    """The physics of a gymnasium environment, for any number of imagined futures at once.

    steps: environment steps simulated so far, N T a call.  k, nq, nv, m: lengths of a state, of qpos, qvel and
    an action.  dt: seconds of one action.
    """

    def __init__(self, env, threads: int | None = None) -> None:
        """Take a gymnasium MuJoCo environment; `threads` is the number of cores unless given."""
        inner = env.unwrapped
        if not isinstance(getattr(inner, "model", None), mujoco.MjModel):
            raise TypeError(f"Simulator: got {type(inner).__name__}, expected a MuJoCo environment such as Reacher-v5")
        self._model, self._env_data = inner.model, inner.data
        self.frame_skip, self.dt = int(inner.frame_skip), float(inner.dt)
        self.nq, self.nv, self.m = self._model.nq, self._model.nv, self._model.nu
        self.k = mujoco.mj_stateSize(self._model, FULL)
        self.threads = cores() if threads is None else max(1, int(threads))
        self._data = [mujoco.MjData(self._model) for _ in range(self.threads)]  # each thread works in one of its own
        self._pool = Rollout(nthread=self.threads if self.threads > 1 else 0)  # 0: the calling thread does it
        self.close = weakref.finalize(self, self._pool.close)  # when asked, when forgotten, or at exit: once
        self.steps = 0

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def state(self) -> np.ndarray:
        """Return the state [k] in which the environment is now."""
        state = np.empty(self.k)
        mujoco.mj_getState(self._model, self._env_data, state, FULL)
        return state

    def set_state(self, state) -> None:
        """Put the environment itself into `state` [k]; its own count of steps (TimeLimit) stays as it is."""
        state = self._checked("set_state: state", state, (self.k,))
        mujoco.mj_setState(self._model, self._env_data, state, FULL)
        self._env_data.qacc_warmstart[:] = 0  # the solver's first guess is not part of the state
        mujoco.mj_forward(self._model, self._env_data)

    def rollout(self, state, A) -> np.ndarray:
        """Return the states [N, T, k] after each action of the plans A [N, T, m], all from `state` [k].

        The same numbers as N T calls of env.step would give, up to rounding; actions beyond the actuators' range
        act like the nearest one within, as they do there. The environment is not touched.
        ValueError: wrong shapes, or a state or an action that is NaN or infinite.
        """
        if not self.close.alive:
            raise RuntimeError("Simulator.rollout: this simulator was closed; make a new one")
        state = self._checked("rollout: state", state, (self.k,))
        A = self._checked("rollout: A", A, ("N", "T", self.m))
        N, T, _ = A.shape
        if A.size == 0:
            return np.empty((N, T, self.k))
        self.steps += N * T
        held = np.repeat(A, self.frame_skip, axis=1)
        states, _ = self._pool.rollout(self._model, self._data, state[None], held)
        return np.ascontiguousarray(states[:, self.frame_skip - 1 :: self.frame_skip])

    def qpos(self, states) -> np.ndarray:
        """Return the positions [..., nq] of states [..., k]: metres and radians, in MuJoCo's order."""
        return np.asarray(states)[..., 1 : 1 + self.nq]

    def qvel(self, states) -> np.ndarray:
        """Return the velocities [..., nv] of states [..., k]."""
        return np.asarray(states)[..., 1 + self.nq : 1 + self.nq + self.nv]

    def _checked(self, name: str, value, wanted: tuple) -> np.ndarray:
        """Return `value` as a finite float array of the shape `wanted`, in which a letter is any length."""
        shape = ", ".join(map(str, wanted))
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"Simulator.{name}: got a {type(value).__name__}, expected numbers [{shape}]") from None
        fits = [type(length) is str or length == got for length, got in zip(wanted, array.shape, strict=False)]
        if array.ndim != len(wanted) or not all(fits):
            raise ValueError(f"Simulator.{name} has shape {array.shape}, expected [{shape}]")
        if not np.isfinite(array).all():
            count = int((~np.isfinite(array)).sum())
            raise ValueError(f"Simulator.{name} is NaN or infinite in {count} of {array.size} entries")
        return array


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
