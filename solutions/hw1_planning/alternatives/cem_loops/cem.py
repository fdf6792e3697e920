"""Plain loops: one draw, one comparison and one sum at a time, in an order of their own."""

import heapq
import math
from collections import namedtuple

import numpy as np

Result = namedtuple("Result", "actions value mean std")


def sample(mean, std, low, high, N, rng):
    T, m = mean.shape
    plans = np.zeros((N, T, m))
    for j in range(m):
        for t in reversed(range(T)):
            for i in range(N):
                number = rng.normal(mean[t, j], std[t, j]) if i > 0 else mean[t, j]
                plans[i, t, j] = min(max(number, low[j]), high[j])
    return plans


def elites(A, J, M):
    scored = [(float(score), i) for i, score in enumerate(J) if not math.isnan(score) and abs(score) != math.inf]
    if len(scored) == 0:
        raise ValueError("no plan has a score")
    return np.stack([A[i] for _, i in heapq.nlargest(M, scored)])


def refit(E, mean, std, alpha, std_min):
    M, T, m = E.shape
    new_mean, new_std = np.zeros((T, m)), np.zeros((T, m))
    for t in range(T):
        for j in range(m):
            column = [float(plan[t, j]) for plan in E]
            centre = sum(column) / M
            squares = sum((number - centre) ** 2 for number in column) / M
            new_mean[t, j] = (1 - alpha) * centre + alpha * mean[t, j]
            new_std[t, j] = max(math.sqrt((1 - alpha) * squares + alpha * std[t, j] ** 2), std_min)
    return new_mean, new_std


def cem(objective, mean, std, low, high, rng, *, N=200, M=20, iterations=10, alpha=0.1, std_min=0.01):
    history = []
    while len(history) < iterations:
        candidates = sample(mean, std, low, high, N, rng)
        J = objective(candidates)
        chosen = elites(candidates, J, M)
        history.append((max(score for score in J if math.isfinite(score)), len(history), chosen[0]))
        mean, std = refit(chosen, mean, std, alpha, std_min)
    value, _, actions = max(history, key=lambda entry: entry[:2])
    return Result(actions, value, mean, std)
