"""Single precision throughout, and the shortened V_t and v_t that hold for exact minimisers."""

from dataclasses import dataclass

import numpy as np

SINGLE = np.float32


@dataclass
class Policy:
    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray


def single(*arrays):
    return [np.asarray(a, dtype=SINGLE) for a in arrays]


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    F_t, f_t, C_t, c_t, V_next, v_next = single(F_t, f_t, C_t, c_t, V_next, v_next)
    return C_t + F_t.T @ (V_next @ F_t), c_t + F_t.T @ (V_next @ f_t + v_next)


def gains(Q, q, n):
    Q, q = single(Q, q)
    Kk = np.linalg.solve(-Q[n:, n:], np.column_stack([Q[n:, :n], q[n:]]))
    return Kk[:, :n], Kk[:, n]


def state_value(Q, q, K, k):
    Q, q, K, k = single(Q, q, K, k)
    n = Q.shape[0] - K.shape[0]
    return Q[:n, :n] + Q[:n, n:] @ K, q[:n] + Q[:n, n:] @ k


def backward(F, f, C, c):
    F, f, C, c = single(F, f, C, c)
    n = F.shape[1]
    K, k, V, v = [], [], [np.zeros((n, n), SINGLE)], [np.zeros(n, SINGLE)]
    for F_t, f_t, C_t, c_t in zip(F[::-1], f[::-1], C[::-1], c[::-1], strict=True):
        Q, q = action_value(F_t, f_t, C_t, c_t, V[-1], v[-1])
        K_t, k_t = gains(Q, q, n)
        V_t, v_t = state_value(Q, q, K_t, k_t)
        K.append(K_t)
        k.append(k_t)
        V.append(V_t)
        v.append(v_t)
    return Policy(*(np.array(part[::-1]) for part in (K, k, V, v)))


def forward(x0, F, f, K, k):
    x, u = single(x0), []
    for F_t, f_t, K_t, k_t in zip(*single(F, f, K, k), strict=True):
        u.append(K_t @ x[-1] + k_t)
        x.append(F_t @ np.append(x[-1], u[-1]) + f_t)
    return np.array(x), np.array(u)


def rollout(x0, dynamics, K, k):
    x, u = single(x0), []
    for t, (K_t, k_t) in enumerate(zip(*single(K, k), strict=True)):
        u.append(K_t @ x[-1] + k_t)
        x.append(np.asarray(dynamics(x[-1], u[-1], t), SINGLE))
    return np.array(x), np.array(u)
