"""Planners of the grader's own, for exercises 1.4 and 1.6.

`cem` is a plain cross-entropy method, for the experiments in which a student's controller or objective is at work.
`Regulator` plans exactly in a linear-quadratic problem: one linear system for all controls at once, with SciPy's
solution of the Riccati equation as the cost of the last state. Whoever plans with it in every step and executes the
first control follows the infinite-horizon regulator, whatever the horizon.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg


def cem(objective, mean, low, high, rng, *, std, N, M, iterations, std_min, alpha=0.1):
    """Maximise objective(A [N, T, m]) -> J [N] by a diagonal Gaussian, refitted again and again to its M best samples.

    mean: [T, m], where it starts; the first sample of each round is the mean itself. std: number; alpha: weight of the
    old statistics. Returns the last mean: [T, m].
    """
    mean, variance = np.clip(mean, low, high), np.full(np.shape(mean), float(std) ** 2)
    for _ in range(iterations):
        noise = rng.standard_normal((N, *mean.shape))
        noise[0] = 0.0
        A = np.clip(mean + np.sqrt(variance) * noise, low, high)
        best = A[np.argsort(-objective(A), kind="stable")[:M]]
        mean = alpha * mean + (1 - alpha) * best.mean(axis=0)
        variance = np.maximum(alpha * variance + (1 - alpha) * best.var(axis=0), std_min**2)
    return mean


class Regulator:
    """The cheapest T controls of x' = A x + B u, cost x'Qx + u'Ru a step and x'Px at the end, from any state."""

    def __init__(self, rng, n, m, T, radius):
        """Draw a problem whose uncontrolled motion grows or shrinks like `radius` to the power t."""
        A = rng.normal(size=(n, n))
        self.A, self.B = radius * A / np.max(np.abs(np.linalg.eigvals(A))), rng.normal(size=(n, m))
        Q, R = np.diag(rng.uniform(0.5, 2, n)), np.diag(rng.uniform(0.5, 2, m))
        P = scipy.linalg.solve_discrete_are(self.A, self.B, Q, R)
        self.K = -np.linalg.solve(R + self.B.T @ P @ self.B, self.B.T @ P @ self.A)
        self.T, self.n, self.m = T, n, m
        weight = scipy.linalg.block_diag(*[Q] * (T - 1), P)
        free = self.trajectory(np.eye(n), np.zeros((n, T, m)))
        forced = self.trajectory(np.zeros((T * m, n)), np.eye(T * m).reshape(T * m, T, m))
        hessian = forced @ weight @ forced.T + scipy.linalg.block_diag(*[R] * T)
        self.gain = -np.linalg.solve(hessian, forced @ weight @ free.T)

    def trajectory(self, x, u):
        """Simulate from x: [N, n] with u: [N, T, m]. Returns the states after each control, [N, T n]."""
        states = []
        for t in range(self.T):
            x = x @ self.A.T + u[:, t] @ self.B.T
            states.append(x)
        return np.concatenate(states, axis=1)

    def plan(self, s):
        """Return the cheapest controls [T, m] from s: [n]."""
        return (self.gain @ s).reshape(self.T, self.m)
