"""All states first, then all rewards; the last step is left out where nobody needs it. The choice is a plain loop."""

import math
from collections import namedtuple

import numpy as np

Plan = namedtuple("Plan", "actions value")


def returns(s0, A, step, reward, final=None):
    N, T, m = A.shape
    visited = [np.ones((N, 1)) * s0]
    while len(visited) < T + (final is not None):
        visited.append(step(visited[-1], A[:, len(visited) - 1, :]))
    total = sum(reward(visited[t], A[:, t, :]) for t in range(T))
    return total if final is None else total + final(visited[T])


def random_shooting(objective, low, high, T, N, rng):
    columns = [rng.random((T, N)) * (b - a) + a for a, b in zip(low, high, strict=True)]
    A = np.stack(columns, axis=-1).transpose(1, 0, 2)
    winner, top = None, -math.inf
    for actions, score in zip(A, objective(A), strict=True):
        if math.isfinite(score) and score > top:
            winner, top = actions, score
    if winner is None:
        raise ValueError("no candidate has a finite score")
    return Plan(np.array(winner), top)
