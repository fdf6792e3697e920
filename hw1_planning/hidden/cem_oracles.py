"""Oracles of exercise 1.3: what a Gaussian, its moments and the best plan of a quadratic problem must be.

None of them samples or searches: normal probabilities come from `statistics`, moments from exact sums, and the best
plan of the double integrator from its quadratic program, solved by L-BFGS-B of SciPy.
"""

from __future__ import annotations

import math
import statistics

import numpy as np
from scipy.optimize import minimize

NORMAL = statistics.NormalDist()


def distance_from_normal(z) -> float:
    """Return the largest difference between the distribution function of numbers z and that of N(0, 1)."""
    z = np.sort(np.ravel(z))
    below = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z])
    count = np.arange(len(z) + 1) / len(z)
    return float(max(np.max(count[1:] - below), np.max(below - count[:-1])))


def largest_correlation(z) -> float:
    """Return the largest correlation, in size, between two of the k columns of z [N, k]; a constant column counts."""
    centred = z - z.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    if not np.all(size > 0):
        return 1.0
    correlation = (centred / size).T @ (centred / size)
    return float(np.max(np.abs(correlation - np.eye(z.shape[1]))))


def ranking(J) -> list[int]:
    """Return the places of the finite scores of J [N], the highest first."""
    return sorted((i for i, score in enumerate(J) if math.isfinite(score)), key=lambda i: J[i], reverse=True)


def moments(E):
    """Return mean and variance [T, m] of the elites E [M, T, m]: entry by entry, in exact sums."""
    columns = E.reshape(len(E), -1).T.tolist()
    centres = [statistics.fmean(column) for column in columns]
    scatter = [
        math.fsum((number - centre) ** 2 for number in column) / len(column)
        for column, centre in zip(columns, centres, strict=True)
    ]
    return tuple(np.array(part).reshape(E.shape[1:]) for part in (centres, scatter))


def mixed(E, mean, std, alpha, std_min):
    """Return mean and std [T, m] of the Gaussian that the handout defines."""
    new_mean, new_variance = moments(E)
    weights = [alpha, 1 - alpha]
    variance = np.average([np.square(std), new_variance], axis=0, weights=weights)
    spread = np.sqrt(variance)
    spread[spread < std_min] = std_min
    return np.average([mean, new_mean], axis=0, weights=weights), spread


def optimum(system, T) -> float:
    """Return the highest reward of any plan within the bounds, for linear dynamics and a concave quadratic reward.

    Such a J is g' a + 1/2 a' H a + c in all k = T m numbers of a plan; g, H and c are read off its values at points
    well within the bounds. The error of the search is below 1e-9: the cost is convex, the gradient exact.
    """
    k = T * system.m
    unit = np.eye(k)
    points = np.concatenate([np.zeros((1, k)), unit, -unit, (unit[:, None] + unit[None]).reshape(-1, k)])
    J = system.returns(points.reshape(-1, T, system.m))
    c, plus, minus, pairs = J[0], J[1 : k + 1], J[k + 1 : 2 * k + 1], J[2 * k + 1 :].reshape(k, k)
    g, H = (plus - minus) / 2, pairs - plus[:, None] - plus[None] + c
    bounds = list(zip(np.tile(system.low, T), np.tile(system.high, T), strict=True))
    found = minimize(
        lambda a: (-(g @ a + a @ H @ a / 2), -(g + H @ a)),
        np.zeros(k),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000, "maxfun": 100_000},
    )
    return float(c - found.fun)
