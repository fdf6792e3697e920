"""Answers to exercise 1.1 that share no loop with the solutions.

A policy makes all times and states together one linear system (`policy_value`). A list of actions is a policy that
ignores the state (`list_value`); all lists together are grown from their last action to their first (`list_values`).
The optimal values are a linear programme: the least V that no action can beat (`optimal_values`). Problems are drawn
until short cuts go wrong in them (`telling_problem`).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

CLEAR = 0.05  # how much a short cut must lose; rewards have standard deviation 1, solutions are judged to 1e-4


class Problem(NamedTuple):
    """P: [S, A, S], P[s, a, s']; R: [S, A]; d: [S]; T steps."""

    P: np.ndarray
    R: np.ndarray
    d: np.ndarray
    T: int


def policy_value(P, R, policy):
    """Solve V[t, s] - sum_s' P[s, a, s'] V[t+1, s'] = R[s, a] for all t < T and s at once. Returns V: [T+1, S]."""
    T, S = policy.shape
    system, right, states = np.eye((T + 1) * S), np.zeros((T + 1) * S), np.arange(S)
    for t in range(T):
        now, later = slice(t * S, (t + 1) * S), slice((t + 1) * S, (t + 2) * S)
        system[now, later] = -P[states, policy[t]]
        right[now] = R[states, policy[t]]
    return np.linalg.solve(system, right).reshape(T + 1, S)


def list_value(P, R, d, actions):
    """Evaluate a list of actions as the policy that plays it in every state."""
    return float(d @ policy_value(P, R, np.tile(np.asarray(actions)[:, None], len(d)))[0])


def list_values(P, R, d, T):
    """Evaluate all lists, grown from their ends. Returns {tuple of T actions: value}."""
    S, A = R.shape
    V = np.zeros((1, S))  # a row for each list, what it is worth in each state
    for _ in range(T):
        V = (R.T[:, None] + np.einsum("say,ky->aks", P, V)).reshape(-1, S)
    return dict(zip(product(range(A), repeat=T), (V @ d).tolist(), strict=True))


def optimal_values(P, R, T):
    """Solve: minimise sum V subject to V[t, s] >= R[s, a] + sum_s' P[s, a, s'] V[t+1, s']. Returns V: [T+1, S]."""
    S, A = R.shape
    rows, right = [], []
    for t, s, a in np.ndindex(T, S, A):
        row = np.zeros((T + 1, S))
        row[t, s], row[t + 1] = -1.0, P[s, a]
        rows.append(row.ravel())
        right.append(-R[s, a])
    bounds = [(None, None)] * (T * S) + [(0.0, 0.0)] * S
    return linprog(np.ones((T + 1) * S), rows, right, bounds=bounds).x.reshape(T + 1, S)


def draw(rng, S, A, T) -> Problem:
    """Draw a problem in which the action matters for what comes next."""
    P = rng.dirichlet(np.full(S, 0.4), size=(S, A))
    return Problem(P, rng.normal(size=(S, A)), rng.dirichlet(np.ones(S)), T)


def telling_problem(rng, S, A, T) -> Problem:
    """Draw until looking pays, and short cuts lose, by `CLEAR` at least.

    The short cuts: to choose each action for its own reward, and to try only lists in which the numbers of the actions
    rise or fall, such as those of one action alone.
    """
    while True:
        problem = draw(rng, S, A, T)
        P, R, d, _ = problem
        values = list_values(*problem)
        best = max(values.values())
        if best - max(value for actions, value in values.items() if is_sorted(actions)) < CLEAR:
            continue
        if best - values[greedy_list(*problem)] < CLEAR:
            continue
        V, greedy = optimal_values(P, R, T), np.tile(R.argmax(axis=1), (T, 1))
        if min(d @ V[0] - best, d @ (V - policy_value(P, R, greedy))[0]) > CLEAR:
            return problem


def is_sorted(actions):
    """Tell whether the numbers of a list rise or fall all the way."""
    return list(actions) in (sorted(actions), sorted(actions, reverse=True))


def greedy_list(P, R, d, T):
    """Choose every action for the reward of its own step alone. Returns a tuple of T actions."""
    chosen = ()
    for _ in range(T):
        chosen += (max(range(R.shape[1]), key=lambda a: gain(P, R, d, chosen, a)),)
    return chosen


def gain(P, R, d, before, a):
    """Return the expected reward of action `a` after the list `before`."""
    return list_value(P, R, d, (*before, a)) - (list_value(P, R, d, before) if before else 0.0)
