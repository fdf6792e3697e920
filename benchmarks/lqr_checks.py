"""What all three systems check of an LQR backward pass: its gains and values, on three random problems.

This file's own text goes into nbgrader's test cell, otter's test file and our hidden tests, so it needs nothing
but NumPy. What is expected comes from the optimality conditions of the whole problem, one linear system in all
states, controls and multipliers, which shares no formula with the recursion.
"""

import numpy as np

SHAPES = [(5, 2, 3), (6, 4, 2), (8, 3, 1)]  # T steps, n states, m controls


def draw(rng, T, n, m):
    """Draw a time-varying affine problem. Returns F: [T, n, n+m], f: [T, n], C: [T, n+m, n+m], c: [T, n+m]."""
    d = n + m
    F = rng.normal(size=(T, n, d)) / np.sqrt(d)
    A = rng.normal(size=(T, d, d))
    C = np.eye(d) + A @ A.transpose(0, 2, 1) / d
    return F, rng.normal(size=(T, n)), C, rng.normal(size=(T, d))


def solve_from(F, f, C, c):
    """Solve the conditions of all stages for the first states 0, e_1, ..., e_n: K, k of the first control; V, v."""
    T, n, d = F.shape
    hessian, constraint = np.zeros((T * d, T * d)), np.zeros((T * n, T * d))
    for t in range(T):
        hessian[t * d : (t + 1) * d, t * d : (t + 1) * d] = C[t]
        constraint[t * n : (t + 1) * n, t * d : t * d + n] = np.eye(n)
        if t > 0:
            constraint[t * n : (t + 1) * n, (t - 1) * d : t * d] = -F[t - 1]
    right = np.zeros((T * (d + n), 1 + n))
    right[: T * d, 0] = -c.ravel()
    right[T * d + n :, 0] = f[:-1].ravel()
    right[T * d : T * d + n, 1:] = np.eye(n)
    conditions = np.block([[hessian, constraint.T], [constraint, np.zeros((T * n, T * n))]])
    solution = np.linalg.solve(conditions, right)[: T * d]
    z, Z = solution[:, 0], solution[:, 1:]
    return Z[n:d], z[n:d], Z.T @ hessian @ Z, Z.T @ (hessian @ z + c.ravel())


def check(backward, close, rng):
    """Compare `backward(F, f, C, c)`, which returns K, k, V, v, with the optimality conditions."""
    for T, n, m in SHAPES:
        F, f, C, c = draw(rng, T, n, m)
        tails = [solve_from(F[t:], f[t:], C[t:], c[t:]) for t in range(T)]
        K, k, V, v = (np.stack(parts) for parts in zip(*tails, strict=True))
        V, v = np.concatenate([V, np.zeros((1, n, n))]), np.concatenate([v, np.zeros((1, n))])
        for name, got, expected in zip("KkVv", backward(F, f, C, c), (K, k, V, v), strict=True):
            close(name, got, expected)


def close(name, got, expected):
    """Compare shape and values with a plain assertion, as a test cell does."""
    assert np.shape(got) == expected.shape, f"{name} has shape {np.shape(got)}, expected {expected.shape}"
    assert np.max(np.abs(got - expected)) <= 1e-4 * np.max(np.abs(expected)), f"{name} has wrong values"
