"""Histograms of flat indices, the end as one more state, values by an eigen-free power series of the square."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from transitions import Transitions, joined


class Table(NamedTuple):
    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def fit_table(D, S, A, unseen=0.0):
    pair = np.ravel_multi_index((D.s, D.a), (S, A))
    to = np.where(D.done, S, D.s_next)
    counts = np.bincount(pair * (S + 1) + to, minlength=S * A * (S + 1)).reshape(S, A, S + 1)
    N = counts.sum(axis=2)
    counts[:, :, S] += N == 0
    P = counts / counts.sum(axis=2, keepdims=True)
    R = np.bincount(pair, weights=D.r, minlength=S * A).reshape(S, A) / np.where(N, N, 1)
    return Table(N, P[:, :, :S], np.where(N, R, unseen), P[:, :, S])


def evaluate(table, pi, gamma):
    M = gamma * np.einsum("sa,say->sy", pi, table.P)
    V = np.einsum("sa,sa->s", pi, table.R)
    for _ in range(40):  # (I + M) (I + M^2) (I + M^4) … r
        V, M = V + M @ V, M @ M
    return V


def mc_values(episodes, S, gamma):
    table = np.full((len(episodes), S), np.nan)
    for row, episode in zip(table, episodes, strict=True):
        G = 0.0
        for t in range(len(episode.s) - 1, -1, -1):
            G = episode.r[t] + gamma * G
            row[episode.s[t]] = G
    visited = ~np.isnan(table)
    sums, visits = np.where(visited, table, 0.0).sum(axis=0), visited.sum(axis=0)
    return np.where(visits > 0, sums / np.maximum(visits, 1), np.nan)


def sample_outcomes(D, s, a, rng, unseen=0.0):
    ghost = Transitions([0], [0], [unseen], [0], [True])
    more = joined(D, ghost)
    rows = [np.append(np.flatnonzero((D.s == x) & (D.a == u)), -1) for x, u in zip(s, a, strict=True)]
    picks = np.array([r[rng.permutation(max(len(r) - 1, 1))[0]] for r in rows])
    return Transitions(s, a, more.r[picks], np.where(picks < 0, s, more.s_next[picks]), more.done[picks])


def sample_episode(model, pi, s0, steps, rng):
    a = rng.choice(len(pi[s0]), p=pi[s0])
    step = model(np.array([s0]), np.array([a]))
    if step.done[0] or steps == 1:
        return step
    return joined(step, sample_episode(model, pi, step.s_next[0], steps - 1, rng))
