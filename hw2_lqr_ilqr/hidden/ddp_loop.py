"""The two pendulums of exercise 2.6 with derivatives by hand, and the outer loop on the grader's side.

The loop asks the student's `backward` once a pass; derivatives, roll-outs, line search and mu are the reference's and
ours. So no mistake of exercise 2.5 counts here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DT, GRAVITY = 0.05, 9.81


class Pendulum(NamedTuple):
    """th' = th + dt w, w' = w + dt (g sin th + u); cost 1/2 (x'Qx + r u²) a step, 1/2 x'Px at the end, from (pi, 0)."""

    T: int
    Q: np.ndarray  # [2], diagonal
    r: float
    P: np.ndarray  # [2], diagonal

    def step(self, x, u):
        """Move states x [..., 2] by controls u [..., 1]."""
        angle, rate = x[..., 0], x[..., 1]
        return np.stack([angle + DT * rate, rate + DT * (GRAVITY * np.sin(angle) + u[..., 0])], axis=-1)

    def cost(self, x, u):
        """Add up J along x [T+1, ..., 2], u [T, ..., 1]."""
        running = 0.5 * ((x[:-1] ** 2 @ self.Q).sum(0) + self.r * (u[..., 0] ** 2).sum(0))
        return running + 0.5 * x[-1] ** 2 @ self.P

    def expand(self, x, u):
        """Return F, C, c, C_final, c_final, D along x [T+1, 2], u [T, 1]."""
        T = len(u)
        F = np.tile([[1.0, DT, 0.0], [0.0, 1.0, DT]], (T, 1, 1))
        F[:, 1, 0] = DT * GRAVITY * np.cos(x[:-1, 0])
        D = np.zeros((T, 2, 3, 3))
        D[:, 1, 0, 0] = -DT * GRAVITY * np.sin(x[:-1, 0])
        weight = np.append(self.Q, self.r)
        c = np.concatenate([x[:-1], u], axis=1) * weight
        return F, np.tile(np.diag(weight), (T, 1, 1)), c, np.diag(self.P), self.P * x[-1], D

    def forward(self, x, u, K, k, alphas=(0.0,)):
        """Run u + K (x_t - nominal) + alpha k for all alphas at once. Returns x [T+1, N, 2], u [T, N, 1]."""
        alphas = np.asarray(alphas)[:, None]
        xs, us = [np.repeat(x[:1], len(alphas), axis=0)], []
        for t in range(len(u)):
            us.append(u[t] + (xs[-1] - x[t]) @ K[t].T + alphas * k[t])
            xs.append(self.step(xs[-1], us[-1]))
        return np.stack(xs), np.stack(us)

    def start(self, u):
        """Run the controls u [T, 1] from (pi, 0). Returns x [T+1, 2]."""
        x = np.array([[np.pi, 0.0]])
        for t in range(len(u)):
            x = np.vstack([x, self.step(x[-1], u[t])])
        return x


PENDULUM_A = Pendulum(60, np.array([1.0, 0.1]), 0.01, np.array([100.0, 10.0]))
PENDULUM_B = Pendulum(100, np.array([0.0, 0.0]), 1.0, np.array([1000.0, 100.0]))
BEST_A, BEST_B = 59.117744, 82.863503  # agreed on by independent solvers


def optimise(reference, backward: Callable, task: Pendulum, u, iterations: int, tolerance: float = 1e-9):
    """Run the reference's loop around backward(E, mu) -> Gains or None, which is asked once a pass.

    Returns the Solution, and how many passes had no gains.
    """
    refused = 0

    def counted(E, mu):
        nonlocal refused
        gains = backward(E, mu)
        refused += gains is None
        return gains

    def expand(x, u):
        return reference.expansion.Expansion(*task.expand(x, u))

    options = {"backward": counted, "iterations": iterations, "tolerance": tolerance}
    with np.errstate(all="ignore"):  # roll-outs with the gains of a wrong pass run away
        found = reference.ilqr.ilqr(np.array([np.pi, 0.0]), u, task.step, task.cost, expand, **options)
    return found, refused
