"""Iterative LQR: a good trajectory of a nonlinear system, with the feedback that holds it.

    minimise over u_0 … u_{T-1}    J = sum over t < T of stage(x_t, u_t)  +  final(x_T)
    subject to                     x_{t+1} = step(x_t, u_t)    with x_0 given

Around a nominal trajectory, the lecture's hats, everything is written in deviations dx, du from it. The dynamics are
taken to first order and the cost to second, which makes an LQR problem; its policy is tried on the real system with
several step lengths alpha, and what it reaches is the next nominal trajectory:

    dx_{t+1} = F_t [dx_t; du_t]         no drift f_t, because the nominal trajectory obeys the real dynamics
    du_t     = K_t dx_t + alpha k_t

mu >= 0 regularises: it makes the matrix that has to be positive definite so, and steps smaller.

Notation: n states, m controls, d = n + m, T steps. A blocked matrix is ordered state first, control second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from expansion import Expansion, Gains, Solution

# dposv(A, B) -> (factor, X, info) solves A X = B by Cholesky; info is not 0 where A is not positive definite.
from scipy.linalg.lapack import dposv

ALPHAS = 0.5 ** np.arange(11)  # step lengths, the longest first
SUFFICIENT = 1e-4  # an accepted step brings at least this share of the expected decrease
SMALLEST, LARGEST = 1e-6, 1e10  # mu is 0 or between these
MORE, LESS = 10, 5  # mu is multiplied by the first after a failure, divided by the second after an accepted step


class Step(NamedTuple):
    """A trajectory that the line search accepted. x: [T+1, n], u: [T, m]; J: its cost."""

    x: np.ndarray
    u: np.ndarray
    J: float


def minimiser(Q_uu, Q_ux, q_u):
    """Find the du = K dx + k that minimises 1/2 du' Q_uu du + du' (Q_ux dx + q_u) for every dx at once.

    Q_uu: [m, m], regularised where that is wanted; Q_ux: [m, n]; q_u: [m].
    Returns K: [m, n], k: [m], or None if Q_uu is not positive definite: then there is no minimum.
    """
    # TODO 2.5: K and k with their minus signs, or None
    raise NotImplementedError("2.5")


def backward(E: Expansion, mu: float, minimiser: Callable = minimiser) -> Gains | None:
    """Compute the policy for the expansion E, from the end to the start.

    E: see expansion.py. mu: >= 0; added to the diagonal of every Q_uu, or to that of V_{t+1} within Q_uu AND Q_ux.
    minimiser: finds K_t and k_t, as the function above; the notebook's extension gives another one.
    Returns Gains, or None if a regularised Q_uu is not positive definite. V, v, linear and quadratic have no mu in
    them: they are what the policy is worth in the expansion as it is.
    """
    T, n, d = E.F.shape
    m = d - n
    K, k = np.full((T, m, n), np.nan), np.full((T, m), np.nan)
    V, v = np.full((T + 1, n, n), np.nan), np.full((T + 1, n), np.nan)
    linear = quadratic = 0.0
    # TODO 2.5: start with the cost of the last state; then one step at a time, back to t = 0
    raise NotImplementedError("2.5")
    return Gains(K, k, V, v, float(linear), float(quadratic))


def state_value(Q, q, K, k):
    """Put du = K dx + k into the action value, whether or not it is the minimiser.

    Q: [d, d], q: [d], the action value 1/2 dz' Q dz + dz' q of dz = [dx; du]; K: [m, n], k: [m], the policy.
    Returns V: [n, n], v: [n], the value 1/2 dx' V dx + dx' v.
    """
    # TODO 2.5: V and v for any K and k; the short formulas hold for the minimiser only
    raise NotImplementedError("2.5")


def expected_change(gains: Gains, alpha: float) -> float:
    """Return by how much a step of length alpha changes J if the expansion is right: negative is better."""
    # TODO 2.5: from gains.linear and gains.quadratic
    raise NotImplementedError("2.5")


def forward(x0, x, u, K, k, alpha: float, step: Callable):
    """Run the policy u_t = nominal u_t + alpha k_t + K_t (x_t - nominal x_t) in the real system.

    x0: [n], where to start. x: [T+1, n], u: [T, m], the nominal trajectory. K: [T, m, n], k: [T, m]: gains.
    step(x: [n], u: [m]) -> next state: [n]; it is called exactly once a time step, from the first to the last.
    Returns x: [T+1, n], u: [T, m], the new trajectory.
    """
    new_x, new_u = np.full(x.shape, np.nan), np.full(u.shape, np.nan)
    # TODO 2.5: start at x0; the deviation is that of the new state from the nominal one
    raise NotImplementedError("2.5")
    return new_x, new_u


def line_search(x, u, gains: Gains, J: float, step: Callable, cost: Callable) -> Step | None:
    """Try step lengths until one lowers the real cost by a fair share of what the expansion expects.

    x: [T+1, n], u: [T, m], the nominal trajectory; J: its cost. step: as in `forward`. cost(x, u) -> J.
    Returns the new trajectory with its cost, or None if no step length brings a sufficient decrease.
    """
    # TODO 2.5: the longest step first; accept the first whose decrease is sufficient
    raise NotImplementedError("2.5")


def ilqr(x0, u, step, cost, expand, *, backward=backward, iterations: int = 500, tolerance: float = 1e-9) -> Solution:
    """Improve the controls u until a full step with mu = 0 promises to lower J by no more than `tolerance` (1 + |J|).

    x0: [n]. u: [T, m], the controls to start with. step(x: [n], u: [m]) -> [n]. cost(x: [T+1, n], u: [T, m]) -> J.
    expand(x, u) -> Expansion; it is called once for each nominal trajectory. backward(E, mu) -> Gains or None.
    iterations: how many backward passes at most.
    Returns the Solution; J of its trajectories, the first of which is that of the controls u, never rises.
    """
    x, u, K, k = starting(x0, u, step)
    J, E, mu, converged = cost(x, u), None, 0.0, False
    costs = [J]
    for _ in range(iterations):
        # TODO 2.5: expand, backward pass, is little promised?, line search, next mu; stop or go on
        raise NotImplementedError("2.5")
    return Solution(x, u, K, k, np.array(costs), bool(converged))


def is_little(decrease: float, J: float, tolerance: float) -> bool:
    """Say whether a decrease of J is not worth another step."""
    return decrease <= tolerance * (1 + abs(J))


def next_mu(mu: float, accepted: bool) -> float:
    """Return the next mu: less after an accepted step, 0 if below SMALLEST; more after a failure, also from 0."""
    # TODO 2.5: MORE or LESS, SMALLEST, and 0
    raise NotImplementedError("2.5")


def starting(x0, u, step: Callable):
    """Roll out the controls u: [T, m] from x0: [n]. Returns x: [T+1, n], u, and gains K, k that are zero."""
    u = np.array(u, dtype=float)
    (T, m), n = u.shape, len(x0)
    K, k = np.zeros((T, m, n)), np.zeros((T, m))
    return *forward(x0, np.zeros((T + 1, n)), u, K, k, 0.0, step), K, k


def warm_start(x0, x, u, K, step: Callable):
    """Make the first nominal trajectory of the next plan out of the plan of the step before.

    x0: [n], the state that was observed. x: [T+1, n], u: [T, m], K: [T, m, n]: the old plan and its gains.
    Returns x: [T+1, n], u: [T, m]: the old plan from its second step on, its last control and gain used twice, rolled
    out in the real system from x0 with the old gains.
    """
    # TODO 2.5: shift the plan by one step; then run it as a policy
    raise NotImplementedError("2.5")
