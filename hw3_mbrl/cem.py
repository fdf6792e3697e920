"""The cross-entropy method: search for the best plan with a Gaussian that learns where good plans are.

    maximise    J(A)    over plans A = (a_0, …, a_{T-1}) with low <= a_t <= high

Repeat: sample N plans from a Gaussian, score them, keep the M best (the elites), refit the Gaussian to these.
The Gaussian is diagonal: each entry a_t[j] of a plan has a mean and a standard deviation of its own and is drawn
independently of all others.

    mean   <-  alpha mean   +  (1 - alpha) mean of the elites
    std^2  <-  alpha std^2  +  (1 - alpha) variance of the elites        and std never below std_min

alpha is the weight of the OLD Gaussian; there is code in which it is the weight of the new one. Larger scores are
better: J is a sum of rewards. A score that is not a finite number loses against every score that is.

Notation: T horizon, m numbers in an action, N candidates, M elites; one plan is [T, m], many are A [N, T, m] with
scores J [N]. Sources: the lecture; Rubinstein and Kroese, The Cross-Entropy Method (2004).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Result(NamedTuple):
    """What a search has found.

    actions: [T, m], the best plan that was scored, in whichever iteration. value: its score.
    mean: [T, m], std: [T, m], the Gaussian after the last refit. This mean has not been scored.
    """

    actions: np.ndarray
    value: float
    mean: np.ndarray
    std: np.ndarray


def sample(mean, std, low, high, N, rng):
    """Draw N plans from the Gaussian and clip them to the bounds. The first of them is the mean, clipped as well.

    mean: [T, m]. std: [T, m]. low, high: [m], the bounds of an action. rng: a NumPy Generator, the only source of
    randomness.
    Returns A: [N, T, m].
    """
    A = rng.standard_normal((N, *mean.shape))
    A *= std
    A += mean
    A[0] = mean
    return A.clip(low, high, out=A)


def elites(A, J, M):
    """Pick the M plans with the highest scores, best first.

    A: [N, T, m], plans. J: [N], their scores: larger is better; NaN, inf and -inf are no scores.
    Returns E: [M, T, m], or fewer plans if fewer than M have a finite score. Raises ValueError if none has.
    """
    if np.shape(J) != A.shape[:1]:
        raise ValueError(f"cem.elites: J has shape {np.shape(J)}, expected {A.shape[:1]} = [N]: one score a plan")
    finite = np.flatnonzero(np.isfinite(J))
    if not len(finite):
        raise ValueError(f"cem.elites: none of {len(J)} scores is finite, expected at least one: look at the objective")
    order = np.argsort(-J[finite], kind="stable")
    return A[finite[order[:M]]]


def refit(E, mean, std, alpha, std_min):
    """Fit the Gaussian to the elites and mix it with the old one.

    E: [M, T, m], the elites. mean: [T, m], std: [T, m], the old Gaussian. alpha: weight of the OLD one, 0 to 1.
    std_min: the least standard deviation that an entry may have.
    Returns mean: [T, m], std: [T, m]. The variance of the elites divides by M (ddof 0). Means are mixed with means
    and VARIANCES with variances; the root comes after, the floor last.
    """
    mixed = alpha * mean + (1 - alpha) * E.mean(axis=0)
    variance = alpha * std**2 + (1 - alpha) * E.var(axis=0)
    return mixed, np.maximum(np.sqrt(variance), std_min)


def cem(objective: Callable, mean, std, low, high, rng, *, N=200, M=20, iterations=10, alpha=0.1, std_min=0.01):
    """Search for the plan with the highest score; N * iterations plans are scored.

    objective(A: [N, T, m]) -> J: [N]; call it once an iteration, with all candidates together.
    mean: [T, m], std: [T, m], the Gaussian to begin with. low, high: [m], the bounds of an action. rng: a Generator.
    N: candidates. M: elites. alpha, std_min: as in `refit`.
    Returns a Result. Raises ValueError if no candidate of an iteration has a finite score.
    """
    actions, value = None, -np.inf  # the best plan so far
    for _ in range(iterations):
        A = sample(mean, std, low, high, N, rng)
        J = objective(A)
        E = elites(A, J, M)
        best = np.max(J[np.isfinite(J)])
        if best > value:
            actions, value = E[0], float(best)
        mean, std = refit(E, mean, std, alpha, std_min)
    return Result(actions, value, mean, std)
