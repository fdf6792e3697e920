"""What the tests of 3.3 know without the algorithm: worlds in which every policy is tried, closed forms, counts."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np


class World:
    """A random deterministic world: after, pay and done, [S, A] each.

    Whether a step ends the episode depends on the pair: the state that it leads to is an ordinary one for other pairs.
    Every state is reached from some other one, rewards are between `low` and `high`.
    """

    def __init__(self, rng, S, A, low=0.5, high=3.0, ends=2):
        self.S, self.A = S, A
        self.after = (np.arange(S)[:, None] + rng.integers(1, S, size=(S, A))) % S
        self.pay = rng.uniform(low, high, size=(S, A))
        self.done = np.zeros(S * A, dtype=bool)
        self.done[rng.choice(S * A, size=ends, replace=False)] = True
        self.done = self.done.reshape(S, A)

    def pairs(self):
        return [(s, a) for s in range(self.S) for a in range(self.A)]

    def outcome(self, s, a):
        """Return r, s_next, done in the types of Python."""
        return float(self.pay[s, a]), int(self.after[s, a]), bool(self.done[s, a])

    def optimal(self, gamma):
        """Return Q* [S, A]: the best, pair by pair, of the values of all deterministic policies, one solve each."""
        pairs, size = self.pairs(), self.S * self.A
        best = np.full(size, -np.inf)
        for policy in product(range(self.A), repeat=self.S):
            follow = np.zeros((size, size))
            for i, (s, a) in enumerate(pairs):
                if not self.done[s, a]:
                    s_next = int(self.after[s, a])
                    follow[i, s_next * self.A + policy[s_next]] = 1.0
            best = np.maximum(best, np.linalg.solve(np.eye(size) - gamma * follow, self.pay.ravel()))
        return best.reshape(self.S, self.A)


def exact_policy(row, epsilon):
    """Return the epsilon-greedy probabilities of one row: the chance of every way to draw an action, added up."""
    A, share = len(row), Fraction(epsilon)
    best = [a for a in range(A) if all(row[a] >= other for other in row)]
    chance = [Fraction(0)] * A
    for a in range(A):
        chance[a] += share * Fraction(1, A)
    for a in best:
        chance[a] += (1 - share) * Fraction(1, len(best))
    return np.array([float(each) for each in chance])


def after_updates(limit, alpha, k, rate=1.0):
    """Return what k updates make of 0 where each one removes the share alpha * rate of the distance to `limit`."""
    return limit * (1.0 - (1.0 - alpha * rate) ** k)


def counts_of(Q, alpha):
    """Return how often each entry was updated towards 1 from 0, by steps of size alpha: [...], fractions kept."""
    return np.log1p(-np.clip(Q, 0.0, 1.0 - 1e-12)) / np.log1p(-alpha)


def chi_square(counts, chances):
    """Return Pearson's statistic; infinite where something happened that has no chance."""
    counts, chances = np.asarray(counts, dtype=float), np.asarray(chances, dtype=float)
    if np.any(counts[chances == 0] > 0):
        return np.inf
    expected = counts.sum() * chances[chances > 0]
    return float(np.sum((counts[chances > 0] - expected) ** 2 / expected))
