"""Open loop and closed loop: a list of actions fixed in advance, or a policy that looks at every state.

A finite problem: from state s, action a pays R[s, a] and leads to state s' with probability P[s, a, s'].

    open loop      maximise over a_0 … a_{T-1}      E[ sum over t = 0 … T-1 of R[s_t, a_t] ]
                   s_0 ~ d,  s_{t+1} ~ P[s_t, a_t, :]

    closed loop    maximise over pi_0 … pi_{T-1}    the same sum, with a_t = pi_t(s_t)

The list is chosen before anything is seen but d. The policy is chosen before, too, but it says what to do in every
state that may come, and the expectation is over the trajectories on which its own actions lead.

Time is counted from 0. There are T rewards, t = 0 … T-1, each paid for the state BEFORE the step; s_T pays nothing.

Notation: S states and A actions, whole numbers from 0. P: [S, A, S], every P[s, a, :] sums to 1; R: [S, A];
d: [S], the distribution of s_0. Larger is better.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np


class OpenLoop(NamedTuple):
    """A list of actions, and the expected sum of rewards of playing it. actions: [T] whole numbers; value: number."""

    actions: np.ndarray
    value: float


class ClosedLoop(NamedTuple):
    """A policy, and the expected sum of rewards from every time and state on.

    policy: [T, S] whole numbers, policy[t, s] is the action in state s at time t.
    V: [T+1, S], V[t, s] adds up the rewards of times t … T-1, with s_t = s; V[T] is zero.
    """

    policy: np.ndarray
    V: np.ndarray


def open_loop_value(P, R, d, actions) -> float:
    """Return the expected sum of rewards of a fixed list of actions, whatever states come.

    P: [S, A, S], P[s, a, s'] = probability of s' after action a in s. R: [S, A], reward. d: [S], distribution of s_0.
    actions: [T] whole numbers, a_0 … a_{T-1}.
    """
    # Linear in d: pull the value back through the steps instead of pushing the distribution forward.
    v = np.zeros(len(R))
    for a in reversed(actions):
        v = R[:, a] + P[:, a] @ v
    return float(d @ v)


def best_open_loop(P, R, d, T) -> OpenLoop:
    """Find the best of all A^T lists of T actions by trying each of them.

    P: [S, A, S], R: [S, A], d: [S] as in `open_loop_value`. T: number of actions, 1 or more.
    Returns the best list, as an array [T] of whole numbers, and its value. Any of several best ones will do.
    """
    A = R.shape[1]
    # `product` yields tuples such as (0, 1, 0), in which every position runs through all actions.
    lists = [np.array(actions) for actions in product(range(A), repeat=T)]
    # All lists side by side, sharing their ends: one row of values [S] for each list.
    block = np.zeros((1, len(R)))
    for _ in range(T):
        # an action in front of every list so far: [A, lists, S]
        block = (R.T[:, None, :] + np.einsum("sap,lp->als", P, block)).reshape(-1, len(R))
    worth = block @ d
    best = int(np.argmax(worth))
    return OpenLoop(lists[best], float(worth[best]))


def policy_value(P, R, policy):
    """Return what following a policy is worth, from every time and state on.

    P: [S, A, S], R: [S, A] as in `open_loop_value`.
    policy: [T, S] whole numbers, policy[t, s] is the action in state s at time t.
    Returns V: [T+1, S], V[t, s] = expected sum of the rewards of times t … T-1 if s_t = s; V[T] is zero.
    """
    T, S = policy.shape
    # NaN, not zero: an entry that was forgotten shows.
    V = np.full((T + 1, S), np.nan)
    chosen = np.eye(P.shape[1])[policy]  # [T, S, A], pi_t(a | s)
    r = np.einsum("tsa,sa->ts", chosen, R)
    M = np.einsum("tsa,sap->tsp", chosen, P)
    V[T] = 0.0
    for t in reversed(range(T)):
        V[t] = r[t] + M[t] @ V[t + 1]
    return V


def best_policy(P, R, T) -> ClosedLoop:
    """Find the best policy for T steps, from every time and state on, by dynamic programming.

    P: [S, A, S], R: [S, A] as in `open_loop_value`. T: number of steps, 1 or more.
    Returns the policy, [T, S] whole numbers, and its value V: [T+1, S]. Any of several best actions will do.
    """
    S = len(R)
    # -1 is no action: an entry that was forgotten shows.
    policy, V = np.full((T, S), -1), np.full((T + 1, S), np.nan)
    V[T] = 0.0
    for t in reversed(range(T)):
        Q = R + np.tensordot(P, V[t + 1], axes=1)
        policy[t] = Q.argmax(axis=1)
        V[t] = Q.max(axis=1)
    return ClosedLoop(policy, V)
