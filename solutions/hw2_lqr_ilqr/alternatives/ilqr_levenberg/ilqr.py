"""Damping in the manner of Levenberg and Marquardt: mu follows how well the expansion foretold the change of J."""

import numpy as np
from expansion import Gains, Solution


def backward(E, mu):
    T, n, d = E.F.shape
    m = d - n
    V, v = [E.C_final], [E.c_final]
    K, k, linear, quadratic = [], [], 0.0, 0.0
    for F, C, c in zip(E.F[::-1], E.C[::-1], E.c[::-1], strict=True):
        A, B = F[:, :n], F[:, n:]
        Q_xx, Q_ux, Q_uu = C[:n, :n] + A.T @ V[0] @ A, C[n:, :n] + B.T @ V[0] @ A, C[n:, n:] + B.T @ V[0] @ B
        q_x, q_u = c[:n] + A.T @ v[0], c[n:] + B.T @ v[0]
        regular = Q_uu + mu * np.eye(m)
        if np.linalg.eigvalsh(regular)[0] <= 0:
            return None
        inverse = np.linalg.inv(regular)
        K.insert(0, -inverse @ Q_ux)
        k.insert(0, -inverse @ q_u)
        V.insert(0, Q_xx + K[0].T @ Q_ux + Q_ux.T @ K[0] + K[0].T @ Q_uu @ K[0])
        v.insert(0, q_x + Q_ux.T @ k[0] + K[0].T @ q_u + K[0].T @ Q_uu @ k[0])
        linear += float(q_u @ k[0])
        quadratic += float(k[0] @ Q_uu @ k[0])
    return Gains(np.array(K), np.array(k), np.array(V), np.array(v), linear, quadratic)


def expected_change(gains, alpha):
    return alpha * gains.linear + 0.5 * alpha**2 * gains.quadratic


def forward(x0, x, u, K, k, alpha, step):
    new_x, new_u = np.zeros(x.shape), np.zeros(u.shape)
    new_x[0] = x0
    for t in range(len(u)):
        new_u[t] = u[t] + alpha * k[t] + K[t] @ (new_x[t] - x[t])
        new_x[t + 1] = step(new_x[t], new_u[t])
    return new_x, new_u


def line_search(x, u, gains, J, step, cost):
    alpha = 1.0
    while alpha > 1e-3:
        new_x, new_u = forward(x[0], x, u, gains.K, gains.k, alpha, step)
        new_J = cost(new_x, new_u)
        if new_J - J <= 0.01 * alpha * gains.linear:
            return new_x, new_u, new_J
        alpha *= 0.7
    return None


def ilqr(x0, u, step, cost, expand, *, backward=backward, iterations=500, tolerance=1e-9):
    T, m, n = *u.shape, len(x0)
    K, k = np.zeros((T, m, n)), np.zeros((T, m))
    x, u = forward(x0, np.zeros((T + 1, n)), u, K, k, 0.0, step)
    E, costs, damping, converged, tries = expand(x, u), [cost(x, u)], 0.0, False, 0
    while not converged and tries < iterations and damping < 1e12:
        tries += 1
        gains = backward(E, damping)
        if gains is None:
            damping = max(4 * damping, 1e-4)
            continue
        K, k, promised = gains.K, gains.k, -expected_change(gains, 1.0)
        if promised <= tolerance * (1 + abs(costs[-1])):
            converged, damping = damping == 0, 0.0
            continue
        found = line_search(x, u, gains, costs[-1], step, cost)
        if found is None:
            damping = max(4 * damping, 1e-4)
            continue
        quality = (costs[-1] - found[2]) / promised
        # Levenberg and Marquardt: trust the expansion more where it was right, less where it was not.
        damping = damping / 3 if quality > 0.75 else damping if quality > 0.25 else max(2 * damping, 1e-4)
        damping = damping if damping > 1e-6 else 0.0
        converged = damping == 0 and costs[-1] - found[2] <= tolerance * (1 + abs(found[2]))
        x, u, J = found
        costs.append(J)
        E = None if converged else expand(x, u)
    return Solution(x, u, K, k, np.array(costs), converged)


def warm_start(x0, x, u, K, step):
    x, u, K = (np.concatenate([part[1:], part[-1:]]) for part in (x, u, K))
    return forward(x0, x, u, K, np.zeros(u.shape), 1.0, step)
