"""A model that is a table: count what happened, and take the frequencies for the probabilities.

    N(s, a)       = how often a was taken in s
    P(s' | s, a)  = how often that led to s', and went on from there,  / N(s, a)
    end(s, a)     = how often that ended the episode                   / N(s, a)
    R(s, a)       = sum of the rewards paid for it                     / N(s, a)

Three ways to value a policy with the same data: solve the table's own equations (certainty equivalence), average the
returns that were really collected (Monte Carlo), or average the returns of episodes that are drawn from the data again.

Notation: S states and A actions, whole numbers from 0; s, a, r, s_next, done as in transitions.py; gamma the discount.
Larger is better. The reward r_t is paid for (s_t, a_t), the pair that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from transitions import Transitions, joined


class Table(NamedTuple):
    """What is known of S states and A actions.

    N: [S, A] visits. P: [S, A, S], P[s, a, s'] = probability that a in s leads to s' and goes on; a row sums to
    1 - end[s, a]. R: [S, A], mean reward. end: [S, A], probability that the episode ends with this step.
    """

    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def ab_episodes() -> list[Transitions]:
    """Return the lecture's eight episodes: A is state 0, B is state 1, and there is one action."""
    end, go_on = np.array([True]), np.array([False, True])
    A_then_B = Transitions(np.array([0, 1]), np.array([0, 0]), np.array([0.0, 0.0]), np.array([1, 1]), go_on)
    B = [Transitions(np.array([1]), np.array([0]), np.array([r]), np.array([1]), end) for r in (1.0,) * 6 + (0.0,)]
    return [A_then_B, *B]


def fit_table(D: Transitions, S, A, unseen=0.0) -> Table:
    """Estimate a table from transitions, in any order.

    D: N transitions with whole numbers s, a, s_next; where done, s_next means nothing. S, A: how many states and
    actions. unseen: number; a pair that is not in D gets N = 0, a row of zeros in P, R = unseen and end = 1.
    Returns N: [S, A], P: [S, A, S], R: [S, A], end: [S, A].
    """
    N, R, end, P = np.zeros((S, A), dtype=int), np.zeros((S, A)), np.zeros((S, A)), np.zeros((S, A, S))
    # BEGIN SOLUTION 3.1: count visits, ends and steps that go on, add up rewards; divide; then the pairs never seen
    np.add.at(N, (D.s, D.a), 1)
    np.add.at(R, (D.s, D.a), D.r)
    np.add.at(end, (D.s, D.a), D.done)
    np.add.at(P, (D.s, D.a, D.s_next), ~D.done)
    visits = N.clip(min=1)
    P, R, end = P / visits[:, :, None], R / visits, end / visits
    R[N == 0] = unseen
    end[N == 0] = 1.0
    # END SOLUTION
    return Table(N, P, R, end)


def evaluate(table: Table, pi, gamma):
    """Compute what a policy is worth in the table, exactly: certainty equivalence.

    table: its P [S, A, S], whose rows sum to 1 or less, and R [S, A] are used. pi: [S, A], pi[s, a] = probability of a
    in s. gamma: discount; it may be 1 where every episode ends.
    Returns V: [S], the expected discounted sum of rewards from each state.
    """
    S = len(table.R)
    # BEGIN SOLUTION 3.1: put the policy into P and R, then solve V = r + gamma P V
    P = np.einsum("sa,sap->sp", pi, table.P)
    r = np.sum(pi * table.R, axis=1)
    return np.linalg.solve(np.eye(S) - gamma * P, r)
    # END SOLUTION


def mc_values(episodes: list[Transitions], S, gamma):
    """Average the returns that followed the first visit of each state in each episode.

    episodes: list of transitions, each one episode in the order of time; what comes after its last row counts nothing.
    S: how many states. gamma: discount. Returns V: [S], NaN for a state that no episode visits.
    """
    returns = [[] for _ in range(S)]  # returns[s]: one number for every episode that visits s
    # BEGIN SOLUTION 3.1: the return of the first visit of each state, from the end of an episode to its start
    for episode in episodes:
        G, first = 0.0, {}
        for s, r in zip(reversed(episode.s), reversed(episode.r), strict=True):
            G = r + gamma * G
            first[s] = G  # an earlier visit overwrites a later one
        for s, G in first.items():
            returns[s].append(G)
    # END SOLUTION
    return np.array([np.mean(seen) if seen else np.nan for seen in returns])


def sample_outcomes(D: Transitions, s, a, rng, unseen=0.0) -> Transitions:
    """Draw for each pair one of its recorded outcomes: reward, next state and end together, all equally likely.

    D: N transitions. s, a: int [K], the pairs asked for. rng: np.random.Generator, the only source of randomness.
    unseen: number; a pair that is not in D ends at once (done, s_next = s) with this reward.
    Returns K transitions, whose s and a are those asked for.
    """
    r, s_next, done = np.full(len(s), float(unseen)), np.array(s), np.ones(len(s), dtype=bool)
    # BEGIN SOLUTION 3.1: for each pair, one of the rows of D in which it stands, the whole outcome of that row
    for k in range(len(s)):
        rows = np.flatnonzero((D.s == s[k]) & (D.a == a[k]))
        if len(rows):
            i = rng.choice(rows)
            r[k], s_next[k], done[k] = D.r[i], D.s_next[i], D.done[i]
    # END SOLUTION
    return Transitions(np.array(s), np.array(a), r, s_next, done)


def sample_episode(model: Callable, pi, s0, steps, rng) -> Transitions:
    """Let a policy act in a model that is sampled, from one state until the episode ends.

    model(s [K], a [K]) -> K transitions, one outcome drawn for each pair; here it is asked with K = 1. pi: [S, A],
    pi[s, a] = probability of a in s. s0: the first state. steps: 1 or more; an episode is cut off after so many.
    rng: np.random.Generator, from which the actions are drawn. Returns the transitions in the order of time.
    """
    parts = []
    # BEGIN SOLUTION 3.1: draw an action, ask the model, go on from where it leads, until it says done or steps are over
    s = s0
    for _ in range(steps):
        a = rng.choice(pi.shape[1], p=pi[s])
        step = model(np.array([s]), np.array([a]))
        parts.append(step)
        s = step.s_next[0]
        if step.done[0]:
            break
    # END SOLUTION
    return joined(*parts)
