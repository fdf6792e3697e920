"""Plans as flat vectors, normal numbers by the inverse distribution function, and a loop that stands on its own."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])


@dataclass
class Result:
    actions: np.ndarray
    value: float
    mean: np.ndarray
    std: np.ndarray


def sample(mean, std, low, high, N, rng):
    uniform = 1 - rng.random((N - 1, mean.size))  # never 0
    z = (
        np.vstack([np.zeros(mean.size), quantile(np.clip(uniform, 1e-300, 1 - 1e-16))])
        if N > 1
        else np.zeros((1, mean.size))
    )
    flat = mean.ravel() + z * std.ravel()
    bottom, top = np.tile(low, len(mean)), np.tile(high, len(mean))
    flat = np.where(flat < bottom, bottom, np.where(flat > top, top, flat))
    return flat.reshape(N, *mean.shape)


def elites(A, J, M):
    good = np.isfinite(J)
    if not good.any():
        raise ValueError("not one score is a number")
    A, J = A[good], J[good]
    return np.flip(A[np.argsort(J)[-M:]], axis=0)


def refit(E, mean, std, alpha, std_min):
    centre = sum(E) / len(E)
    scatter = sum((plan - centre) ** 2 for plan in E) / len(E)
    mean = mean + (1 - alpha) * (centre - mean)
    variance = std**2 + (1 - alpha) * (scatter - std**2)
    return mean, np.sqrt(np.maximum(variance, std_min**2))


def cem(objective, mean, std, low, high, rng, *, N=200, M=20, iterations=10, alpha=0.1, std_min=0.01):
    plans, scores = [], []
    variance = std**2
    for _ in range(iterations):
        A = np.concatenate([mean[None], mean + np.sqrt(variance) * rng.normal(size=(N - 1, *mean.shape))])
        A = np.maximum(low, np.minimum(high, A))
        J = objective(A)
        rank = np.where(np.isfinite(J), J, -np.inf)
        E = A[np.argsort(rank)[::-1][: min(M, np.isfinite(J).sum())]]
        plans.append(A)
        scores.append(rank)
        mean = alpha * mean + (1 - alpha) * E.mean(0)
        variance = np.maximum(alpha * variance + (1 - alpha) * np.mean((E - E.mean(0)) ** 2, 0), std_min**2)
    i = int(np.argmax(np.concatenate(scores)))
    return Result(np.concatenate(plans)[i], np.concatenate(scores)[i], mean, np.sqrt(variance))
