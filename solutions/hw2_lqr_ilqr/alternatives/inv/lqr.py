"""States and controls kept apart: x' = A x + B u + f, cost blocks Q, S, R, and an explicit inverse."""

from collections import namedtuple

import numpy as np
from numpy.linalg import inv

Policy = namedtuple("Policy", ["K", "k", "V", "v"])


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    n = F_t.shape[0]
    A, B = F_t[:, :n], F_t[:, n:]
    Q = np.array(C_t, dtype=float)
    Q[:n, :n] += A.T @ V_next @ A
    Q[:n, n:] += A.T @ V_next @ B
    Q[n:, :n] += B.T @ V_next @ A
    Q[n:, n:] += B.T @ V_next @ B
    slope = V_next @ f_t + v_next
    return Q, np.concatenate([c_t[:n] + A.T @ slope, c_t[n:] + B.T @ slope])


def gains(Q, q, n):
    R_inverse = inv(Q[n:, n:])
    return -R_inverse @ Q[n:, :n], -R_inverse @ q[n:]


def state_value(Q, q, K, k):
    m = len(k)
    closed = Q[:-m, :] + K.T @ Q[-m:, :]
    V = closed[:, :-m] + closed[:, -m:] @ K
    v = q[:-m] + K.T @ q[-m:] + closed[:, -m:] @ k
    return (V + V.T) / 2, v


def backward(F, f, C, c):
    T, n, d = F.shape
    K, k = np.zeros((T, d - n, n)), np.zeros((T, d - n))
    V, v = np.zeros((T + 1, n, n)), np.zeros((T + 1, n))
    t = T
    while t > 0:
        t -= 1
        Q, q = action_value(F[t], f[t], C[t], c[t], V[t + 1], v[t + 1])
        K[t], k[t] = gains(Q, q, n)
        V[t], v[t] = state_value(Q, q, K[t], k[t])
    return Policy(K, k, V, v)


def forward(x0, F, f, K, k):
    n = len(x0)
    return rollout(x0, lambda x, u, t: F[t][:, :n] @ x + F[t][:, n:] @ u + f[t], K, k)


def rollout(x0, dynamics, K, k):
    states, controls = [np.array(x0, dtype=float)], []
    for t in range(len(K)):
        controls.append(k[t] + K[t].dot(states[t]))
        states.append(dynamics(states[t], controls[t], t))
    return np.stack(states), np.stack(controls)
