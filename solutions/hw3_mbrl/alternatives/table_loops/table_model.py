"""Plain loops and dictionaries: rows are collected by pair; values by repeated substitution; one number a draw."""

from collections import defaultdict, namedtuple

import numpy as np
from transitions import Transitions

Table = namedtuple("Table", "N P R end")


def by_pair(D):
    rows = defaultdict(list)
    for s, a, r, s_next, done in zip(*D, strict=True):
        rows[int(s), int(a)].append((float(r), None if done else int(s_next)))
    return rows


def fit_table(D, S, A, unseen=0.0):
    N, P = np.zeros((S, A), dtype=int), np.zeros((S, A, S))
    R, end = np.full((S, A), float(unseen)), np.ones((S, A))
    for pair, rows in by_pair(D).items():
        N[pair] = len(rows)
        R[pair] = np.mean([r for r, _ in rows])
        for y in range(S):
            P[pair][y] = [to for _, to in rows].count(y) / len(rows)
        end[pair] = 1.0 - P[pair].sum()
    return Table(N, P, R, end)


def evaluate(table, pi, gamma):
    S, A = table.R.shape
    V = [0.0] * S
    for _ in range(2000):
        old = V
        V = [
            sum(pi[s, a] * (table.R[s, a] + gamma * float(np.dot(table.P[s, a], old))) for a in range(A))
            for s in range(S)
        ]
        if np.max(np.abs(np.subtract(V, old))) < 1e-9:
            break
    return np.array(V)


def mc_values(episodes, S, gamma):
    total, count = np.zeros(S), np.zeros(S)
    for episode in episodes:
        for t, s in enumerate(episode.s):
            if s not in episode.s[:t]:
                total[s] += sum(gamma**k * r for k, r in enumerate(episode.r[t:]))
                count[s] += 1
    with np.errstate(invalid="ignore"):
        return total / count


def sample_outcomes(D, s, a, rng, unseen=0.0):
    rows, drawn = by_pair(D), []
    for pair in zip(s.tolist(), a.tolist(), strict=True):
        seen = rows.get(pair) or [(unseen, None)]
        r, to = seen[int(rng.random() * len(seen))]
        drawn.append((*pair, r, pair[0] if to is None else to, to is None))
    return Transitions(*(np.array(column) for column in zip(*drawn, strict=True)))


def sample_episode(model, pi, s0, steps, rng):
    columns, s, done = [[] for _ in range(5)], int(s0), False
    while not done and len(columns[0]) < steps:
        a = int(np.searchsorted(np.cumsum(pi[s]), rng.random(), side="right"))
        step = model(np.array([s]), np.array([a]))
        for column, part in zip(columns, (s, a, step.r[0], step.s_next[0], step.done[0]), strict=True):
            column.append(part)
        s, done = int(step.s_next[0]), bool(step.done[0])
    return Transitions(*map(np.array, columns))
