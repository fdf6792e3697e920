"""Closed-loop form: with G = [I; K] it is V = G'QG and v = G'(q + Q [0; k]). One solve for both gains."""

from typing import NamedTuple

import numpy as np


class Policy(NamedTuple):
    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    VF = V_next @ F_t
    return C_t + np.einsum("ia,ib->ab", F_t, VF), c_t + f_t @ VF + v_next @ F_t


def gains(Q, q, n):
    right = np.hstack([Q[n:, :n], q[n:, None]])
    both = np.linalg.solve(Q[n:, n:], right)
    return -both[:, :n], -both[:, n]


def state_value(Q, q, K, k):
    m, n = K.shape
    G = np.vstack([np.eye(n), K])
    offset = np.concatenate([np.zeros(n), k])
    return G.T @ Q @ G, G.T @ (q + Q @ offset)


def backward(F, f, C, c):
    T, n, _ = F.shape
    V, v = [np.zeros((n, n))] * (T + 1), [np.zeros(n)] * (T + 1)
    K, k = [None] * T, [None] * T
    for t in range(T - 1, -1, -1):
        Q, q = action_value(F[t], f[t], C[t], c[t], V[t + 1], v[t + 1])
        K[t], k[t] = gains(Q, q, n)
        V[t], v[t] = state_value(Q, q, K[t], k[t])
    return Policy(np.array(K), np.array(k), np.array(V), np.array(v))


def forward(x0, F, f, K, k):
    T, m, n = K.shape
    z = np.empty((T + 1, n + m))
    z[0, :n] = x0
    for t in range(T):
        z[t, n:] = K[t] @ z[t, :n] + k[t]
        z[t + 1, :n] = F[t] @ z[t] + f[t]
    return z[:, :n], z[:-1, n:]


def rollout(x0, dynamics, K, k):
    T, m, n = K.shape
    x, u = np.empty((T + 1, n)), np.empty((T, m))
    x[0] = x0
    for t in range(T):
        np.matmul(K[t], x[t], out=u[t])
        u[t] += k[t]
        x[t + 1] = dynamics(x=x[t].copy(), u=u[t].copy(), t=t)
    return x, u
