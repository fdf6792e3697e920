"""Answers to exercises 2.1 and 2.2 that share no formula with the recursions.

Exercise 2.1 is a quadratic programme: its optimality conditions are one linear system (`optimal`). One step
of it minimises a quadratic over some of its variables, which is to condition and to integrate a Gaussian
(`minimise`). A quadratic function's coefficients are read off its values (`coefficients`). The closed loop of
exercise 2.2 is a linear system in all states and controls at once (`closed_loop`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg


class Optimal(NamedTuple):
    """What a correct backward pass returns for t < T. K: [T, m, n]; k: [T, m]; V: [T, n, n]; v: [T, n]."""

    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray


def optimal(F, f, C, c) -> Optimal:
    """Solve the stacked problem from every t as start, and read gains and values off its solutions."""
    tails = [solve_tail(F[t:], f[t:], C[t:], c[t:]) for t in range(len(F))]
    return Optimal(*(np.stack(parts) for parts in zip(*tails, strict=True)))


def solve_tail(F, f, C, c):
    """Solve the optimality conditions of all stages at once, for the first states 0, e_1, …, e_n together.

    The solution is affine in the first state, so n+1 right-hand sides determine it: z(x) = z_0 + Z x.
    Returns K: [m, n], k: [m] (the first control) and V: [n, n], v: [n] (the cost of the whole solution).
    """
    T, n, d = F.shape
    hessian = scipy.linalg.block_diag(*C)
    constraint = np.zeros((T * n, T * d))
    for t in range(T):
        constraint[t * n : (t + 1) * n, t * d : t * d + n] = np.eye(n)
        if t > 0:
            constraint[t * n : (t + 1) * n, (t - 1) * d : t * d] = -F[t - 1]
    conditions = np.block([[hessian, constraint.T], [constraint, np.zeros((T * n, T * n))]])
    right = np.zeros((T * (d + n), 1 + n))
    right[: T * d, 0] = -c.ravel()
    right[T * d + n :, 0] = f[:-1].ravel()
    right[T * d : T * d + n, 1:] = np.eye(n)
    solution = np.linalg.solve(conditions, right)[: T * d]
    z, Z = solution[:, 0], solution[:, 1:]
    return Z[n:d], z[n:d], Z.T @ hessian @ Z, Z.T @ (hessian @ z + c.ravel())


def minimise(Q, q, n) -> Optimal:
    """Minimise 1/2 z'Qz + z'q over u in z = [x; u]: condition the Gaussian exp(-Q) on x; integrate u out."""
    covariance, mean = np.linalg.inv(Q), -np.linalg.solve(Q, q)
    precision = np.linalg.inv(covariance[:n, :n])
    K = covariance[n:, :n] @ precision
    return Optimal(K, mean[n:] - K @ mean[:n], precision, -precision @ mean[:n])


def coefficients(function, size):
    """Read H and g of 1/2 z'Hz + z'g + const off the values of a quadratic function, exactly."""
    unit, zero = np.eye(size), function(np.zeros(size))
    one = np.array([function(e) for e in unit])
    pair = np.array([[function(a + b) for b in unit] for a in unit])
    H = pair - one[:, None] - one[None, :] + zero
    return H, one - zero - np.diag(H) / 2


def quadratic(z, H, g):
    """Evaluate 1/2 z'Hz + z'g."""
    return 0.5 * z @ H @ z + z @ g


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    """Evaluate cost now plus value of the next state at points, and read off the coefficients Q, q."""

    def total(z):
        return quadratic(z, C_t, c_t) + quadratic(F_t @ z + f_t, V_next, v_next)

    return coefficients(total, len(c_t))


def closed_loop(x0, F, f, K, k):
    """Solve dynamics and policy as one linear system in all unknowns. Returns x: [T+1, n], u: [T, m]."""
    T, m, n = K.shape
    d = n + m
    system, right = np.eye(T * d + n), np.zeros(T * d + n)
    right[:n] = x0
    for t in range(T):
        x, u, y = slice(t * d, t * d + n), slice(t * d + n, (t + 1) * d), slice((t + 1) * d, (t + 1) * d + n)
        system[u, x], right[u] = -K[t], k[t]
        system[y, t * d : (t + 1) * d], right[y] = -F[t], f[t]
    solution = np.linalg.solve(system, right)
    z = solution[: T * d].reshape(T, d)
    return np.vstack([z[:, :n], solution[T * d :]]), z[:, n:]


def total_cost(x0, u, F, f, C, c):
    """Add up the cost of the controls u: [T, m] from x0, open loop."""
    x, cost = x0, 0.0
    for t in range(len(u)):
        z = np.concatenate([x, u[t]])
        cost += quadratic(z, C[t], c[t])
        x = F[t] @ z + f[t]
    return cost


def stationary(F, C):
    """Solve the infinite-horizon problem x' = F z, cost 1/2 z'Cz, by SciPy. Returns K: [m, n], P: [n, n]."""
    n = len(F)
    A, B, Q, S, R = F[:, :n], F[:, n:], C[:n, :n], C[:n, n:], C[n:, n:]
    P = scipy.linalg.solve_discrete_are(A, B, Q, R, s=S)
    return -np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A + S.T), P
