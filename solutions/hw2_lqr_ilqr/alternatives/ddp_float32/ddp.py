"""Single precision throughout; results in plain tuples."""

import numpy as np

SINGLE = np.float32


def single(*arrays):
    return [np.asarray(a, dtype=SINGLE) for a in arrays]


def curvature(D_t, v_next):
    D_t, v_next = single(D_t, v_next)
    return sum(v * D for v, D in zip(v_next, D_t, strict=True))


def values(Q, q, K, k):
    n = K.shape[1]
    policy = np.vstack([np.eye(n, dtype=SINGLE), K])
    shift = np.concatenate([np.zeros(n, dtype=SINGLE), k])
    return policy.T @ Q @ policy, policy.T @ (q + Q @ shift)


def backward(E, mu):
    F, C, c, V_T, v_T, D = single(*E)
    n, m = F.shape[1], F.shape[2] - F.shape[1]
    K, k, V, v, linear, quadratic = [], [], [V_T], [v_T], SINGLE(0), SINGLE(0)
    for t in range(len(F) - 1, -1, -1):
        Q = C[t] + F[t].T @ V[0] @ F[t] + curvature(D[t], v[0])
        q = c[t] + F[t].T @ v[0]
        R = Q[n:, n:] + SINGLE(mu) * np.eye(m, dtype=SINGLE)
        if not np.all(np.linalg.eigvalsh(R) > 0):
            return None
        K.insert(0, -np.linalg.solve(R, Q[n:, :n]))
        k.insert(0, -np.linalg.solve(R, q[n:]))
        V_t, v_t = values(Q, q, K[0], k[0])
        V.insert(0, V_t)
        v.insert(0, v_t)
        linear += k[0] @ q[n:]
        quadratic += k[0] @ Q[n:, n:] @ k[0]
    return np.array(K), np.array(k), np.array(V), np.array(v), linear, quadratic


def costates(E):
    F, _, c, _, lam_T, _ = single(*E)
    n, lam = F.shape[1], [lam_T]
    for t in range(len(F) - 1, -1, -1):
        lam.insert(0, c[t, :n] + F[t, :, :n].T @ lam[0])
    return np.array(lam)


def newton_direction(E):
    F, C, c, V, v, D = single(*E)
    n, T, lam = F.shape[1], len(F), costates(E)
    K, k = [None] * T, [None] * T
    for t in range(T - 1, -1, -1):
        Q, q = C[t] + F[t].T @ V @ F[t] + curvature(D[t], lam[t + 1]), c[t] + F[t].T @ v
        K[t], k[t] = -np.linalg.solve(Q[n:, n:], Q[n:, :n]), -np.linalg.solve(Q[n:, n:], q[n:])
        V, v = values(Q, q, K[t], k[t])
    z, du = np.zeros(n, dtype=SINGLE), []
    for t in range(T):
        du.append(K[t] @ z + k[t])
        z = F[t] @ np.concatenate([z, du[t]])
    return np.array(du)
