"""Two ways to write one problem for a solver: shooting, and collocation (direct transcription).

    minimise    J = sum_{t<T} stage(x_t, u_t) + final(x_T)      with  x_{t+1} = step(x_t, u_t)  and x_0 given

Shooting keeps the controls as the only unknowns: the states follow from a roll-out, and J is a function of
u_0 … u_{T-1}. Its derivatives carry products of up to T-1 Jacobians. Collocation keeps the states as unknowns too, and
the dynamics as T n equations, defects = 0. There are more unknowns, each equation knows its two neighbours only, and
nothing is multiplied along time.

Notation: n states, m controls, d = n + m, T steps; z_t = [x_t; u_t], the state first. The unknowns of collocation stand
in one vector w, in the order of time. x_0 is known and not among them, so that control and state seem to change places:

    w = (u_0, x_1, u_1, x_2, …, u_{T-1}, x_T) = (u_0, z_1, …, z_{T-1}, x_T)        T d numbers

The Lagrangian is J + sum_t multipliers_t' defects_t. Derivatives around a trajectory come in an `Expansion`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from expansion import Expansion
from scipy.optimize import NonlinearConstraint, minimize
from scipy.sparse.linalg import spsolve

METHOD = "trust-constr"  # the one in SciPy that keeps sparse matrices sparse
OPTIONS = {"maxiter": 1000, "gtol": 1e-8, "xtol": 1e-10}


class Step(NamedTuple):
    """A step of all unknowns. x: [T+1, n], where x[0] is zero; u: [T, m]; multipliers: [T, n], the new ones."""

    x: np.ndarray
    u: np.ndarray
    multipliers: np.ndarray


def stacked(z, x_T):
    """Put z: [T, d], something for every [x_t; u_t], and x_T: [n], the same for the last state, into the order of w.

    Returns [T d]; the first n numbers, those of x_0, are left out.
    """
    return np.concatenate([np.ravel(z), x_T])[len(x_T) :]


def pack(x, u):
    """Return the unknowns w: [T d] of a trajectory x: [T+1, n], u: [T, m]."""
    return stacked(np.concatenate([x[:-1], u], axis=1), x[-1])


def unpack(w, x0, m):
    """Return x: [T+1, n], u: [T, m] of the unknowns w: [T d] and the first state x0: [n]."""
    rows = np.reshape(w, (-1, m + len(x0)))  # row t is [u_t; x_{t+1}]
    return np.vstack([x0, rows[:, m:]]), rows[:, :m]


def block_diagonal(blocks, last):
    """Put blocks: [T, d, d], one for each z_t, and last: [n, n], for x_T, on the diagonal of a sparse matrix.

    Returns [T d, T d] in the order of w: the rows and columns of x_0 are left out.
    """
    n = len(last)
    return sp.block_diag([*map(sp.coo_array, blocks), sp.coo_array(last)], format="csr")[n:, n:]


# ---------------------------------------------------------------- shooting


def sensitivities(F):
    """Find how every state moves with every control, to first order.

    F: [T, n, d], derivatives of the next state: dx_{t+1} = F_t [dx_t; du_t].
    Returns S: [T+1, n, T, m], where S[t, :, s, :] is the derivative of x_t with respect to u_s.
    """
    T, n, d = F.shape
    S = np.zeros((T + 1, n, T, d - n))
    # TODO 2.7: from one time to the next: what moved before goes on moving, and u_t comes in
    raise NotImplementedError("2.7")


def shooting_gradient(F, c, c_final):
    """Find the gradient of J as a function of the controls alone, in one pass backwards through time.

    F: [T, n, d], derivatives of the next state along the trajectory. c: [T, d], gradient of each stage cost;
    c_final: [n], gradient of the final cost.
    Returns g: [T, m], g[t] = dJ/du_t, where every later state follows the dynamics.
    """
    T, n, d = F.shape
    g = np.full((T, d - n), np.nan)
    # TODO 2.7: the costate starts as the slope of the final cost; each step adds the slope of its own cost
    raise NotImplementedError("2.7")
    return g


def shooting_hessian(E: Expansion):
    """Find the second derivatives of J as a function of the controls alone, without those of the dynamics.

    E: the Expansion along the trajectory; F, C and C_final are used. Exact for linear dynamics, else the Gauss-Newton
    part. Returns H: [T m, T m], dense and symmetric; rows and columns are ordered u_0, u_1, …, all of u_0 first.
    """
    T, n, d = E.F.shape
    # TODO 2.7: sum Z_t' C_t Z_t, where Z_t = [dx_t; du_t]/du, and what the last state adds
    raise NotImplementedError("2.7")


# ---------------------------------------------------------------- collocation


def defects(step: Callable, x, u):
    """Find by how much a trajectory breaks the dynamics: zero if and only if it is a roll-out.

    step(x: [T, n], u: [T, m]) -> [T, n]: the next states of many states at once. x: [T+1, n], u: [T, m].
    Returns [T, n]: the state that comes next, minus the state that should.
    """
    # TODO 2.7: x_{t+1} - step(x_t, u_t), for all t
    raise NotImplementedError("2.7")


def defect_jacobian(F):
    """Find the derivatives of the defects with respect to all unknowns, as a sparse matrix.

    F: [T, n, d], derivatives of the next state along the trajectory.
    Returns A: sparse [T n, T d]: row block t belongs to defects_t; columns in the order of w, without x_0.
    """
    T, n, d = F.shape
    # TODO 2.7: an identity where x_{t+1} stands, minus F_t where z_t stands; x_0 has no columns
    raise NotImplementedError("2.7")


def constraint_curvature(D, multipliers):
    """Find the second derivatives of sum_t multipliers_t' defects_t, one block for each z_t.

    D: [T, n, d, d], D[t, i] is the Hessian of component i of step at z_t. multipliers: [T, n].
    Returns [T, d, d]. Blocks of different times would be zero, and x_{t+1} enters its defect linearly.
    """
    # TODO 2.7: which sign has step in the defects?
    raise NotImplementedError("2.7")


def kkt_matrix(E: Expansion):
    """Build the matrix of the optimality conditions: H and A are made of E.C, E.C_final and E.F.

    Returns a sparse, symmetric matrix [[H, A'], [A, 0]] of T d + T n rows: first the unknowns in the order of w, then
    the multipliers. H: [T d, T d] has the second derivatives of J as a function of w, A is the defects' Jacobian.
    """
    # TODO 2.7: H stands on the diagonal of time, A is the function above
    raise NotImplementedError("2.7")


def newton_step(E: Expansion, gaps) -> Step:
    """Solve the problem as E describes it, linear and quadratic, in one sparse linear system.

    E: the Expansion along a trajectory, which need not be a roll-out; gaps: [T, n], its defects.
    Returns the Step that leads to the least cost among those that close the gaps.
    """
    T, n, d = E.F.shape
    # TODO 2.7: K [dw; multipliers] = -[gradient; gaps], the gradient in the order of w
    raise NotImplementedError("2.7")


def remembering(function: Callable) -> Callable:
    """Return function(w) with a memory for the last w: a solver asks for each derivative at one point separately."""
    last = []

    def answer(w):
        if not last or not np.array_equal(last[0], w):
            last[:] = np.array(w), function(w)
        return last[1]

    return answer


def collocation(x0, x, u, step: Callable, stage: Callable, final: Callable, expand: Callable):
    """Hand the whole problem, states and controls, to a solver for sparse nonlinear programs.

    x0: [n], first state. x: [T+1, n], u: [T, m], a guess; it need not obey the dynamics, and x[0] is not used.
    step(x: [T, n], u: [T, m]) -> [T, n]; stage(x: [T, n], u: [T, m]) -> [T]; final(x: [n]) -> a number;
    expand(x: [T+1, n], u: [T, m]) -> Expansion at any trajectory, with D.
    Returns x: [T+1, n], u: [T, m]: a local minimum of J whose defects vanish, with x[0] = x0.
    """
    T, m = u.shape
    n = len(x0)
    derivatives = remembering(lambda w: expand(*unpack(w, x0, m)))

    def cost(w):
        x, u = unpack(w, x0, m)
        return float(np.sum(stage(x[:-1], u)) + final(x[-1]))

    def gradient(w):
        return stacked(derivatives(w).c, derivatives(w).c_final)

    def hessian(w):
        return block_diagonal(derivatives(w).C, derivatives(w).C_final)

    # TODO 2.7: the defects as functions of w, with Jacobian and curvature; then minimize, from the guess
    raise NotImplementedError("2.7")
