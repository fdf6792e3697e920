"""Sums written out, and Gauss-Jordan elimination by hand; results as plain tuples."""

import numpy as np


def eliminate(M, right):
    """Solve M X = right for a positive-definite M; no pivoting is needed."""
    m = len(M)
    rows = [[float(M[i, j]) for j in range(m)] + [float(r) for r in right[i]] for i in range(m)]
    for i in range(m):
        pivot = rows[i][i]
        rows[i] = [entry / pivot for entry in rows[i]]
        for j in range(m):
            if j != i:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return np.array([row[m:] for row in rows])


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    n, d = len(F_t), len(c_t)
    Q, q = np.zeros((d, d)), np.zeros(d)
    for a in range(d):
        q[a] = c_t[a]
        for i in range(n):
            q[a] += F_t[i, a] * v_next[i]
            for j in range(n):
                q[a] += F_t[i, a] * V_next[i, j] * f_t[j]
        for b in range(d):
            Q[a, b] = C_t[a, b]
            for i in range(n):
                for j in range(n):
                    Q[a, b] += F_t[i, a] * V_next[i, j] * F_t[j, b]
    return Q, q


def gains(Q, q, n):
    d = len(q)
    right = [[-Q[i, j] for j in range(n)] + [-q[i]] for i in range(n, d)]
    both = eliminate(Q[n:, n:], right)
    return both[:, :n], both[:, n]


def state_value(Q, q, K, k):
    m, n = len(K), len(K[0])
    V, v = np.zeros((n, n)), np.zeros(n)
    for i in range(n):
        v[i] = q[i]
        for a in range(m):
            v[i] += Q[i, n + a] * k[a] + K[a, i] * q[n + a]
            for b in range(m):
                v[i] += K[a, i] * Q[n + a, n + b] * k[b]
        for j in range(n):
            V[i, j] = Q[i, j]
            for a in range(m):
                V[i, j] += Q[i, n + a] * K[a, j] + K[a, i] * Q[n + a, j]
                for b in range(m):
                    V[i, j] += K[a, i] * Q[n + a, n + b] * K[b, j]
    return V, v


def backward(F, f, C, c):
    T, n, d = F.shape
    K, k = np.zeros((T, d - n, n)), np.zeros((T, d - n))
    V, v = np.zeros((T + 1, n, n)), np.zeros((T + 1, n))
    for t in range(T - 1, -1, -1):
        Q, q = action_value(F[t], f[t], C[t], c[t], V[t + 1], v[t + 1])
        K[t], k[t] = gains(Q, q, n)
        V[t], v[t] = state_value(Q, q, K[t], k[t])
    return K, k, V, v


def control(K_t, k_t, x):
    return np.array([k_t[a] + sum(K_t[a, i] * x[i] for i in range(len(x))) for a in range(len(k_t))])


def forward(x0, F, f, K, k):
    T, m, n = K.shape
    x, u = np.zeros((T + 1, n)), np.zeros((T, m))
    for i in range(n):
        x[0, i] = x0[i]
    for t in range(T):
        u[t] = control(K[t], k[t], x[t])
        for i in range(n):
            x[t + 1, i] = f[t, i]
            for j in range(n):
                x[t + 1, i] += F[t, i, j] * x[t, j]
            for a in range(m):
                x[t + 1, i] += F[t, i, n + a] * u[t, a]
    return x, u


def rollout(x0, dynamics, K, k):
    T, m, n = K.shape
    x, u = np.zeros((T + 1, n)), np.zeros((T, m))
    x[0] = x0
    for t in range(T):
        u[t] = control(K[t], k[t], x[t])
        x[t + 1] = dynamics(x[t], u[t], t)
    return x, u
