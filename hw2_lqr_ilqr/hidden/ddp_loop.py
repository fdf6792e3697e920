"""The two pendulums of exercise 2.6 with derivatives by hand, and an outer loop on the grader's side.

The loop asks the student's `backward` once an iteration and does all the rest itself: derivatives, roll-outs, line
search, schedule of mu. So neither a mistake of exercise 2.5 nor what the student's gains claim changes J.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course.testing import Mismatch, assert_shape, fields

DT, GRAVITY = 0.05, 9.81
ALPHAS = 0.5 ** np.arange(11)
LARGEST = 1e9  # of numbers that the loop goes on to compute with


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


class Run(NamedTuple):
    """What the loop did. x, u: last nominal. costs: J of the first nominal and after every iteration. refused: how
    often gains were refused with None."""

    x: np.ndarray
    u: np.ndarray
    costs: np.ndarray
    refused: int


def checked(answer, T, n, m):
    """Return K [T, m, n], k [T, m], linear, quadratic of an answer of `backward` that is not None, as numbers."""
    K, k, _, _, linear, quadratic = fields(answer, "K k V v linear quadratic", who="ddp.backward")
    shaped = [("K", K, (T, m, n), "[T, m, n]"), ("k", k, (T, m), "[T, m]"), ("linear", linear, (), ""),
              ("quadratic", quadratic, (), "")]  # fmt: skip
    parts = [assert_shape(f"ddp.backward: {name}", got, shape, dims) for name, got, shape, dims in shaped]
    if max(np.max(np.abs(part), initial=0.0) for part in parts) > LARGEST:
        raise Mismatch(
            "ddp.backward: the gains have entries beyond 1e9, expected the size of the problem's own numbers"
        )
    return parts[0], parts[1], float(parts[2]), float(parts[3])


def optimise(backward: Callable, record: Callable, task: Pendulum, u, iterations=80, tolerance=1e-9) -> Run:
    """Improve controls u [T, 1] until an iteration brings less than the tolerance.

    backward: (E, mu) -> gains or None. record: makes the E that backward gets out of the parts of `expand`. An
    iteration is one call of backward, whether it is of use or not.
    """
    x, mu, refused = task.start(u), 0.0, 0
    costs = [float(task.cost(x, u))]
    for _ in range(iterations):
        answer = backward(record(*task.expand(x, u)), mu)
        found = None if answer is None else search(task, x, u, costs[-1], checked(answer, task.T, 2, 1))
        refused += answer is None
        if found is None:
            costs.append(costs[-1])
            mu = max(1e-6, 10 * mu)
            if mu > 1e10:
                break
            continue
        x, u, J, promised = found
        done = costs[-1] - J <= tolerance * abs(J) and mu < 1e-3
        costs.append(J)
        mu = mu / 5 if mu > 1e-6 else 0.0
        if done:
            break
    return Run(x, u, np.array(costs), refused)


def search(task, x, u, J, gains):
    """Return x, u, J, and the promised change of the longest step that keeps a part of its promise; or None."""
    K, k, linear, quadratic = gains
    with np.errstate(all="ignore"):
        xs, us = task.forward(x, u, K, k, ALPHAS)
        costs = task.cost(xs, us)
        promised = ALPHAS * linear + ALPHAS**2 / 2 * quadratic
        good = np.isfinite(costs) & (costs <= J + np.minimum(1e-4 * promised, 0.0)) & (promised <= 0)
    if not good.any():
        return None
    j = int(np.argmax(good))
    return xs[:, j], us[:, j], float(costs[j]), float(promised[j])
