"""Right answers for exercise 3.8: roll-outs one after the other, linear systems, random chains, a quick network."""

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


def one_by_one(truth, choose, starts, k, first=None):
    """Return the roll-outs as lists of (s, a, r, s_next, done), each run to its own end, one start after the other."""
    runs = []
    for i, s in enumerate(starts):
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


def linear_errors(A, B, A_hat, B_hat, K, starts, k):
    """Return the errors of a linear model under the policy a = s K from the powers of one matrix."""
    n = len(A)
    joint = np.block([[A_hat + K @ B_hat, K @ B], [np.zeros((n, n)), A]])  # rows: the imagined state, the real one
    both = np.hstack([starts, starts])
    states = [both @ np.linalg.matrix_power(joint, j + 1) for j in range(k)]
    return np.array([np.linalg.norm(x[:, :n] - x[:, n:]) / np.sqrt(x[:, :n].size) for x in states])


def expanded(world, D, H, gamma, offset):
    """Return the rows (s, a, y) that TD-k trains on, where Q is the policy's own plus offset [S, A].

    What a target is off by comes from the last Q alone, which is discounted by every step before it; a roll-out that
    ended has nothing of it.
    """
    Q, chains = world.values(gamma), []
    for s, a, r, s_next, done in zip(*D, strict=True):
        run = [] if done else one_by_one(world.truth, world.choose, np.array([s_next]), H)[0]
        last, over = (run[-1][3], run[-1][4]) if run else (s_next, done)
        left = 0.0 if over else offset[last, world.pi[last]]
        after = 0.0 if done else Q[s_next, world.pi[s_next]]
        chain = [(s, a, r + gamma * after + gamma ** (H + 1) * left)]
        chains.append(chain + [(x[0], x[1], Q[x[0], x[1]] + gamma ** (H - j) * left) for j, x in enumerate(run)])
    return [row for j in range(H + 1) for row in (chain[j] for chain in chains if len(chain) > j)]


def random_chain(rng, n, noise=0.5, S=30, gamma=0.95):
    """Draw a chain, what n samples of each state make of it, its values and a guess of them with independent errors.

    Four successors a state with Dirichlet weights. Returns P_hat [S, S], r [S], V [S] and the guess [S].
    """
    follows = rng.random((S, S)).argsort(axis=1) < 4
    weights = rng.exponential(size=(S, S)) * follows
    P = weights / weights.sum(axis=1, keepdims=True)
    r = rng.normal(size=S)
    V = np.linalg.solve(np.eye(S) - gamma * P, r)
    counts = np.stack([rng.multinomial(n, row) for row in P])
    return counts / n, r, V, V + noise * V.std() * rng.normal(size=S)


def random_features(rng, s, a, s_next, width=200):
    """Fit a network with one hidden layer to differences, the hidden layer drawn and kept; return f(s, a) -> s_next."""
    x = np.hstack([s, a])
    mean, std = x.mean(0), x.std(0)
    W, b = rng.normal(size=(x.shape[1], width)), rng.uniform(-2, 2, size=width)

    def hidden(s, a):
        scaled = (np.hstack([s, a]) - mean) / std
        return np.hstack([np.tanh(0.7 * scaled @ W + b), scaled, np.ones((len(scaled), 1))])

    h = hidden(s, a)
    out = np.linalg.solve(h.T @ h + 1e-3 * np.eye(h.shape[1]), h.T @ (s_next - s))
    return lambda s, a: s + hidden(s, a) @ out


def angles(turn, speed):
    """Return what is seen of a pendulum: [cos, sin, speed / 8]."""
    return np.stack([np.cos(turn), np.sin(turn), speed / 8], axis=-1)


def pendulum(s, a):
    """Move a pendulum by 0.1 s."""
    turn = np.arctan2(s[:, 1], s[:, 0])
    speed = np.clip(8 * s[:, 2] + 0.1 * (15 * np.sin(turn) + 3 * a[:, 0]), -8, 8)
    return angles(turn + 0.1 * speed, speed)


def learned_pendulum(rng):
    """Return a network fitted to 16 episodes of 60 random steps."""
    s, rows = angles(rng.uniform(-np.pi, np.pi, 16), rng.uniform(-1, 1, 16)), []
    for _ in range(60):
        a = rng.uniform(-2, 2, size=(16, 1))
        rows.append((s, a, pendulum(s, a)))
        s = rows[-1][2]
    return random_features(rng, *map(np.concatenate, zip(*rows, strict=True)))
