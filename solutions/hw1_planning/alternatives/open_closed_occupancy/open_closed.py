"""Single precision; values as sums over later times of occupancies, and Q as one product of matrices."""

from typing import NamedTuple

import numpy as np


class OpenLoop(NamedTuple):
    actions: np.ndarray
    value: float


class ClosedLoop(NamedTuple):
    policy: np.ndarray
    V: np.ndarray


def single(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def open_loop_value(P, R, d, actions):
    P, R, d = single(P, R, d)
    occupancy = [d]
    for a in actions[:-1]:
        occupancy.append(P[:, a].T @ occupancy[-1])
    return np.float32(sum(p @ R[:, a] for p, a in zip(occupancy, actions, strict=True)))


def best_open_loop(P, R, d, T):
    A = R.shape[1]
    best = None
    for number in range(A**T):
        actions = number // A ** np.arange(T) % A
        value = open_loop_value(P, R, d, actions)
        if best is None or value >= best.value:
            best = OpenLoop(actions.astype(np.int32), value)
    return best


def policy_value(P, R, policy):
    P, R = single(P, R)
    T, S = policy.shape
    chosen = np.eye(R.shape[1], dtype=np.float32)[policy]
    move, pay = np.einsum("tsa,say->tsy", chosen, P), np.einsum("tsa,sa->ts", chosen, R)
    V = np.zeros((T + 1, S), np.float32)
    for start in range(T):
        reach = np.eye(S, dtype=np.float32)
        for t in range(start, T):
            V[start] += reach @ pay[t]
            reach = reach @ move[t]
    return V


def best_policy(P, R, T):
    P, R = single(P, R)
    S, A = R.shape
    flat, tables, values = P.reshape(S * A, S), [], [np.zeros(S, np.float32)]
    while len(tables) < T:
        Q = R + (flat @ values[0]).reshape(S, A)
        tables.insert(0, A - 1 - np.argmax(Q[:, ::-1], axis=1))
        values.insert(0, np.take_along_axis(Q, tables[0][:, None], axis=1)[:, 0])
    return ClosedLoop(np.stack(tables), np.stack(values))
