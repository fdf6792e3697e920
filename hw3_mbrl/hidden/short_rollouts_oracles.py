"""Right answers for exercise 3.8: roll-outs one after the other, matrix powers, linear systems."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Transitions(NamedTuple):
    """The record of the homework's data, as transitions.py has it."""

    s: np.ndarray
    a: np.ndarray
    r: np.ndarray
    s_next: np.ndarray
    done: np.ndarray


def one_by_one(truth, choose, s0, k, first=None):
    """Return the roll-outs as lists of (s, a, r, s_next, done), each run to its own end, one start after the other."""
    runs = []
    for i, s in enumerate(s0):
        run, over = [], False
        while len(run) < k and not over:
            a = choose(s[None])[0] if run or first is None else first[i]
            r, s_next, done = (answer[0] for answer in truth(s[None], np.asarray(a)[None]))
            run.append((s, a, r, s_next, done))
            s, over = s_next, bool(done)
        runs.append(run)
    return runs


def depth(runs, j):
    """Return step j of the runs that have one, as columns; None if there are none."""
    rows = [run[j] for run in runs if len(run) > j]
    return Transitions(*map(np.array, zip(*rows, strict=True))) if rows else None


def rows_of(*parts):
    """Return columns side by side as rows of numbers."""
    return np.column_stack([np.asarray(part, dtype=float).reshape(len(part), -1) for part in parts])


def places(rows, among):
    """Return for each row where it stands among others, -1 where it does not."""
    if not len(among):
        return np.full(len(rows), -1)
    far = np.abs(rows[:, None] - among[None]).max(-1)
    return np.where(far.min(1) < 1e-3, far.argmin(1), -1)


def same_bag(got, expected):
    """Tell whether two lists of rows hold the same rows, in any order: sorted along some directions they agree."""
    if got.shape != expected.shape:
        return False
    directions = np.cos(1.7 * np.outer(np.arange(1, 7), np.arange(1, got.shape[1] + 1))).T
    a, b = (np.sort(rows @ directions, axis=0) for rows in (got, expected))
    return bool(np.abs(a - b).max() <= 1e-4 * np.abs(b).max())


def linear_errors(A, B, A_hat, B_hat, K, s0, k):
    """Return the errors of a linear model under the policy a = s K from the powers of one matrix."""
    n = len(A)
    joint = np.block([[A_hat + K @ B_hat, K @ B], [np.zeros((n, n)), A]])  # rows: the imagined state, the real one
    both = np.hstack([s0, s0])
    states = [both @ np.linalg.matrix_power(joint, j + 1) for j in range(k)]
    return np.array([np.linalg.norm(x[:, :n] - x[:, n:]) / np.sqrt(x[:, :n].size) for x in states])


def expanded(world, D, k, gamma, offset):
    """Return the rows (s, a, y) that TD-k trains on, where Q is the policy's own plus offset [S, A].

    What a target is off by comes from the last Q alone, which is discounted by every step before it; a roll-out that
    ended has nothing of it.
    """
    Q, chains = world.values(gamma), []
    for s, a, r, s_next, done in zip(*D, strict=True):
        run = [] if done else one_by_one(world.truth, world.choose, np.array([s_next]), k)[0]
        last, over = (run[-1][3], run[-1][4]) if run else (s_next, done)
        left = 0.0 if over else offset[last, world.pi[last]]
        after = 0.0 if done else Q[s_next, world.pi[s_next]]
        chain = [(s, a, r + gamma * after + gamma ** (k + 1) * left)]
        chains.append(chain + [(x[0], x[1], Q[x[0], x[1]] + gamma ** (k - j) * left) for j, x in enumerate(run)])
    return [row for j in range(k + 1) for row in (chain[j] for chain in chains if len(chain) > j)]
