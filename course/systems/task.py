"""A trajectory to optimise: a known step, a quadratic cost, a start and a length.

    minimise    J = sum_{t<T} stage(x_t, u_t) + final(x_T),        x_{t+1} = step(x_t, u_t),   x_0 = x0
    stage       = 1/2 sum_i Q_i (x_i - goal_i)^2 + 1/2 sum_j R_j u_j^2
    final       = 1/2 sum_i Q_final_i (x_i - goal_i)^2

Notation: n states, m controls, T steps; dots stand for any leading axes, of one state or of many, which broadcast.
Everything works alike on NumPy arrays and torch tensors (MuJoCo's steps: on NumPy arrays only), is deterministic, and
leaves its arguments as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course.systems.arrays import array_of


@dataclass(frozen=True, eq=False)
class Task:
    """Dynamics, cost, start and length of one task.

    name: one word.  states, controls: names of the n and m numbers, with units, such as "angle (rad)".
    dt: s, between two controls.  T: how many controls there are.  x0, goal: [n].
    Q, Q_final: [n] and R: [m], what the squares cost.
    move: move(x [..., n], u [..., m]) -> [..., n] behind `step`, whose shapes are right already and whose leading axes
    broadcast; `on_columns` makes one from formulas.  xml: the model in MuJoCo's language, if it has one.
    """

    name: str
    states: tuple[str, ...]
    controls: tuple[str, ...]
    dt: float
    T: int
    x0: np.ndarray
    goal: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    Q_final: np.ndarray
    move: Callable
    xml: str | None = None

    def __post_init__(self):
        sizes = {"x0": self.n, "goal": self.n, "Q": self.n, "R": self.m, "Q_final": self.n}
        for field, size in sizes.items():
            value = np.array(getattr(self, field), dtype=float)
            if value.shape != (size,):
                raise ValueError(f"Task {self.name}: {field} has shape {value.shape}, expected ({size},)")
            value.flags.writeable = False  # a start changed by accident would spoil every later roll-out
            object.__setattr__(self, field, value)

    @property
    def n(self) -> int:
        """How many numbers make a state."""
        return len(self.states)

    @property
    def m(self) -> int:
        """How many numbers make a control."""
        return len(self.controls)

    def step(self, x, u):
        """Return the state [..., n] that follows `x` [..., n] when `u` [..., m] is held for `dt` seconds.

        float32 gives float32. Raises ValueError for a last axis that is not n or m, TypeError for a tensor beside an
        array.
        """
        _, x, u = self._pair("step", x, u)
        return self.move(x, u)

    def stage(self, x, u):
        """Return the cost [...] of one step that starts in `x` [..., n] with the control `u` [..., m]."""
        _, x, u = self._pair("stage", x, u)
        return half_squares(self.Q, x, self.goal) + half_squares(self.R, u)

    def final(self, x):
        """Return the cost [...] of ending in `x` [..., n]."""
        _, x = self._one("final", "x", x, self.n, "n")
        return half_squares(self.Q_final, x, self.goal)

    def cost(self, x, u) -> float:
        """Return J of a whole trajectory, of any length: `x` [T+1, n] and `u` [T, m]."""
        _, x, u = self._pair("cost", x, u)
        if u.ndim != 2 or x.ndim != 2 or len(x) != len(u) + 1:
            raise ValueError(
                f"{self.name}.cost: x has shape {tuple(x.shape)} and u {tuple(u.shape)}, "
                f"expected [T+1, {self.n}] and [T, {self.m}] with one state more than controls"
            )
        return float(self.stage(x[:-1], u).sum() + self.final(x[-1]))

    def rollout(self, u, x0=None):
        """Return the states [T+1, n] that the controls `u` [T, m] lead through, from `x0` [n]: the task's own if not
        given.
        """
        xp, u = self._one("rollout", "u", u, self.m, "m")
        x0 = self.x0 if x0 is None else x0
        if u.ndim != 2 or len(u) == 0:
            raise ValueError(f"{self.name}.rollout: u has shape {tuple(u.shape)}, expected [T, {self.m}] = [T, m]")
        if np.shape(x0) != (self.n,):
            raise ValueError(f"{self.name}.rollout: x0 has shape {np.shape(x0)}, expected [{self.n}] = [n]")
        x = [xp.join([xp.zeros_like(u[0, 0]) + number for number in map(float, x0)])]
        for control in u:
            x.append(self.move(x[-1], control))
        return xp.stack(x)

    def _pair(self, method: str, x, u):
        xp, x = self._one(method, "x", x, self.n, "n")
        xp_of_u, u = self._one(method, "u", u, self.m, "m")
        if xp is not xp_of_u:
            raise TypeError(
                f"{self.name}.{method}: x is of type {type(x).__name__} and u of type {type(u).__name__}, "
                "expected both to be NumPy arrays or both torch tensors"
            )
        return xp, x, u

    def _one(self, method: str, letter: str, value, size: int, axis: str):
        xp, value = array_of(value)
        if value.shape[-1:] != (size,):
            shape = tuple(value.shape)
            raise ValueError(
                f"{self.name}.{method}: {letter} has shape {shape}, expected [..., {size}] = [..., {axis}]"
            )
        return xp, value


def half_squares(weights: np.ndarray, x, goal=None):
    """Return 1/2 sum_i weights_i (x_i - goal_i)^2 [...] of `x` [..., k]; weights, goal: [k], goal 0 if not given."""
    total = 0.0 * x[..., 0]
    for i, weight in enumerate(weights.tolist()):  # plain numbers keep float32 as it is
        if weight:
            off = x[..., i] if goal is None else x[..., i] - float(goal[i])
            total = total + 0.5 * weight * (off * off)
    return total


def on_columns(motion: Callable) -> Callable:
    """Return move(x [..., n], u [..., m]) of formulas on columns, that is one array [...] for each number.

    motion(xp, state, control): the n columns of the next state, from columns and the functions `xp` of
    course.systems.arrays.
    """

    def move(x, u):
        xp, x = array_of(x)
        if x.ndim != u.ndim or x.shape[:-1] != u.shape[:-1]:
            x = x + xp.zeros_like(u[..., :1])  # now a formula without u has all the leading axes too
        if x.ndim == 1:
            state, control = list(x), list(u)  # numbers: half the time of arrays without axes
        else:
            state, control = [x[..., i] for i in range(x.shape[-1])], [u[..., j] for j in range(u.shape[-1])]
        return xp.join(motion(xp, state, control))

    return move
