"""Single precision throughout; z = [x; u] is rows times [x; 1], whose second moment gives the expected cost."""

from typing import NamedTuple

import numpy as np

SINGLE = np.float32


class Runs(NamedTuple):
    x: np.ndarray
    u: np.ndarray


class Moments(NamedTuple):
    mean: np.ndarray
    S: np.ndarray


def single(*arrays):
    return [np.asarray(a, dtype=SINGLE) for a in arrays]


def draw_noise(Sigma, N, rng):
    w = []
    for S in single(Sigma)[0]:
        U, s, _ = np.linalg.svd(S, hermitian=True)
        w.append(rng.standard_normal((N, len(s)), dtype=SINGLE) * np.sqrt(s) @ U.T)
    return np.array(w)


def simulate(x0, F, f, K, k, w):
    x0, F, f, K, k, w = single(x0, F, f, K, k, w)
    x, u = [np.tile(x0, (w.shape[1], 1))], []
    for t in range(len(K)):
        u.append(np.einsum("ij,Nj->Ni", K[t], x[-1]) + k[t])
        x.append(np.hstack([x[-1], u[-1]]) @ F[t].T + (f[t] + w[t]))
    return Runs(np.array(x), np.array(u))


def total_costs(x, u, C, c):
    x, u, C, c = single(x, u, C, c)
    z = np.dstack([x[:-1], u])
    return np.einsum("tNi,tij,tNj->N", z, C / 2, z) + np.einsum("tNi,ti->N", z, c)


def noise_cost(V, Sigma):
    V, Sigma = single(V, Sigma)
    return np.tensordot(V[1:], Sigma, 3) / 2


def moments(x0, S0, F, f, K, k, Sigma):
    x0, S0, F, f, K, k, Sigma = single(x0, S0, F, f, K, k, Sigma)
    T, m, n = K.shape
    y = np.append(x0, SINGLE(1))
    mean, S = [x0], [S0]
    for t in range(T):
        step = np.zeros((n + 1, n + 1), SINGLE)
        step[:n, :n] = F[t] @ np.vstack([np.eye(n, dtype=SINGLE), K[t]])
        step[:n, n] = F[t] @ np.append(np.zeros(n, SINGLE), k[t]) + f[t]
        step[n, n] = 1
        y = step @ y
        mean.append(y[:n])
        S.append(step[:n, :n] @ S[-1] @ step[:n, :n].T + Sigma[t])
    return Moments(np.array(mean), np.array(S))


def expected_cost(mean, S, K, k, C, c):
    mean, S, K, k, C, c = single(mean, S, K, k, C, c)
    T, m, n = K.shape
    J = SINGLE(0)
    for t in range(T):
        y = np.append(mean[t], SINGLE(1))
        second = np.outer(y, y)
        second[:n, :n] += S[t]
        rows = np.vstack([np.eye(n, n + 1, dtype=SINGLE), np.column_stack([K[t], k[t]])])  # z = rows y
        J += np.sum(C[t] * (rows @ second @ rows.T)) / 2 + c[t] @ rows @ y
    return J
