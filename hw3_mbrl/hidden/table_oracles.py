"""Data whose table is known because it was chosen first, and answers to exercise 3.1 by other ways.

`counted` makes the transitions from the counts, not the counts from the transitions. What a policy is worth is a sum
over times of where one is (`occupancy_values`), and returns are sums with powers of gamma (`first_returns`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Counted(NamedTuple):
    """Columns s, a, r, s_next, done of a Transitions, and the table that they must give."""

    columns: tuple
    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def counted(rng, S, A, most=6, unseen=0.0):
    """Choose how often each pair leads where, and write the steps down in any order. Some pairs are never seen.

    Every reward is another number, of size 1 to 9, and the state after an end is any of the S.
    """
    to = rng.integers(0, most, size=(S, A, S)) * (rng.random((S, A, S)) < 0.6)
    ends = rng.integers(0, most, size=(S, A))
    to[0, 0, 0] += 2  # the first pair is seen, and stays where it is at times
    for s, a in zip(rng.choice(np.arange(1, S), 2, replace=False), rng.integers(A, size=2), strict=True):
        to[s, a], ends[s, a] = 0, 0
    rows = [(s, a, y, False) for (s, a, y), n in np.ndenumerate(to) for _ in range(n)]
    rows += [(s, a, int(rng.integers(S)), True) for (s, a), n in np.ndenumerate(ends) for _ in range(n)]
    r = rng.choice([-1.0, 1.0], size=len(rows)) * rng.uniform(1.0, 9.0, size=len(rows))
    N, R = to.sum(axis=2) + ends, np.full((S, A), float(unseen))
    for s, a in np.argwhere(N > 0):
        R[s, a] = np.mean([pay for pay, row in zip(r, rows, strict=True) if row[:2] == (s, a)])
    P = np.where(N[:, :, None] > 0, to / np.maximum(N, 1)[:, :, None], 0.0)
    order = rng.permutation(len(rows))
    s, a, y, done = (np.array(column)[order] for column in zip(*rows, strict=True))
    return Counted((s, a, r[order], y, done), N, P, R, 1.0 - P.sum(axis=2))


def draw_table(rng, S, A, least_end):
    """Draw N, P, R, end with rewards beyond 1; every pair ends the episode with probability least_end or more."""
    end = rng.uniform(least_end, least_end + 0.3, size=(S, A))
    P = rng.dirichlet(np.full(S, 0.7), size=(S, A)) * (1 - end)[:, :, None]
    return rng.integers(1, 30, size=(S, A)), P, 4 * rng.normal(size=(S, A)), end


def draw_policy(rng, S, A):
    """Draw pi [S, A], no two rows alike."""
    return rng.dirichlet(np.full(A, 0.8), size=S)


def occupancy_values(P, R, pi, gamma, steps=500):
    """Add up gamma^t times the chance to be in s and take a, times R[s, a], from each first state. Returns V: [S]."""
    S = len(R)
    V, here = np.zeros(S), np.eye(S)  # here[i, s]: chance to be in s after t steps from i
    for t in range(steps):
        taken = here[:, :, None] * pi
        V += gamma**t * np.sum(taken * R, axis=(1, 2))
        here = np.tensordot(taken, P, axes=([1, 2], [0, 1]))
    return V


def first_returns(episodes, S, gamma):
    """Return V: [S] of episodes [(s, r), …]: the mean of what followed the first visit; NaN without a visit."""
    V = np.full(S, np.nan)
    for state in range(S):
        found = []
        for s, r in episodes:
            if state in (path := s.tolist()):
                rest = r[path.index(state) :]
                found.append(float(rest @ gamma ** np.arange(len(rest))))
        if found:
            V[state] = sum(found) / len(found)
    return V


AB_DATA = (((0, 1), (0.0, 0.0)), *(((1,), (1.0,)),) * 6, ((1,), (0.0,)))
"""The lecture's eight episodes as (states, rewards): A is 0, B is 1."""

_DRAWN = [(1, 1.0), (1, 0.0), (1, 1.0), (0, 1.0), (1, 1.0), (0, 1.0), (1, 1.0), (1, 0.0)]  # first state, last reward
AB_DRAWN = tuple(((1,), (r,)) if first else ((0, 1), (0.0, r)) for first, r in _DRAWN)
"""The eight episodes that the lecture draws from its model."""


def as_columns(states, rewards):
    """Return the columns s, a, r, s_next, done of an episode with one action that ends after its last state."""
    s = np.array(states)
    return s, np.zeros(len(s), dtype=int), np.array(rewards), np.append(s[1:], s[-1]), np.arange(len(s)) == len(s) - 1
