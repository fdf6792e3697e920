"""What the files of this homework hand to each other: derivatives along a trajectory, gains, and a solution.

Notation: n states, m controls, d = n + m, T steps; z = [x; u], the state first. Around a nominal trajectory everything
is in deviations from it: dx = x - x_nominal, du = u - u_nominal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Expansion(NamedTuple):
    """The dynamics to first order, and the cost to second, along a nominal trajectory.

    F: [T, n, d], derivatives of the next state: dx_{t+1} = F_t dz_t.
    C: [T, d, d], symmetric, c: [T, d], the cost of step t: 1/2 dz_t' C_t dz_t + dz_t' c_t, constants dropped.
    C_final: [n, n], c_final: [n], the same of the cost of the last state x_T.
    D: [T, n, d, d], second derivatives of the dynamics: D[t, i] is the Hessian of component i of x_{t+1}; only DDP and
    Newton's method need it, elsewhere it is None.
    """

    F: np.ndarray
    C: np.ndarray
    c: np.ndarray
    C_final: np.ndarray
    c_final: np.ndarray
    D: np.ndarray | None = None


class Gains(NamedTuple):
    """The result of a backward pass: the policy du_t = K_t dx_t + alpha k_t, and what it is worth.

    K: [T, m, n], k: [T, m].  V: [T+1, n, n], v: [T+1, n], the value 1/2 dx_t' V_t dx_t + dx_t' v_t of this policy.
    linear, quadratic: a step of length alpha is expected to change J by alpha linear + alpha^2 / 2 quadratic.
    """

    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray
    linear: float
    quadratic: float


class Solution(NamedTuple):
    """A trajectory with the feedback that holds it; only if `converged` it is one that no small change improves.

    x: [T+1, n], u: [T, m].  K: [T, m, n], k: [T, m], gains of the last backward pass that found any.
    costs: [accepted + 1], J of the first trajectory, and after every accepted step, which not every pass brings.
    converged: whether a full step with mu = 0 promised to lower J by no more than tolerance (1 + |J|).
    """

    x: np.ndarray
    u: np.ndarray
    K: np.ndarray
    k: np.ndarray
    costs: np.ndarray
    converged: bool
