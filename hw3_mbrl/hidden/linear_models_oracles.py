"""Answers to exercise 3.4 that share no formula with the solution.

Least squares is the point whose residuals are orthogonal to all columns, found here with QR (`least_squares`); the
value of a linear model is the sum of what its roll-out earns (`rolled_out`); densities are scipy's; the best physics is
found by a nonlinear search over the constants themselves (`searched`). Tables are counted (`counted`).
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.stats


def least_squares(X, Y):
    """Return W [p, k], the best linear map with X of full column rank, by QR."""
    Q, R = np.linalg.qr(X)
    return np.linalg.inv(R) @ (Q.T @ Y)


def counted(pairs, s_next, r, done, P, S):
    """Count a table: how often each next state [S, P] followed a pair, and mean rewards [P]; zeros if unseen."""
    share, reward = np.zeros((S, P)), np.zeros(P)
    for pair in range(P):
        rows = np.flatnonzero(pairs == pair)
        for i in rows:
            share[s_next[i], pair] += (not done[i]) / len(rows)
            reward[pair] += r[i] / len(rows)
    return share, reward


def rolled_out(F, b, x, gamma, steps):
    """Add up what the model earns from each x [N, k]: sum over t < steps of gamma^t b' F^t x. Returns [N]."""
    total, discount = np.zeros(len(x)), 1.0
    for _ in range(steps):
        total += discount * (x @ b)
        x, discount = x @ F.T, discount * gamma
    return total


def gaussian(D):
    """Fit the linear-Gaussian model: means by QR, and the second moment of what remains. Returns F, f, Sigma."""
    X = np.hstack([np.ones((len(D.s), 1)), D.s, D.a])
    W = least_squares(X, D.s_next)
    rest = D.s_next - X @ W
    return W[1:].T, W[0], np.mean(rest[:, :, None] * rest[:, None, :], axis=0)


def log_densities(F, f, Sigma, D):
    """Ask scipy for the log-density of each next state. Returns [N]."""
    rows = zip(D.s, D.a, D.s_next, strict=True)
    return np.array([scipy.stats.multivariate_normal.logpdf(y, F @ np.append(s, a) + f, Sigma) for s, a, y in rows])


def turned(s, a, constants, dt, gravity):
    """Move a pendulum with constants (length, mass, damping) one step. Returns s_next: [N, 2]."""
    length, mass, damping = constants
    force = mass * gravity * np.sin(s[:, 0]) * length + a[:, 0] - damping * s[:, 1]
    speed = s[:, 1] + dt * force / (mass * length * length)
    return np.column_stack([s[:, 0] + dt * speed, speed])


def searched(D, guess, dt, gravity):
    """Search for the constants (length, mass, damping) with the least squared error of the next speed, from `guess`."""
    scale = np.abs(guess)

    def errors(c):
        return turned(D.s, D.a, c * scale, dt, gravity)[:, 1] - D.s_next[:, 1]

    found = scipy.optimize.least_squares(errors, np.asarray(guess) / scale, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return found.x * scale
