"""Newton's step from the dense Hessian, costates from dense sensitivities; Cholesky factors; plain loops."""

import numpy as np
import scipy.linalg
from expansion import Gains


def curvature(D_t, v_next):
    n, d, _ = D_t.shape
    total = np.zeros((d, d))
    for i in range(n):
        for j in range(d):
            for l in range(d):  # noqa: E741
                total[j, l] += v_next[i] * D_t[i, j, l]
    return total


def backward(E, mu):
    T, n, d = E.F.shape
    V, v = [None] * T + [E.C_final], [None] * T + [E.c_final]
    K, k, changes = [None] * T, [None] * T, np.zeros(2)
    for t in range(T)[::-1]:
        Q = E.C[t] + np.linalg.multi_dot([E.F[t].T, V[t + 1], E.F[t]]) + curvature(E.D[t], v[t + 1])
        q = E.c[t] + v[t + 1] @ E.F[t]
        (Q_xx, Q_xu), (Q_ux, Q_uu) = (np.hsplit(rows, [n]) for rows in np.vsplit(Q, [n]))
        try:
            factor = scipy.linalg.cho_factor(Q_uu + mu * np.identity(d - n))
        except scipy.linalg.LinAlgError:
            return None
        K[t], k[t] = scipy.linalg.cho_solve(factor, -Q_ux), scipy.linalg.cho_solve(factor, -q[n:])
        V[t] = Q_xx + Q_xu @ K[t] + K[t].T @ (Q_ux + Q_uu @ K[t])
        v[t] = q[:n] + Q_xu @ k[t] + K[t].T @ (q[n:] + Q_uu @ k[t])
        changes += k[t] @ q[n:], k[t] @ Q_uu @ k[t]
    return Gains(np.stack(K), np.stack(k), np.stack(V), np.stack(v), *changes)


def transitions(E):
    """Multiply A_{t-1} … A_s, for all s <= t: [T+1, T+1, n, n]."""
    T, n, _ = E.F.shape
    P = np.zeros((T + 1, T + 1, n, n))
    for s in range(T + 1):
        P[s, s] = np.eye(n)
        for t in range(s, T):
            P[t + 1, s] = E.F[t, :, :n] @ P[t, s]
    return P


def costates(E):
    n, P = len(E.c_final), transitions(E)
    slopes = np.vstack([E.c[:, :n], E.c_final])
    return np.einsum("tsij,ti->sj", P, slopes)


def newton_direction(E):
    T, n, d = E.F.shape
    m, P, lam = d - n, transitions(E), costates(E)
    S = np.zeros((T + 1, n, T, m))
    for s in range(T):
        S[s + 1 :, :, s] = P[s + 1 :, s + 1] @ E.F[s, :, n:]
    H, g = np.zeros((T * m, T * m)), np.zeros(T * m)
    for t in range(T):
        Z = np.zeros((d, T, m))
        Z[:n] = S[t]
        Z[n:, t] = np.eye(m)
        Z = Z.reshape(d, T * m)
        H += Z.T @ (E.C[t] + curvature(E.D[t], lam[t + 1])) @ Z
        g += Z.T @ E.c[t]
    last = S[T].reshape(n, T * m)
    return -np.linalg.solve(H + last.T @ E.C_final @ last, g + last.T @ E.c_final).reshape(T, m)
