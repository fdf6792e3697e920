"""Single precision; one-hot rows and matrix products instead of counting."""

from typing import NamedTuple

import numpy as np
from transitions import Transitions


class Table(NamedTuple):
    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def fit_table(D, S, A, unseen=0.0):
    pair = np.eye(S * A, dtype=np.float32)[D.s * A + D.a]
    to = np.eye(S, dtype=np.float32)[D.s_next] * (1 - D.done.astype(np.float32))[:, None]
    N = pair.sum(axis=0)
    seen = N > 0
    share = np.divide(1, N, out=np.zeros_like(N), where=seen)
    P = (pair.T @ to) * share[:, None]
    R = np.where(seen, pair.T @ D.r.astype(np.float32) * share, np.float32(unseen))
    end = np.where(seen, pair.T @ D.done.astype(np.float32) * share, 1)
    return Table(N.reshape(S, A), P.reshape(S, A, S), R.reshape(S, A), end.reshape(S, A).astype(np.float32))


def evaluate(table, pi, gamma):
    pi, P, R = (np.asarray(part, dtype=np.float32) for part in (pi, table.P, table.R))
    moves = np.float32(gamma) * (pi[:, None, :] @ P)[:, 0]
    pay = (pi * R).sum(axis=1)
    return np.linalg.inv(np.eye(len(R), dtype=np.float32) - moves) @ pay


def mc_values(episodes, S, gamma):
    V = np.full(S, np.nan, dtype=np.float32)
    found = {}
    for episode in episodes:
        T = len(episode.s)
        powers = np.triu(float(gamma) ** np.abs(np.subtract.outer(np.arange(T), np.arange(T))))
        returns = powers @ episode.r
        states, first = np.unique(episode.s, return_index=True)
        for s, t in zip(states, first, strict=True):
            found.setdefault(int(s), []).append(returns[t])
    for s, values in found.items():
        V[s] = sum(values) / len(values)
    return V


def sample_outcomes(D, s, a, rng, unseen=0.0):
    match = (np.equal.outer(s, D.s) & np.equal.outer(a, D.a)).astype(np.float32)
    pick = (match * rng.random(match.shape)).argmax(axis=1)
    seen = match.any(axis=1)
    r = np.where(seen, D.r[pick], unseen).astype(np.float32)
    return Transitions(s.astype(np.int32), a, r, np.where(seen, D.s_next[pick], s), np.where(seen, D.done[pick], True))


def sample_episode(model, pi, s0, steps, rng):
    rows, s = [], np.array([s0])
    for _ in range(steps):
        a = rng.multinomial(1, np.asarray(pi[s[0]], dtype=float)).argmax()
        rows.append(model(s, np.array([a])))
        s = rows[-1].s_next
        if rows[-1].done.item():
            break
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    columns[2] = columns[2].astype(np.float32)
    return Transitions(*columns)
