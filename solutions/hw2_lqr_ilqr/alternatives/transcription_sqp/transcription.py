"""Newton-KKT steps with a line search on a merit function; matrices are filled block by block."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg


class Answer(NamedTuple):
    x: np.ndarray
    u: np.ndarray
    multipliers: np.ndarray


def sensitivities(F):
    T, n, d = F.shape
    now, S = np.zeros((n, T * (d - n))), []
    for t in range(T):
        S.append(now)
        now = F[t, :, :n] @ now
        now[:, t * (d - n) : (t + 1) * (d - n)] += F[t, :, n:]
    return np.array([*S, now]).reshape(T + 1, n, T, d - n)


def shooting_gradient(F, c, c_final):
    n, g = F.shape[1], []
    p = c_final
    for F_t, c_t in zip(F[::-1], c[::-1], strict=True):
        g.insert(0, c_t[n:] + F_t[:, n:].T @ p)
        p = c_t[:n] + F_t[:, :n].T @ p
    return np.array(g)


def shooting_hessian(E):
    T, n, d = E.F.shape
    m = d - n
    S = sensitivities(E.F)
    Z = np.zeros((T, d, T, m))
    Z[:, :n] = S[:T]
    for t in range(T):
        Z[t, n:, t] = np.eye(m)
    Z, last = Z.reshape(T, d, T * m), S[T].reshape(n, T * m)
    return np.einsum("tia,tij,tjb->ab", Z, E.C, Z) + last.T @ E.C_final @ last


def defects(step, x, u):
    return x[1:] - step(x[:-1], u)


def defect_jacobian(F):
    T, n, d = F.shape
    m = d - n
    A = sp.lil_matrix((T * n, T * d))
    for t in range(T):
        rows = slice(t * n, (t + 1) * n)
        A[rows, t * d : t * d + m] = -F[t, :, n:]
        A[rows, t * d + m : (t + 1) * d] = np.eye(n)
        if t > 0:
            A[rows, t * d - n : t * d] = -F[t, :, :n]
    return A


def constraint_curvature(D, multipliers):
    return -(D * multipliers[:, :, None, None]).sum(axis=1)


def hessian(C, C_final):
    T, d, _ = C.shape
    n = len(C_final)
    H = sp.lil_matrix((T * d, T * d))
    H[: d - n, : d - n] = C[0, n:, n:]
    for t in range(1, T):
        H[t * d - n : (t + 1) * d - n, t * d - n : (t + 1) * d - n] = C[t]
    H[T * d - n :, T * d - n :] = C_final
    return H


def saddle(H, A):
    return sp.bmat([[H, A.T], [A, None]], format="csc")


def kkt_matrix(E):
    return saddle(hessian(E.C, E.C_final), defect_jacobian(E.F))


def solve(E, gaps, H):
    T, n, d = E.F.shape
    right = -np.concatenate([E.c.ravel()[n:], E.c_final, gaps.ravel()])
    solution = scipy.sparse.linalg.splu(saddle(H, defect_jacobian(E.F))).solve(right)
    rows = solution[: T * d].reshape(T, d)
    x = np.zeros((T + 1, n))
    x[1:] = rows[:, d - n :]
    return Answer(x, rows[:, : d - n], solution[T * d :].reshape(T, n))


def newton_step(E, gaps):
    return solve(E, gaps, hessian(E.C, E.C_final))


def collocation(x0, x, u, step, stage, final, expand):
    x, weight = np.concatenate([x0[None], x[1:]]), 0.0

    def merit(x, u):
        cost = float(stage(x[:-1], u).sum() + final(x[-1]))
        return cost + weight * np.abs(defects(step, x, u)).sum()

    for _ in range(300):
        E, gaps = expand(x, u), defects(step, x, u)
        by = newton_step(E, gaps)
        weight = max(weight, 2 * np.abs(by.multipliers).max())
        before, share = merit(x, u), 1.0
        promised = (E.c * np.hstack([by.x[:-1], by.u])).sum() + E.c_final @ by.x[-1] - weight * np.abs(gaps).sum()
        while merit(x + share * by.x, u + share * by.u) > before + 1e-4 * share * promised and share > 1e-8:
            share /= 2
        x, u = x + share * by.x, u + share * by.u
        if max(np.abs(by.x).max(), np.abs(by.u).max()) < 1e-8:
            break
    return x, u
