"""Answers to exercise 2.3 that share no formula with the solution.

All states of a run are one affine function of the first state and all noises, found by one dense solve (`response`,
`run`); from it follow the moments (`moments`). A quadratic function's mean is the average of its values at 2n points
(`expected_cost`), and its coefficients are read off its values (`coefficients`): so the optimal policy (`optimal`), and
what noise adds to its cost (`noise_cost`), are had without any recursion.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg


def response(F, K):
    """Solve the closed loop for all states at once: x [(T+1) n] = R r, where r stacks x_0 and T drifts. Returns R."""
    T, m, n = K.shape
    system = np.eye((T + 1) * n)
    for t in range(T):
        now, then = slice(t * n, (t + 1) * n), slice((t + 1) * n, (t + 2) * n)
        system[then, now] = -(F[t] @ np.vstack([np.eye(n), K[t]]))
    return np.linalg.inv(system)


def run(x0, F, f, K, k, w):
    """Run the policy N times with the noise w [T, N, n]. Returns x: [T+1, N, n], u: [T, N, m]."""
    T, m, n = K.shape
    N = w.shape[1]
    drift = np.einsum("tij,tj->ti", F[:, :, n:], k) + f
    right = np.concatenate([np.broadcast_to(x0, (1, N, n)), w + drift[:, None]])
    x = (response(F, K) @ right.transpose(0, 2, 1).reshape(-1, N)).reshape(T + 1, n, N).transpose(0, 2, 1)
    return x, np.einsum("tij,tNj->tNi", K, x[:-1]) + k[:, None]


def moments(x0, S0, F, f, K, k, Sigma):
    """Carry mean and covariance of x_0 and the noises through `response`. Returns mean: [T+1, n], S: [T+1, n, n]."""
    T, m, n = K.shape
    x, _ = run(x0, F, f, K, k, np.zeros((T, 1, n)))
    R = response(F, K)
    joint = (R @ scipy.linalg.block_diag(S0, *Sigma) @ R.T).reshape(T + 1, n, T + 1, n)
    return x[:, 0], np.stack([joint[t, :, t] for t in range(T + 1)])


def costs(x, u, C, c):
    """Add up the cost of each run, step by step and run by run. Returns J: [N]."""
    J = []
    for i in range(x.shape[1]):
        z = np.concatenate([x[:-1, i], u[:, i]], axis=1).ravel()
        J.append(z @ (0.5 * scipy.linalg.block_diag(*C) @ z + c.ravel()))
    return np.array(J)


def expected_cost(mean, S, K, k, C, c):
    """Average the cost of each step over the points mean ± sqrt(n) L e_i, L L' = S: exact for quadratic functions."""
    T, m, n = K.shape
    J = 0.0
    for t in range(T):
        along, size, _ = np.linalg.svd(S[t])
        offsets = np.sqrt(n * size)[:, None] * along.T
        x = mean[t] + np.concatenate([offsets, -offsets])
        J += np.mean(costs(np.stack([x, x]), (x @ K[t].T + k[t])[None], C[t : t + 1], c[t : t + 1]))
    return float(J)


def coefficients(function, size):
    """Read H and g of 1/2 y'Hy + y'g + const off the values of a quadratic function [P, size] -> [P], exactly."""
    unit = np.eye(size)
    pair = (unit[:, None] + unit[None, :]).reshape(-1, size)
    zero, one, two = function(0 * unit[:1]), function(unit), function(pair).reshape(size, size)
    H = two - one[:, None] - one[None, :] + zero
    return H, one - zero - np.diag(H) / 2


def optimal(F, f, C, c):
    """Minimise the cost from every t on over all controls at once. Returns K: [T, m, n], k: [T, m], V: [T+1, n, n]."""
    T, n, d = F.shape
    m = d - n
    K, k, V = np.zeros((T, m, n)), np.zeros((T, m)), np.zeros((T + 1, n, n))
    for t in range(T):

        def total(y, t=t):  # y [P, n + (T-t) m]: the state at t, and the controls from t on
            x, u, J = y[:, :n], y[:, n:].reshape(len(y), T - t, m), 0.0
            for s in range(t, T):
                z = np.concatenate([x, u[:, s - t]], axis=1)
                J = J + np.sum(z * (0.5 * z @ C[s] + c[s]), axis=1)
                x = z @ F[s].T + f[s]
            return J

        H, g = coefficients(total, n + (T - t) * m)
        best = -np.linalg.solve(H[n:, n:], np.column_stack([H[n:, :n], g[n:]]))
        K[t], k[t], V[t] = best[:m, :n], best[:m, n], H[:n, :n] + H[:n, n:] @ best[:, :n]
    return K, k, V


def noise_cost(F, f, C, c, K, k, Sigma):
    """Read how the cost of a run depends on all its noises together, and average that over them."""
    T, n, _ = F.shape

    def total(y):
        return costs(*run(np.ones(n), F, f, K, k, y.reshape(-1, T, n).transpose(1, 0, 2)), C, c)

    H, _ = coefficients(total, T * n)
    return 0.5 * float(np.sum(H * scipy.linalg.block_diag(*Sigma)))
