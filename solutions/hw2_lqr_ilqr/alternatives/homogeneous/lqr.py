"""Homogeneous coordinates: with a 1 appended to the state, affine terms vanish into larger matrices.

The cost is 1/2 w'Hw with w = [x; u; 1]; its least over u is the Schur complement of the control block.
"""

from typing import NamedTuple

import numpy as np


class Policy(NamedTuple):
    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray


def bordered(H, g):
    """Return [[H, g], [g', 0]]."""
    return np.block([[H, g[:, None]], [g[None, :], np.zeros((1, 1))]])


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    n, d = F_t.shape
    move = np.block([[F_t, f_t[:, None]], [np.zeros((1, d)), np.ones((1, 1))]])
    H = bordered(C_t, c_t) + move.T @ bordered(V_next, v_next) @ move
    return H[:d, :d], H[:d, d]


def gains(Q, q, n):
    L = np.linalg.cholesky(Q[n:, n:])
    half = np.linalg.solve(L, np.c_[Q[n:, :n], q[n:]])
    both = np.linalg.solve(L.T, half)
    return -both[:, :n], -both[:, n]


def state_value(Q, q, K, k):
    m, n = K.shape
    put_in = np.block([[np.eye(n), np.zeros((n, 1))], [K, k[:, None]], [np.zeros((1, n)), np.ones((1, 1))]])
    H = put_in.T @ bordered(Q, q) @ put_in
    return H[:n, :n], H[:n, n]


def backward(F, f, C, c):
    T, n, d = F.shape
    K, k = np.empty((T, d - n, n)), np.empty((T, d - n))
    V, v = np.zeros((T + 1, n, n)), np.zeros((T + 1, n))
    u = np.arange(n, d)
    rest = np.r_[np.arange(n), d]
    move = np.zeros((n + 1, d + 1))
    move[n, d] = 1.0
    for t in range(T)[::-1]:
        move[:n, :d], move[:n, d] = F[t], f[t]
        H = bordered(C[t], c[t]) + move.T @ bordered(V[t + 1], v[t + 1]) @ move
        half = np.linalg.solve(np.linalg.cholesky(H[np.ix_(u, u)]), H[np.ix_(u, rest)])
        gain = -np.linalg.lstsq(H[np.ix_(u, u)], H[np.ix_(u, rest)], rcond=None)[0]
        left = H[np.ix_(rest, rest)] - half.T @ half
        K[t], k[t], V[t], v[t] = gain[:, :n], gain[:, n], left[:n, :n], left[:n, n]
    return Policy(K, k, V, v)


def forward(x0, F, f, K, k):
    T, m, n = K.shape
    x, u = [np.asarray(x0)], []
    while len(u) < T:
        t = len(u)
        u.append(K[t] @ x[t] + k[t])
        x.append(np.hstack([F[t], f[t][:, None]]) @ np.hstack([x[t], u[t], 1.0]))
    return np.array(x), np.array(u)


def rollout(x0, dynamics, K, k):
    def play(x, t):
        if t == len(K):
            return [x], []
        u = K[t] @ x + k[t]
        later_x, later_u = play(np.asarray(dynamics(x, u, t)), t + 1)
        return [x, *later_x], [u, *later_u]

    x, u = play(np.asarray(x0), 0)
    return np.array(x), np.array(u)
