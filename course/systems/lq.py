"""Linear dynamics and quadratic cost, both changing with time.

    minimise    sum_{t<T}  1/2 z_t' C_t z_t + z_t' c_t,      z_t = [x_t; u_t]
    subject to  x_{t+1} = F_t z_t + f_t,                     x_0 given

There are T stage costs, t = 0 .. T-1; x_T itself costs nothing. Notation: n states, m controls, T steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class LQProblem(NamedTuple):
    """F: [T, n, n+m].  f: [T, n].  C: [T, n+m, n+m] symmetric, its uu block positive definite.  c: [T, n+m].
    x0: [n].
    """

    F: np.ndarray
    f: np.ndarray
    C: np.ndarray
    c: np.ndarray
    x0: np.ndarray


def total_cost(problem: LQProblem, x: np.ndarray, u: np.ndarray) -> float:
    """Return the cost of a trajectory.

    Args:
        x: [T+1, n] states, of which the last costs nothing.
        u: [T, m] controls.
    """
    T, n = problem.f.shape
    m = problem.F.shape[2] - n
    if np.shape(x) != (T + 1, n) or np.shape(u) != (T, m):
        raise ValueError(
            f"total_cost: x has shape {np.shape(x)} and u {np.shape(u)}, "
            f"expected ({T + 1}, {n}) = [T+1, n] and ({T}, {m}) = [T, m]"
        )
    z = np.concatenate([x[:T], u], axis=1)
    return float(0.5 * np.einsum("ti,tij,tj->", z, problem.C, z) + np.sum(z * problem.c))


def tracking_cost(weights: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return C [T, n+m, n+m] and c [T, n+m] of the cost 1/2 sum_i weights_i (z_i - target_i)^2.

    The constant 1/2 target' W target is left out: it moves no minimiser, but costs can be negative for it.

    Args:
        weights: [n+m] or [T, n+m], how much the square of each deviation costs.
        target: [T, n+m] desired states and controls.
    """
    weights = np.broadcast_to(weights, target.shape)
    return weights[:, :, None] * np.eye(target.shape[1]), -weights * target


def zero_order_hold(A: np.ndarray, B: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact step of dx/dt = A x + B u, with u held constant for `step` seconds.

    Args:
        A: [n, n], 1/s.
        B: [n, m].

    Returns:
        A_d: [n, n] and B_d: [n, m], with x(t + step) = A_d x(t) + B_d u.

    Both are blocks of exp([[A, B], [0, 0]] step) (Van Loan 1978, doi:10.1109/TAC.1978.1101743), summed as a
    Taylor series of a matrix halved until the series is short, and squared as often afterwards.
    """
    n, m = B.shape
    M = np.zeros((n + m, n + m))
    M[:n] = np.concatenate([A, B], axis=1) * step
    halvings = max(0, int(np.ceil(np.log2(max(np.abs(M).sum(axis=1).max(), 1e-300)))) + 2)
    M /= 2.0**halvings
    term = result = np.eye(n + m)
    for k in range(1, 16):  # the norm is at most 1/4, so the first term left out is below 1e-22
        term = term @ M / k
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result[:n, :n], result[:n, n:]


def random_problem(rng: np.random.Generator, n: int, m: int, T: int) -> LQProblem:
    """Draw a problem in which every term matters: affine, time-varying, with cross terms between x and u.

    The dynamics neither grow nor die (spectral norms of the state's part between 0.8 and 1.1), and C has
    eigenvalues between 0.5 and about 4, so that rounding stays small and a solution in single precision is
    right to 1e-4.
    """
    A = rng.normal(size=(T, n, n))
    A *= rng.uniform(0.8, 1.1, size=(T, 1, 1)) / np.linalg.norm(A, ord=2, axis=(1, 2), keepdims=True)
    B = rng.normal(size=(T, n, m)) / np.sqrt(n)
    G = rng.normal(size=(T, n + m, n + m)) / np.sqrt(n + m)
    return LQProblem(
        F=np.concatenate([A, B], axis=2),
        f=rng.normal(size=(T, n)),
        C=G @ np.swapaxes(G, 1, 2) + 0.5 * np.eye(n + m),
        c=rng.normal(size=(T, n + m)),
        x0=rng.normal(size=n),
    )
