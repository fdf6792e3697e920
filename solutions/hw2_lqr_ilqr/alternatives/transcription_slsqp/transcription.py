"""Dense matrices throughout, plain loops, and SLSQP as the solver."""

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix


def order(T, n, m):
    """Return where each unknown of (x_0, …, x_T, u_0, …, u_{T-1}) stands in w; x_0's are left out."""
    places = []
    for t in range(T):
        places += [(T + 1) * n + t * m + j for j in range(m)]
        places += [(t + 1) * n + i for i in range(n)]
    return places


def sensitivities(F):
    T, n, d = F.shape
    S = np.zeros((T + 1, n, T, d - n))
    for s in range(T):
        S[s + 1, :, s, :] = F[s][:, n:]
        for t in range(s + 1, T):
            S[t + 1, :, s, :] = F[t][:, :n] @ S[t, :, s, :]
    return S


def shooting_gradient(F, c, c_final):
    T, n, d = F.shape
    S = sensitivities(F)
    g = c[:, n:].copy()
    for s in range(T):
        for t in range(s + 1, T):
            g[s] += S[t, :, s, :].T @ c[t, :n]
        g[s] += S[T, :, s, :].T @ c_final
    return g


def shooting_hessian(E):
    T, n, d = E.F.shape
    m = d - n
    S = sensitivities(E.F)
    H = np.zeros((T * m, T * m))
    for i in range(T):
        for j in range(T):
            block = S[T, :, i].T @ E.C_final @ S[T, :, j]
            for t in range(T):
                block = block + S[t, :, i].T @ E.C[t, :n, :n] @ S[t, :, j]
            block = block + E.C[i, n:, :n] @ S[i, :, j] + S[j, :, i].T @ E.C[j, :n, n:]
            if i == j:
                block = block + E.C[i, n:, n:]
            H[i * m : (i + 1) * m, j * m : (j + 1) * m] = block
    return H


def defects(step, x, u):
    return np.array([x[t + 1] - step(x[t], u[t]) for t in range(len(u))])


def full_jacobian(F):
    T, n, d = F.shape
    m = d - n
    A = np.zeros((T * n, (T + 1) * n + T * m))
    for t in range(T):
        rows = slice(t * n, (t + 1) * n)
        A[rows, t * n : (t + 1) * n] = -F[t][:, :n]
        A[rows, (t + 1) * n : (t + 2) * n] += np.eye(n)
        A[rows, (T + 1) * n + t * m : (T + 1) * n + (t + 1) * m] = -F[t][:, n:]
    return A[:, order(T, n, m)]


def defect_jacobian(F):
    return csr_matrix(full_jacobian(F))


def constraint_curvature(D, multipliers):
    T, n, d, _ = D.shape
    total = np.zeros((T, d, d))
    for t in range(T):
        for i in range(n):
            total[t] -= multipliers[t, i] * D[t, i]
    return total


def full_hessian(E):
    T, n, d = E.F.shape
    m = d - n
    H = np.zeros(((T + 1) * n + T * m,) * 2)
    for t in range(T):
        z = [t * n + i for i in range(n)] + [(T + 1) * n + t * m + j for j in range(m)]
        H[np.ix_(z, z)] = E.C[t]
    H[T * n : (T + 1) * n, T * n : (T + 1) * n] = E.C_final
    places = order(T, n, m)
    return H[np.ix_(places, places)]


def kkt_matrix(E):
    H, A = full_hessian(E), full_jacobian(E.F)
    return np.block([[H, A.T], [A, np.zeros((len(A), len(A)))]])


def slope(E):
    T, n, d = E.F.shape
    full = np.concatenate([E.c[:, :n].ravel(), E.c_final, E.c[:, n:].ravel()])
    return full[order(T, n, d - n)]


def newton_step(E, gaps):
    T, n, d = E.F.shape
    solution = np.linalg.solve(kkt_matrix(E), np.concatenate([-slope(E), -gaps.ravel()]))
    rows = solution[: T * d].reshape(T, d)
    x = np.concatenate([np.zeros((1, n)), rows[:, d - n :]])
    return x, rows[:, : d - n], solution[T * d :].reshape(T, n)


def collocation(x0, x, u, step, stage, final, expand):
    T, m = u.shape
    n = len(x0)

    def apart(w):
        rows = w.reshape(T, m + n)
        return np.concatenate([x0[None], rows[:, m:]]), rows[:, :m]

    def cost(w):
        x, u = apart(w)
        return stage(x[:T], u).sum() + final(x[T])

    def broken(w):
        x, u = apart(w)
        return (x[1:] - step(x[:-1], u)).ravel()

    start = np.concatenate([u, x[1:]], axis=1).ravel()
    dynamics = {"type": "eq", "fun": broken, "jac": lambda w: full_jacobian(expand(*apart(w)).F)}
    found = minimize(
        cost,
        start,
        jac=lambda w: slope(expand(*apart(w))),
        constraints=[dynamics],
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    return apart(found.x)
