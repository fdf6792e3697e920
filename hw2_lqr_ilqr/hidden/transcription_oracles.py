"""Answers to exercise 2.7 that come from values of functions: roll-outs, costs, Lagrangians.

First derivatives are complex steps: for a function of real numbers that also takes complex ones, the imaginary part of
f(z + ih)/h is its derivative to the last digit, as nothing is subtracted. Quadratic functions of many numbers are known
from their values at unit vectors and pairs of them. No recursion, no costate, no block matrix.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np

TINY = 1e-30


# What an Expansion holds, for the grader's own use; its class is the student's to import.
Blocks = namedtuple("Blocks", "F C c C_final c_final D")


def slopes(function, z):
    """Differentiate a function of rows, z: [N, k] -> [N, ...], by complex steps. Returns [N, ..., k]."""
    steps = 1j * TINY * np.eye(z.shape[1])
    return np.stack([np.imag(function(z + step)) / TINY for step in steps], axis=-1)


def coefficients(function, size):
    """Read H and g of 1/2 w'Hw + w'g + const off a quadratic function of rows, [N, size] -> [N], exactly."""
    unit = np.eye(size)
    zero, one = function(np.zeros((1, size)))[0], function(unit)
    pair = function((unit[:, None] + unit[None, :]).reshape(-1, size)).reshape(size, size)
    H = pair - one[:, None] - one[None, :] + zero
    return H, one - zero - np.diag(H) / 2


def blocks(rng, T, n, m):
    """Draw an Expansion that changes with time and has cross terms; states neither grow nor vanish."""
    d = n + m

    def positive(count, size):
        G = rng.normal(size=(count, size, size))
        return np.eye(size) + G @ np.swapaxes(G, 1, 2) / size

    D = rng.normal(size=(T, n, d, d))
    return Blocks(
        rng.normal(size=(T, n, d)) / np.sqrt(d),
        positive(T, d),
        rng.normal(size=(T, d)),
        positive(1, n)[0],
        rng.normal(size=n),
        D + np.swapaxes(D, 2, 3),
    )


def split(w, n, m):
    """Take rows of unknowns apart, w: [N, T d]. Returns x: [N, T, n] = x_1 … x_T, u: [N, T, m]."""
    rows = w.reshape(len(w), -1, m + n)
    return rows[:, :, m:], rows[:, :, :m]


def cost_of(E, x, u):
    """Add up the quadratic cost of deviations: x: [N, T, n] = dx_1 … dx_T, u: [N, T, m], dx_0 = 0. Returns [N]."""
    before = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
    z, last = np.concatenate([before, u], axis=2), x[:, -1]
    stages = 0.5 * np.einsum("kti,tij,ktj->k", z, E.C, z) + np.einsum("kti,ti->k", z, E.c)
    return stages + 0.5 * np.einsum("ki,ij,kj->k", last, E.C_final, last) + last @ E.c_final


def left_over(E, x, u, gaps):
    """Return gaps: [T, n] plus the linear change of the defects, for rows of deviations: [N, T, n]."""
    before = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
    return gaps + x - np.einsum("tij,ktj->kti", E.F, np.concatenate([before, u], axis=2))


def follow(E, u, gaps):
    """Play rows of controls u: [N, T, m] in the linear model so that every gap is closed. Returns dx_1 … dx_T."""
    x, states = np.zeros((len(u), E.F.shape[1])), []
    for t in range(u.shape[1]):
        x = np.concatenate([x, u[:, t]], axis=1) @ E.F[t].T - gaps[t]
        states.append(x)
    return np.stack(states, axis=1)


def shooting(E, gaps):
    """Return H: [T m, T m], g: [T m] of the cost of E as a function of the controls alone."""
    T, n, d = E.F.shape

    def cost(rows):
        u = rows.reshape(len(rows), T, d - n)
        return cost_of(E, follow(E, u, gaps), u)

    return coefficients(cost, T * (d - n))


def best_step(E, gaps):
    """Minimise over the controls alone. Returns dx: [T+1, n], du: [T, m], and the least cost."""
    T, n, d = E.F.shape
    H, g = shooting(E, gaps)
    u = -np.linalg.solve(H, g).reshape(1, T, d - n)
    x = follow(E, u, gaps)
    return np.vstack([np.zeros((1, n)), x[0]]), u[0], cost_of(E, x, u)[0]


def prices(E, gaps):
    """Find what opening each gap by one adds to the least cost: the multipliers, by differences of a quadratic."""
    T, n, _ = E.F.shape
    unit = np.eye(T * n).reshape(-1, T, n)
    changes = [best_step(E, gaps + e)[2] - best_step(E, gaps - e)[2] for e in unit]
    return np.array(changes).reshape(T, n) / 2


def lagrangian(E, gaps):
    """Return the matrix and the slope of J + multipliers' defects as a quadratic of unknowns and multipliers."""
    T, n, d = E.F.shape

    def value(rows):
        x, u = split(rows[:, : T * d], n, d - n)
        multipliers = rows[:, T * d :].reshape(-1, T, n)
        return cost_of(E, x, u) + np.einsum("kti,kti->k", multipliers, left_over(E, x, u, gaps))

    return coefficients(value, T * (d + n))


def scalar(a, T):
    """The system x' = a x + u, cost 1/2 (x² + 0.01 u²) in every step, 1/2 x² at the end."""
    F, C = np.tile([[a, 1.0]], (T, 1, 1)), np.tile(np.diag([1.0, 0.01]), (T, 1, 1))
    return Blocks(F, C, np.zeros((T, 2)), np.eye(1), np.zeros(1), np.zeros((T, 1, 2, 2)))


def spread(matrix):
    """Return the condition number of a symmetric matrix: largest eigenvalue over smallest, both without sign."""
    sizes = np.abs(np.linalg.eigvalsh((matrix + matrix.T) / 2))
    return sizes.max() / max(sizes.min(), 1e-300)
