"""An exact line search: all step lengths are rolled out at once, as one batch, and the cheapest trajectory is taken."""

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
    alphas = np.concatenate([np.linspace(1.2, 0.1, 12), 0.1 * 0.5 ** np.arange(1, 7)])
    states, controls = [np.tile(x[0], (len(alphas), 1))], []
    for t in range(len(u)):
        controls.append(u[t] + alphas[:, None] * gains.k[t] + (states[-1] - x[t]) @ gains.K[t].T)
        states.append(step(states[-1], controls[-1]))
    all_x, all_u = np.stack(states, axis=1), np.stack(controls, axis=1)
    J_new = np.array([cost(X, U) if np.all(np.isfinite(X)) else np.inf for X, U in zip(all_x, all_u, strict=True)])
    J_new = np.where(np.isfinite(J_new), J_new, np.inf)
    best = int(np.argmin(J_new))
    if J_new[best] <= J + 1e-3 * alphas[best] * gains.linear:
        return all_x[best], all_u[best], float(J_new[best])
    return None


def ilqr(x0, u, step, cost, expand, *, backward=backward, iterations=500, tolerance=1e-9):
    T, m, n = *u.shape, len(x0)
    K, k = np.zeros((T, m, n)), np.zeros((T, m))
    x, u = forward(x0, np.zeros((T + 1, n)), u, K, k, 0.0, step)
    J, mu, E = cost(x, u), 0.0, expand(x, u)
    costs = [J]
    for _ in range(iterations):
        gains = backward(E, mu)
        better = None
        if gains is not None:
            K, k = gains.K, gains.k
            if mu < 1e-3 and abs(gains.linear) <= tolerance * (1 + abs(J)):
                return Solution(x, u, K, k, np.array(costs), True)
            better = line_search(x, u, gains, J, step, cost)
        if better is None:
            mu = max(1e-6, 10 * mu)
            if mu > 1e10:
                break
            continue
        x, u, J = better
        E = expand(x, u)
        costs.append(J)
        mu = mu / 5 if mu > 1e-6 else 0.0
    return Solution(x, u, K, k, np.array(costs), False)


def warm_start(x0, x, u, K, step):
    x, u, K = (np.concatenate([part[1:], part[-1:]]) for part in (x, u, K))
    return forward(x0, x, u, K, np.zeros(u.shape), 1.0, step)
