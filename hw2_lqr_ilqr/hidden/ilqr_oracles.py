"""Answers to exercise 2.5 that share no formula with the backward pass.

An expansion is a quadratic programme: its optimality conditions are one linear system (`optimal`). What a policy is
worth is found by playing it in the expansion, from many states at once, and reading the coefficients of the cost off
its values (`worth`). Derivatives are central differences of the task's own step (`expansion_of`).
"""

from __future__ import annotations

import functools

import numpy as np
import scipy.linalg

from course.systems.lq import random_problem


def draw(rng, T, n, m):
    """Draw an expansion in which every term matters. Returns F, C, c, C_final, c_final."""
    p = random_problem(rng, n=n, m=m, T=T)
    G = rng.normal(size=(n, n))
    return p.F, p.C, p.c, np.eye(n) + G @ G.T / n, rng.normal(size=n)


def optimal(F, C, c, C_final, c_final):
    """Solve the whole problem from every t as start. Returns K: [T, m, n], k: [T, m], V: [T, n, n], v: [T, n]."""
    tails = [solve_tail(F[t:], C[t:], c[t:], C_final, c_final) for t in range(len(F))]
    return tuple(np.stack(parts) for parts in zip(*tails, strict=True))


def solve_tail(F, C, c, C_final, c_final):
    """Solve the optimality conditions of all stages at once, for the first states 0, e_1, …, e_n together.

    The solution is affine in the first state, so n+1 right-hand sides determine it: z(dx) = z_0 + Z dx.
    Returns K: [m, n], k: [m] (the first control) and V: [n, n], v: [n] (the cost of the whole solution).
    """
    T, n, d = F.shape
    size, rows = T * d + n, (T + 1) * n
    hessian, slope = scipy.linalg.block_diag(*C, C_final), np.concatenate([c.ravel(), c_final])
    constraint = np.zeros((rows, size))
    for t in range(T + 1):
        constraint[t * n : (t + 1) * n, t * d : t * d + n] = np.eye(n)
        if t > 0:
            constraint[t * n : (t + 1) * n, (t - 1) * d : t * d] = -F[t - 1]
    conditions = np.block([[hessian, constraint.T], [constraint, np.zeros((rows, rows))]])
    right = np.zeros((size + rows, 1 + n))
    right[:size, 0] = -slope
    right[size : size + n, 1:] = np.eye(n)
    solution = np.linalg.solve(conditions, right)[:size]
    z, Z = solution[:, 0], solution[:, 1:]
    return Z[n:d], z[n:d], Z.T @ hessian @ Z, Z.T @ (hessian @ z + slope)


def coefficients(function, size):
    """Read H and g of 1/2 z'Hz + z'g + const off the values of a quadratic function of rows z: [N, size]."""
    unit = np.eye(size)
    first, second = np.triu_indices(size)
    values = function(np.concatenate([np.zeros((1, size)), unit, unit[first] + unit[second]]))
    zero, one, pair = values[0], values[1 : size + 1], values[size + 1 :]
    H = np.zeros((size, size))
    H[first, second] = H[second, first] = pair - one[first] - one[second] + zero
    return H, one - zero - np.diag(H) / 2


def quadratic(z, H, g):
    """Evaluate 1/2 z'Hz + z'g for rows z: [N, d]."""
    return 0.5 * np.einsum("ni,ij,nj->n", z, H, z) + z @ g


def play(E, K, k, dx, first=0, alpha=1.0):
    """Add up what du = K dx + alpha k costs in the expansion E from step `first` on, for rows dx: [N, n]."""
    F, C, c, C_final, c_final = E
    total = np.zeros(len(dx))
    for t in range(first, len(F)):
        z = np.concatenate([dx, dx @ K[t].T + alpha * k[t]], axis=1)
        total += quadratic(z, C[t], c[t])
        dx = z @ F[t].T
    return total + quadratic(dx, C_final, c_final)


def worth(E, K, k):
    """Return V: [T+1, n, n], v: [T+1, n] of the policy du = K dx + k, by playing it from every t."""
    T, n = len(E[0]), E[0].shape[1]
    parts = [coefficients(lambda dx, t=t: play(E, K, k, dx, first=t), n) for t in range(T + 1)]
    return np.stack([V for V, _ in parts]), np.stack([v for _, v in parts])


def action_value(E, t, V_next, v_next):
    """Read Q: [d, d], q: [d] of step t off the values of its cost plus the value of the next state."""
    F, C, c, _, _ = E
    return coefficients(lambda z: quadratic(z, C[t], c[t]) + quadratic(z @ F[t].T, V_next, v_next), F.shape[2])


def regularised(E, t, V_next, v_next, mu):
    """Return the gains (K_t, k_t) of both kinds of regularisation: of Q_uu, and of V in Q_uu and in Q_ux."""
    F, n = E[0], E[0].shape[1]
    Q, q = action_value(E, t, V_next, v_next)
    Tassa, _ = action_value(E, t, V_next + mu * np.eye(n), v_next)
    found = []
    for H in (Q + mu * np.diag(np.arange(F.shape[2]) >= n), Tassa):
        found.append((-np.linalg.solve(H[n:, n:], H[n:, :n]), -np.linalg.solve(H[n:, n:], q[n:])))
    return found


def differences(move, z, n, h=6e-6):
    """Differentiate a batched step by central differences: z: [T, d] -> F: [T, n, d]."""
    shift = h * np.eye(z.shape[1])
    up, down = z[:, None] + shift, z[:, None] - shift
    F = (move(up[..., :n], up[..., n:]) - move(down[..., :n], down[..., n:])) / (2 * h)
    return np.swapaxes(F, 1, 2)


def expansion_of(task, x, u):
    """Return F, C, c, C_final, c_final of a task of the course along x: [T+1, n], u: [T, m]."""
    z, off = np.concatenate([x[:-1], u], axis=1), x - task.goal
    F = differences(task.move, z, task.n) if task.xml is None else simulated(task.xml, x, u)
    C = np.tile(np.diag(np.concatenate([task.Q, task.R])), (len(u), 1, 1))
    c = np.concatenate([off[:-1] * task.Q, u * task.R], axis=1)
    return F, C, c, np.diag(task.Q_final), task.Q_final * off[-1]


@functools.lru_cache(maxsize=2)
def machine(xml: str):
    """Load a model of MuJoCo."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(xml)
    return model, mujoco.MjData(model)


def simulated(xml: str, x, u):
    """Let MuJoCo differentiate its own step along x: [T+1, n], u: [T, m]: F [T, n, d]."""
    import mujoco

    (model, data), n, m = machine(xml), x.shape[1], u.shape[1]
    A, B, F = np.zeros((n, n)), np.zeros((n, m)), np.full((len(u), n, n + m), np.nan)
    for t in range(len(u)):
        if not (np.abs(x[t]).max() <= 1e4 and np.abs(u[t]).max() <= 1e6):
            continue  # MuJoCo would start again at its first state, without a word
        data.qpos[:], data.qvel[:], data.ctrl[:], data.qacc_warmstart[:] = x[t, : model.nq], x[t, model.nq :], u[t], 0.0
        mujoco.mjd_transitionFD(model, data, 1e-6, True, A, B, None, None)
        F[t, :, :n], F[t, :, n:] = A, B
    return F
