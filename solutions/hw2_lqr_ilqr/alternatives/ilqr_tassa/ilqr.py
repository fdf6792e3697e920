"""Regularises V; a matrix [I; K] carries the policy; the schedule's factor grows, as in Tassa et al. (2012)."""

import numpy as np
from expansion import Gains, Solution


def backward(E, mu):
    T, n, d = E.F.shape
    m = d - n
    K, k = np.zeros((T, m, n)), np.zeros((T, m))
    V, v = np.zeros((T + 1, n, n)), np.zeros((T + 1, n))
    V[-1], v[-1] = E.C_final, E.c_final
    linear, quadratic = 0.0, 0.0
    for t in range(T - 1, -1, -1):
        A, B = E.F[t][:, :n], E.F[t][:, n:]
        Q = E.C[t] + E.F[t].T @ V[t + 1] @ E.F[t]
        Q = (Q + Q.T) / 2
        q = E.c[t] + E.F[t].T @ v[t + 1]
        try:
            L = np.linalg.cholesky(Q[n:, n:] + mu * B.T @ B)
        except np.linalg.LinAlgError:
            return None
        K[t] = -np.linalg.solve(L.T, np.linalg.solve(L, Q[n:, :n] + mu * B.T @ A))
        k[t] = -np.linalg.solve(L.T, np.linalg.solve(L, q[n:]))
        G, g = np.vstack([np.eye(n), K[t]]), np.append(np.zeros(n), k[t])
        V[t], v[t] = G.T @ Q @ G, G.T @ (q + Q @ g)
        linear, quadratic = linear + float(g @ q), quadratic + float(g @ Q @ g)
    return Gains(K, k, V, v, linear, quadratic)


def expected_change(gains, alpha):
    return alpha * (gains.linear + 0.5 * alpha * gains.quadratic)


def forward(x0, x, u, K, k, alpha, step):
    states, controls = [np.asarray(x0, dtype=float)], []
    for t in range(len(u)):
        controls.append(u[t] + K[t] @ (states[-1] - x[t]) + alpha * k[t])
        states.append(step(states[-1], controls[-1]))
    return np.array(states), np.array(controls)


def line_search(x, u, gains, J, step, cost):
    for j in range(11):
        alpha = 1.1 ** -(j**2)
        expected = -expected_change(gains, alpha)
        new_x, new_u = forward(x[0], x, u, gains.K, gains.k, alpha, step)
        new_J = cost(new_x, new_u)
        if expected > 0 and (J - new_J) / expected > 1e-3:
            return new_x, new_u, new_J
    return None


def ilqr(x0, u, step, cost, expand, *, backward=backward, iterations=500, tolerance=1e-9):
    T, m = u.shape
    n = len(x0)
    K, k = np.zeros((T, m, n)), np.zeros((T, m))
    x, u = forward(x0, np.zeros((T + 1, n)), u, K, k, 0.0, step)
    costs, mu, delta, converged = [cost(x, u)], 0.0, 1.0, False
    E = expand(x, u)
    for _ in range(iterations):
        gains, step_found = backward(E, mu), None
        if gains is not None:
            K, k = gains.K, gains.k
            if -expected_change(gains, 1.0) < tolerance * max(1.0, abs(costs[-1])):
                if mu < 1e-5:
                    converged = True
                    break
                mu, delta = 0.0, 1.0
                continue
            step_found = line_search(x, u, gains, costs[-1], step, cost)
        if step_found is not None:
            x, u, J = step_found
            E = expand(x, u)
            costs.append(J)
            delta = min(1 / 2, delta / 2)
            mu = mu * delta if mu * delta > 1e-6 else 0.0
        else:
            delta = max(2.0, delta * 2)
            mu = max(1e-6, mu * delta)
            if mu > 1e10:
                break
    return Solution(x, u, K, k, np.array(costs), converged)


def warm_start(x0, x, u, K, step):
    T = len(u)
    new_x, new_u = np.zeros_like(x), np.zeros_like(u)
    new_x[0] = x0
    for t in range(T):
        old = min(t + 1, T - 1)
        new_u[t] = u[old] + K[old] @ (new_x[t] - x[t + 1])
        new_x[t + 1] = step(new_x[t], new_u[t])
    return new_x, new_u
