"""Top-down recursion with a memory, in plain Python numbers; lists are grown one action at a time."""

from collections import namedtuple
from functools import lru_cache

import numpy as np

OpenLoop = namedtuple("OpenLoop", "actions value")
ClosedLoop = namedtuple("ClosedLoop", "policy V")


def step_back(P, R, later, action):
    S = len(R)
    return [R[s][action] + sum(P[s][action][y] * later[y] for y in range(S)) for s in range(S)]


def open_loop_value(P, R, d, actions):
    worth = [0.0] * len(d)
    for a in list(actions)[::-1]:
        worth = step_back(P, R, worth, a)
    return sum(float(d[s]) * worth[s] for s in range(len(d)))


def best_open_loop(P, R, d, T):
    tails = [((), [0.0] * len(d))]
    for _ in range(T):
        tails = [((a, *tail), step_back(P, R, worth, a)) for tail, worth in tails for a in range(R.shape[1])]
    value, actions = max((float(np.dot(d, worth)), tail) for tail, worth in tails)
    return OpenLoop(actions, value)


def policy_value(P, R, policy):
    T, S = np.shape(policy)

    @lru_cache(None)
    def worth(t, s):
        if t == T:
            return 0.0
        a = policy[t][s]
        return float(R[s, a]) + sum(float(P[s, a, y]) * worth(t + 1, y) for y in range(S))

    return np.array([[worth(t, s) for s in range(S)] for t in range(T + 1)])


def best_policy(P, R, T):
    S, A = R.shape

    @lru_cache(None)
    def choice(t, s):
        if t == T:
            return 0.0, 0
        options = []
        for a in range(A):
            future = sum(float(P[s, a, y]) * choice(t + 1, y)[0] for y in range(S))
            options.append((float(R[s, a]) + future, a))
        return max(options)

    policy = np.array([[choice(t, s)[1] for s in range(S)] for t in range(T)])
    return ClosedLoop(policy, np.array([[choice(t, s)[0] for s in range(S)] for t in range(T + 1)]))
