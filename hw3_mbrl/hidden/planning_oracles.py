"""Answers to exercise 3.2 by other ways.

The best that can be earned is the best over all A^S policies, each valued by a linear solve (`optimal_values`). An
update of one entry of Q is an affine map of all of them: updates one after the other are a product of matrices
(`after_updates`).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """A table: N [S, A], P [S, A, S] with rows that sum to 1 - end, R [S, A], end [S, A]."""

    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def draw(rng, S, A, ends=0.3, scale=4.0, shift=0.0) -> Problem:
    """Draw a problem; some rows never end the episode, others do with probability up to `ends`."""
    end = rng.uniform(0.0, ends, size=(S, A)) * (rng.random((S, A)) < 0.5)
    P = rng.dirichlet(np.full(S, 0.5), size=(S, A)) * (1 - end)[:, :, None]
    return Problem(rng.integers(1, 40, size=(S, A)), P, shift + scale * rng.normal(size=(S, A)), end)


def policy_values(P, R, policies, gamma):
    """Solve for the values of K policies [K, S] of whole numbers, or [K, S, A] of probabilities. Returns V: [K, S]."""
    S, A = R.shape
    pi = np.asarray(policies)
    pi = np.eye(A)[pi] if pi.ndim == 2 else pi
    systems = np.eye(S) - gamma * np.einsum("ksa,sap->ksp", pi, P)
    return np.linalg.solve(systems, np.einsum("ksa,sa->ks", pi, R)[:, :, None])[:, :, 0]


def optimal_values(P, R, gamma):
    """Try all policies. Returns Q: [S, A], V: [S] of the best ones."""
    S, A = R.shape
    V = policy_values(P, R, np.array(list(product(range(A), repeat=S))), gamma).max(axis=0)
    return np.array([[R[s, a] + gamma * np.dot(P[s, a], V) for a in range(A)] for s in range(S)]), V


def error_over_time(eps_P, eps_R, gamma, R_max, steps=2000):
    """Add up, step by step, what a model gets wrong: a reward by eps_R, and by eps_P where the rest is earned."""
    discounts = gamma ** np.arange(steps)
    rest = np.sum(discounts[1:] * R_max)  # all rewards from the next step on
    return np.sum(discounts * (eps_R + eps_P * rest))


def clear_problem(rng, S, A, gamma) -> Problem:
    """Draw a problem in which the best action of every state is worth 1.5 more than any other."""
    while True:
        problem = draw(rng, S, A, ends=0.9)
        ranked = np.sort(optimal_values(problem.P, problem.R, gamma)[0], axis=1)
        if np.min(ranked[:, -1] - ranked[:, -2]) > 1.5:
            return problem


def shared_greedy(Q, epsilon):
    """Build a policy entry by entry: epsilon / A for every action, the rest in equal parts for the best ones."""
    pi = np.full(Q.shape, epsilon / Q.shape[1])
    for s, row in enumerate(Q.tolist()):
        best = [a for a, q in enumerate(row) if q == max(row)]
        for a in best:
            pi[s, a] += (1 - epsilon) / len(best)
    return pi


def after_updates(Q, entries, rewards, followers, alpha):
    """Apply updates Q[i] += alpha (r + sum of weights * Q - Q[i]) as matrices.

    entries: flat indices i. followers(Q flat) -> list of (index, weight), one function for each update. Returns Q.
    """
    flat = np.append(Q.ravel().astype(float), 1.0)
    for i, r, follow in zip(entries, rewards, followers, strict=True):
        M = np.eye(len(flat))
        M[i, i], M[i, -1] = 1 - alpha, alpha * r
        for j, weight in follow(flat[:-1]):
            M[i, j] += alpha * weight
        flat = M @ flat
    return flat[:-1].reshape(Q.shape)


def after_episode(Q, episode, gamma, alpha):
    """Return what Sarsa makes of Q with one episode (s, a, r, s_next, done)."""
    s, a, r, _, done = episode
    A, T = Q.shape[1], len(s)
    entries = s * A + a
    steps = [t for t in range(T) if done[t] or t + 1 < T]

    def followers(t):
        return lambda flat: [] if done[t] else [(entries[t + 1], gamma)]

    return after_updates(Q, entries[steps], r[steps], [followers(t) for t in steps], alpha)


def after_stream(Q, D, gamma, alpha):
    """Return what Q-learning makes of Q with transitions D in their order."""
    s, a, r, s_next, done = D
    A = Q.shape[1]

    def followers(t):
        row = range(s_next[t] * A, (s_next[t] + 1) * A)
        return lambda flat: [] if done[t] else [(max(row, key=lambda j: flat[j]), gamma)]

    return after_updates(Q, s * A + a, r, [followers(t) for t in range(len(s))], alpha)


def after_returns(Q, episode, gamma, alpha):
    """Return what first-visit Monte Carlo makes of Q with one episode."""
    s, a, r, _, _ = episode
    new, pairs = np.array(Q, dtype=float), list(zip(s.tolist(), a.tolist(), strict=True))
    for pair in set(pairs):
        rest = r[pairs.index(pair) :]
        new[pair] = (1 - alpha) * new[pair] + alpha * float(rest @ gamma ** np.arange(len(rest)))
    return new


def draw_episode(rng, S, A, T, ended):
    """Draw an episode of T steps in which pairs and states come again; the last step is done or cut off."""
    s = rng.integers(S, size=T)
    a = rng.integers(A, size=T)
    s[-2], a[-2] = s[0], a[0]  # the first pair again, near the end
    s_next = np.append(s[1:], rng.integers(S))
    return s, a, 4 * rng.normal(size=T), s_next, (np.arange(T) == T - 1) & ended


def draw_stream(rng, S, A, K):
    """Draw K transitions that are no episode, each pair several times, a quarter of them done."""
    return (
        rng.integers(S, size=K), rng.integers(A, size=K), 4 * rng.normal(size=K), rng.integers(S, size=K),
        rng.random(K) < 0.25,
    )  # fmt: skip


def play(rng, problem, pi, s, steps):
    """Run a policy in a problem from state s, at most `steps` steps. Returns s, a, r, s_next, done; rewards are R."""
    rows = []
    u = rng.random((steps, 2))
    at = {}
    for t in range(steps):
        a = min(int(np.searchsorted(np.cumsum(pi[s]), u[t, 0])), pi.shape[1] - 1)
        if (s, a) not in at:
            at[s, a] = np.cumsum(problem.P[s, a])
        y = int(np.searchsorted(at[s, a], u[t, 1]))
        done = y >= len(pi)
        rows.append((s, a, problem.R[s, a], 0 if done else y, done))
        if done:
            break
        s = y
    return tuple(np.array(column) for column in zip(*rows, strict=True))
