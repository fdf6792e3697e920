"""Single precision wherever numbers allow it: everything but the solver of the whole problem."""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import NonlinearConstraint, minimize

SINGLE = np.float32


def sensitivities(F):
    F = F.astype(SINGLE)
    T, n, d = F.shape
    S = np.zeros((T + 1, n, T, d - n), dtype=SINGLE)
    for t in range(T):
        S[t + 1] = np.einsum("ij,jsm->ism", F[t, :, :n], S[t])
        S[t + 1, :, t] = F[t, :, n:]
    return S


def shooting_gradient(F, c, c_final):
    F, c, costate = F.astype(SINGLE), c.astype(SINGLE), c_final.astype(SINGLE)
    n, g = F.shape[1], np.zeros((len(F), F.shape[2] - F.shape[1]), dtype=SINGLE)
    for t in range(len(F) - 1, -1, -1):
        slope = c[t] + costate @ F[t]
        costate, g[t] = slope[:n], slope[n:]
    return g


def shooting_hessian(E):
    T, n, d = E.F.shape
    S = sensitivities(E.F).reshape(T + 1, n, -1)
    U = np.eye(S.shape[2], dtype=SINGLE).reshape(T, d - n, -1)
    H = S[T].T @ E.C_final.astype(SINGLE) @ S[T]
    for t in range(T):
        Z = np.concatenate([S[t], U[t]])
        H = H + Z.T @ E.C[t].astype(SINGLE) @ Z
    return H


def defects(step, x, u):
    return (x[1:] - step(x[:-1], u)).astype(SINGLE)


def jacobian(F):
    T, n, d = F.shape
    blocks = [[None] * T for _ in range(T)]
    for t in range(T):
        blocks[t][t] = np.hstack([-F[t, :, n:], np.eye(n)])
        if t:
            blocks[t][t - 1] = np.hstack([np.zeros((n, d - n)), -F[t, :, :n]])
    return sp.bmat(blocks, format="csr") if T > 1 else sp.csr_matrix(blocks[0][0])


def defect_jacobian(F):
    A = jacobian(F).astype(SINGLE)
    A.eliminate_zeros()
    return A


def constraint_curvature(D, multipliers):
    return -np.einsum("tijk,ti->tjk", D.astype(SINGLE), multipliers.astype(SINGLE))


def hessian(blocks, last):
    n = len(last)
    return sp.block_diag([blocks[0][n:, n:], *blocks[1:], last], format="csr")


def kkt_matrix(E):
    H, A = hessian(E.C, E.C_final), jacobian(E.F)
    return sp.bmat([[H, A.T], [A, None]], format="csr").astype(SINGLE)


def newton_step(E, gaps):
    T, n, d = E.F.shape
    right = np.concatenate([E.c.ravel(), E.c_final, gaps.ravel()])[n:].astype(SINGLE)
    solution = -np.linalg.solve(kkt_matrix(E).toarray(), right)
    rows = solution[: T * d].reshape(T, d)
    return np.vstack([np.zeros((1, n), SINGLE), rows[:, d - n :]]), rows[:, : d - n], solution[T * d :].reshape(T, n)


def collocation(x0, x, u, step, stage, final, expand):
    T, m = u.shape
    n = len(x0)

    def apart(w):
        rows = w.reshape(T, m + n)
        return np.vstack([x0, rows[:, m:]]), rows[:, :m]

    def cost(w):
        x, u = apart(w)
        return sum(float(stage(x[t], u[t])) for t in range(T)) + float(final(x[T]))

    def gradient(w):
        E = expand(*apart(w))
        return np.concatenate([E.c.ravel(), E.c_final])[n:]

    def bent(w, multipliers):
        D = expand(*apart(w)).D
        return hessian(-np.einsum("tijk,ti->tjk", D, multipliers.reshape(T, n)), np.zeros((n, n)))

    def broken(w):
        x, u = apart(w)
        return np.ravel([x[t + 1] - step(x[t], u[t]) for t in range(T)])

    dynamics = NonlinearConstraint(broken, 0, 0, jac=lambda w: jacobian(expand(*apart(w)).F), hess=bent)
    start = np.hstack([u, x[1:]]).ravel()
    options = {"maxiter": 300, "gtol": 1e-6}
    return apart(
        minimize(
            cost,
            start,
            method="trust-constr",
            jac=gradient,
            hess=lambda w: hessian(expand(*apart(w)).C, expand(*apart(w)).C_final),
            constraints=dynamics,
            options=options,
        ).x
    )
