"""Tassa's regularisation, mu on V in both Q_uu and Q_ux; one function for a step, blocks instead of whole matrices."""

import numpy as np
from expansion import Gains


def curvature(D_t, v_next):
    return np.tensordot(v_next, D_t, axes=1)


def step_back(F_t, C_t, c_t, V, v, bend, mu):
    n = len(v)
    A, B = F_t[:, :n], F_t[:, n:]
    q_x, q_u = c_t[:n] + A.T @ v, c_t[n:] + B.T @ v
    Q_xx = C_t[:n, :n] + A.T @ V @ A + bend[:n, :n]
    Q_ux = C_t[n:, :n] + B.T @ V @ A + bend[n:, :n]
    Q_uu = C_t[n:, n:] + B.T @ V @ B + bend[n:, n:]
    held = Q_uu + mu * B.T @ B
    if np.min(np.linalg.eigvalsh((held + held.T) / 2)) <= 0:
        return None
    Kk = -np.linalg.solve(held, np.column_stack([Q_ux + mu * B.T @ A, q_u]))
    K, k = Kk[:, :n], Kk[:, n]
    V = Q_xx + Q_ux.T @ K + K.T @ Q_ux + K.T @ Q_uu @ K
    v = q_x + Q_ux.T @ k + K.T @ (q_u + Q_uu @ k)
    return K, k, (V + V.T) / 2, v, k @ q_u, k @ Q_uu @ k


def backward(E, mu):
    V, v = E.C_final, E.c_final
    steps = []
    for F_t, C_t, c_t, D_t in zip(E.F[::-1], E.C[::-1], E.c[::-1], E.D[::-1], strict=True):
        step = step_back(F_t, C_t, c_t, V, v, curvature(D_t, v), mu)
        if step is None:
            return None
        V, v = step[2:4]
        steps.append(step)
    K, k, V, v, linear, quadratic = zip(*steps[::-1], strict=True)
    V, v = np.array([*V, E.C_final]), np.array([*v, E.c_final])
    return Gains(np.array(K), np.array(k), V, v, sum(linear), sum(quadratic))


def costates(E):
    n, lam = len(E.c_final), [E.c_final]
    for F_t, c_t in zip(E.F[::-1], E.c[::-1], strict=True):
        lam.append((c_t + F_t.T @ lam[-1])[:n])
    return np.array(lam[::-1])


def newton_direction(E):
    """LQR for a cost that is bent along the costates."""
    n, lam = len(E.c_final), costates(E)
    bent = E.C + np.einsum("ti,tijk->tjk", lam[1:], E.D)
    V, v, policy = E.C_final, E.c_final, []
    for F_t, C_t, c_t in zip(E.F[::-1], bent[::-1], E.c[::-1], strict=True):
        Q, q = C_t + F_t.T @ V @ F_t, c_t + F_t.T @ v
        K, k = -np.linalg.inv(Q[n:, n:]) @ Q[n:, :n], -np.linalg.inv(Q[n:, n:]) @ q[n:]
        V, v = Q[:n, :n] + Q[:n, n:] @ K, q[:n] + Q[:n, n:] @ k
        policy.append((K, k))
    dx, du = np.zeros(n), []
    for F_t, (K, k) in zip(E.F, policy[::-1], strict=True):
        du.append(K @ dx + k)
        dx = F_t[:, :n] @ dx + F_t[:, n:] @ du[-1]
    return np.array(du)
