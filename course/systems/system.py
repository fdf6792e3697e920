"""A system to control: how its state moves, what that pays, and where it starts.

    s_{t+1} = step(s_t, a_t)            J = sum_{t<T} reward(s_t, a_t) + final(s_T)         larger is better

Notation: n states, m actions; dots stand for any leading axes, of one state or of many. Everything works alike on
NumPy arrays and torch tensors, is deterministic, and leaves its arguments as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course.systems.arrays import array_of, is_tensor


@dataclass(frozen=True, eq=False)
class System:
    """Dynamics, reward, bounds and start of one system.

    name: one word.  states, actions: names of the n and m numbers, with units, such as "angle (rad)".
    dt: s, between two actions.  low, high: [m] bounds of an action.  start: [n] the state to begin with.

    The formulas are written on columns, that is one array [...] for each number of a state or action, with `xp` the
    functions of course.systems.arrays; their actions are within the bounds already:
    motion(xp, state, action): the n columns of the next state.  gain(xp, state, action): the reward [...].
    end(xp, state): the reward [...] for ending there; nothing without it.
    """

    name: str
    states: tuple[str, ...]
    actions: tuple[str, ...]
    dt: float
    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    motion: Callable
    gain: Callable
    end: Callable | None = None

    def __post_init__(self):
        for field, size in (("low", self.m), ("high", self.m), ("start", self.n)):
            value = np.array(getattr(self, field), dtype=float)
            if value.shape != (size,):
                raise ValueError(f"System {self.name}: {field} has shape {value.shape}, expected ({size},)")
            value.flags.writeable = False  # a start changed by accident would spoil every later roll-out
            object.__setattr__(self, field, value)
        # Plain numbers: they are faster than 0-d arrays, and do not turn float32 into float64.
        object.__setattr__(
            self, "_bounds", tuple(zip(range(self.m), self.low.tolist(), self.high.tolist(), strict=True))
        )

    @property
    def n(self) -> int:
        """How many numbers make a state."""
        return len(self.states)

    @property
    def m(self) -> int:
        """How many numbers make an action."""
        return len(self.actions)

    def step(self, s, a):
        """Return the state [..., n] after the action `a` was held for `dt` seconds.

        s: [..., n].  a: [..., m], clipped to low..high first: a motor gives no more than it can. Leading axes are
        broadcast, so one state [n] may meet many actions [N, m]. float32 gives float32, unless the other is float64.
        Raises ValueError for a last axis that is not n or m, TypeError for a tensor beside an array.
        """
        xp, state, action = self._columns("step", s, a)
        return xp.join(self.motion(xp, state, action))

    def reward(self, s, a):
        """Return the reward [...] for the action `a` [..., m] taken in `s` [..., n]: the state BEFORE the step.

        The action is clipped to low..high as in `step`, so asking for more than the bounds allow changes nothing.
        """
        xp, state, action = self._columns("reward", s, a)
        return self.gain(xp, state, action)

    def final(self, s):
        """Return the reward [...] for ending in `s` [..., n]; zeros where the system has none."""
        xp, s = array_of(s)
        if s.shape[-1:] != (self.n,):
            raise ValueError(self._complaint("final", "s", s.shape, "n"))
        state = [s[..., i] for i in range(self.n)]
        return xp.zeros_like(state[0]) if self.end is None else self.end(xp, state)

    def returns(self, A, s=None):
        """Return the total reward J [...] of plans A [..., T, m], from the state `s` [n], `start` without it.

        The same numbers as a loop over `step` and `reward` with `final` at the end, in about half the time: actions
        are clipped once, and all rewards are computed together.
        """
        xp, A = array_of(A)
        s = self.start if s is None else s
        if A.ndim < 2 or A.shape[-1] != self.m or A.shape[-2] < 1:
            raise ValueError(
                f"{self.name}.returns: A has shape {tuple(A.shape)}, expected [..., T, {self.m}] = [..., T, m]"
            )
        if np.shape(s) != (self.n,):
            raise ValueError(self._complaint("returns", "s", np.shape(s), "n"))
        # Time comes first here: every step then works on one contiguous piece.
        actions = [xp.contiguous(xp.move(xp.clip(A[..., j], low, high))) for j, low, high in self._bounds]
        numbers = s if is_tensor(s) else map(float, s)  # a NumPy number would turn float32 into float64
        state = [xp.zeros_like(actions[0][0]) + number for number in numbers]
        passed = [state]
        for action in zip(*actions, strict=True):
            state = list(self.motion(xp, state, action))
            passed.append(state)
        columns = [xp.stack(column) for column in zip(*passed[:-1], strict=True)]
        J = self.gain(xp, columns, actions).sum(0)
        return J if self.end is None else J + self.end(xp, state)

    def _columns(self, method: str, s, a):
        xp, s = array_of(s)
        xp_of_a, a = array_of(a)
        n, m = len(self.states), len(self.actions)
        if xp is not xp_of_a:
            raise TypeError(
                f"{self.name}.{method}: s is of type {type(s).__name__} and a of type {type(a).__name__}, "
                "expected both to be NumPy arrays or both torch tensors"
            )
        if s.shape[-1:] != (n,):
            raise ValueError(self._complaint(method, "s", s.shape, "n"))
        if a.shape[-1:] != (m,):
            raise ValueError(self._complaint(method, "a", a.shape, "m"))
        clip = xp.clip
        return xp, [s[..., i] for i in range(n)], [clip(a[..., j], low, high) for j, low, high in self._bounds]

    def _complaint(self, method: str, letter: str, shape, axis: str) -> str:
        size = self.n if axis == "n" else self.m
        return f"{self.name}.{method}: {letter} has shape {tuple(shape)}, expected [..., {size}] = [..., {axis}]"
