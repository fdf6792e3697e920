"""One run after the other, sums written out, and NumPy's own multivariate normal distribution."""

import numpy as np


def draw_noise(Sigma, N, rng):
    return np.array([[rng.multivariate_normal(np.zeros(len(S)), S) for _ in range(N)] for S in Sigma])


def simulate(x0, F, f, K, k, w):
    runs = [one_run(x0, F, f, K, k, w[:, i]) for i in range(w.shape[1])]
    return np.stack([x for x, _ in runs], axis=1), np.stack([u for _, u in runs], axis=1)


def one_run(x0, F, f, K, k, noise):
    x, u = [x0], []
    for t in range(len(K)):
        u.append(K[t] @ x[t] + k[t])
        x.append(F[t] @ np.append(x[t], u[t]) + f[t] + noise[t])
    return np.array(x), np.array(u)


def stage(z, C, c):
    return sum(z[i] * (c[i] + sum(C[i, j] * z[j] for j in range(len(z))) / 2) for i in range(len(z)))


def total_costs(x, u, C, c):
    T, N, _ = u.shape
    J = np.zeros(N)
    for i in range(N):
        for t in range(T):
            J[i] += stage(np.append(x[t, i], u[t, i]), C[t], c[t])
    return J


def noise_cost(V, Sigma):
    total = 0.0
    for t, S in enumerate(Sigma):
        for i in range(len(S)):
            for j in range(len(S)):
                total += V[t + 1, i, j] * S[i, j] / 2
    return total


def moments(x0, S0, F, f, K, k, Sigma):
    n = len(x0)
    mean, S = [x0], [S0]
    for t in range(len(K)):
        closed = np.array([[F[t, i, j] + F[t, i, n:] @ K[t, :, j] for j in range(n)] for i in range(n)])
        mean.append(F[t] @ np.append(mean[t], K[t] @ mean[t] + k[t]) + f[t])
        S.append(closed.dot(S[t]).dot(closed.T) + Sigma[t])
    return mean_and_S(mean, S)


def mean_and_S(mean, S):
    return np.array(mean), np.array(S)


def expected_cost(mean, S, K, k, C, c):
    J, n = 0.0, len(mean[0])
    for t in range(len(K)):
        xx, xu, uu = C[t, :n, :n], C[t, :n, n:], C[t, n:, n:]
        J += stage(np.append(mean[t], K[t] @ mean[t] + k[t]), C[t], c[t])
        J += np.sum(xx * S[t]) / 2 + np.sum(xu * (S[t] @ K[t].T)) + np.sum(uu * (K[t] @ S[t] @ K[t].T)) / 2
    return J
