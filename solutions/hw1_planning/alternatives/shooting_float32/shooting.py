"""Single precision, Fortran order of draws, a masked array for the choice, a dataclass for the answer."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Plan:
    actions: np.ndarray
    value: float


def returns(s0, A, step, reward, final=None):
    A = A.astype(np.float32)
    s = np.broadcast_to(np.float32(s0), (len(A), len(s0))).copy()
    J = np.zeros(len(A), np.float32)
    for a in np.moveaxis(A, 1, 0):
        J += reward(s, a)
        s = np.asarray(step(s, a), np.float32)
    J += 0 if final is None else final(s)
    return J


def random_shooting(objective, low, high, T, N, rng):
    low, high = np.float32(low), np.float32(high)
    u = rng.random((len(low), T, N), dtype=np.float32).T
    A = low * (1 - u) + high * u
    J = np.ma.masked_invalid(objective(A))
    if J.count() == 0:
        raise ValueError("objective: all scores are NaN or infinite")
    best = int(J.argmax())
    return Plan(A[best], J[best])
