"""Sparse matrices from rows, columns and values; trust-constr without second derivatives of the dynamics."""

import numpy as np
from scipy.optimize import NonlinearConstraint, minimize
from scipy.sparse import coo_matrix, csr_array, vstack


def sensitivities(F):
    T, n, d = F.shape
    S = np.zeros((T + 1, n, T, d - n))
    for t in range(T):
        S[t + 1] = np.tensordot(F[t, :, :n], S[t], axes=1)
        S[t + 1, :, t] += F[t, :, n:]
    return S


def shooting_gradient(F, c, c_final):
    T, n, d = F.shape
    S = sensitivities(F)
    ends = np.concatenate([c[:, :n], c_final[None]])
    return c[:, n:] + np.einsum("ti,tism->sm", ends, S)


def shooting_hessian(E):
    T, n, d = E.F.shape
    size = T * (d - n)
    S = sensitivities(E.F).reshape(T + 1, n, size)
    U = np.eye(size).reshape(T, d - n, size)
    Z = np.concatenate([S[:T], U], axis=1)
    H = np.swapaxes(Z, 1, 2) @ E.C @ Z
    return H.sum(axis=0) + S[T].T @ E.C_final @ S[T]


def defects(step, x, u):
    return -(step(x[:-1], u) - x[1:])


def triplets(blocks, row, column):
    """Return rows, columns, values of blocks [N, a, b] whose corners are at row [N], column [N]."""
    N, a, b = blocks.shape
    rows = np.broadcast_to(row[:, None, None] + np.arange(a)[:, None], blocks.shape)
    columns = np.broadcast_to(column[:, None, None] + np.arange(b), blocks.shape)
    return rows.ravel(), columns.ravel(), blocks.ravel()


def assemble(shape, *parts):
    rows, columns, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    return coo_matrix((values, (rows, columns)), shape=shape)


def jacobian_parts(F, row=0, column=0, flip=False):
    T, n, d = F.shape
    m, at = d - n, np.arange(T)
    parts = [
        triplets(-F[:, :, n:], row + at * n, column + at * d),
        triplets(np.tile(np.eye(n), (T, 1, 1)), row + at * n, column + at * d + m),
        triplets(-F[1:, :, :n], row + at[1:] * n, column + at[1:] * d - n),
    ]
    return [(c, r, v) if flip else (r, c, v) for r, c, v in parts]


def hessian_parts(C, C_final):
    T, d, _ = C.shape
    n = len(C_final)
    return [
        triplets(C[:1, n:, n:], np.zeros(1, int), np.zeros(1, int)),
        triplets(C[1:], np.arange(1, T) * d - n, np.arange(1, T) * d - n),
        triplets(C_final[None], np.array([T * d - n]), np.array([T * d - n])),
    ]


def defect_jacobian(F):
    T, n, d = F.shape
    return assemble((T * n, T * d), *jacobian_parts(F))


def constraint_curvature(D, multipliers):
    return np.stack([-np.tensordot(multipliers[t], D[t], axes=1) for t in range(len(D))])


def kkt_matrix(E):
    T, n, d = E.F.shape
    size = T * (d + n)
    lower, upper = jacobian_parts(E.F, T * d), jacobian_parts(E.F, T * d, flip=True)
    return assemble((size, size), *hessian_parts(E.C, E.C_final), *lower, *upper).tocsr()


def newton_step(E, gaps):
    T, n, d = E.F.shape
    right = np.concatenate([E.c[0, n:], E.c[1:].ravel(), E.c_final, np.ravel(gaps)])
    solution = np.linalg.lstsq(kkt_matrix(E).toarray(), -right, rcond=None)[0]
    rows = solution[: T * d].reshape(T, d)
    x = np.vstack([np.zeros(n), rows[:, d - n :]])
    return x, rows[:, : d - n], solution[T * d :].reshape(T, n)


def collocation(x0, x, u, step, stage, final, expand):
    T, m = u.shape
    n, d = len(x0), len(x0) + m

    def apart(w):
        rows = w.reshape(T, d)
        return np.vstack([x0, rows[:, m:]]), rows[:, :m]

    def cost(w):
        x, u = apart(w)
        return sum(stage(x[:-1], u)) + final(x[-1])

    def gradient(w):
        E = expand(*apart(w))
        return np.hstack([E.c[0, n:], E.c[1:].ravel(), E.c_final])

    def hessian(w):
        E = expand(*apart(w))
        return assemble((T * d, T * d), *hessian_parts(E.C, E.C_final)).tocsr()

    dynamics = NonlinearConstraint(
        lambda w: defects(step, *apart(w)).ravel(),
        np.zeros(T * n),
        np.zeros(T * n),
        jac=lambda w: csr_array(vstack([defect_jacobian(expand(*apart(w)).F)])),
        hess=lambda w, v: csr_array((T * d, T * d)),
    )
    start = np.hstack([u, x[1:]]).ravel()
    options = {"maxiter": 2000, "gtol": 1e-7, "xtol": 1e-10}
    found = minimize(
        cost, start, jac=gradient, hess=hessian, method="trust-constr", constraints=[dynamics], options=options
    )
    _, u = apart(found.x)
    x = [x0]
    for control in u:
        x.append(step(x[-1], control))
    return np.array(x), u
