"""Differential dynamic programming: the backward pass of iLQR with the dynamics to second order, and Newton's method.

    minimise over u_0 … u_{T-1}    J = sum over t = 0 … T-1 of stage(x_t, u_t)  +  final(x_T)
    subject to                     x_{t+1} = step(x_t, u_t)        with x_0 given

Around a nominal trajectory, in deviations dz = [dx; du] from it, component i of the next state is

    dx_{t+1, i}  =  (F_t dz)_i  +  1/2 dz' D_{t,i} dz  +  terms of third order.

iLQR drops the second term. But the cost to come has a slope, and a slope times a quadratic is a quadratic:

    v_{t+1}' dx_{t+1}  =  (F_t' v_{t+1})' dz  +  1/2 dz' ( sum_i v_{t+1,i} D_{t,i} ) dz,

so it belongs into Q_t, which collects everything of second order. Which slope v is put there is all that tells the
two methods of this file apart:

    DDP       the slope of the value function, as the backward pass finds it
    Newton    the costate lambda, the slope of J in x_{t+1} with all later controls held at their nominal values

Notation: n states, m controls, d = n + m, T steps, the state first in every block. The nominal trajectory obeys the
real dynamics, so no constant is left in dx_{t+1}. All arrays in double precision.
"""

from __future__ import annotations

import numpy as np
from expansion import Expansion, Gains


def curvature(D_t, v_next):
    """Contract the second derivatives of the dynamics with a slope: the Hessian of v_next' step(z).

    D_t: [n, d, d], D_t[i] is the Hessian of component i of the next state. v_next: [n], a slope in the next state.
    Returns [d, d], symmetric.
    """
    # BEGIN SOLUTION 2.6: the sum over the components i of the next state
    return np.einsum("i,ijk->jk", v_next, D_t)
    # END SOLUTION


def minimiser(Q_uu, Q_ux, q_u):
    """Find the du = K dx + k that minimises 1/2 du'Q_uu du + du'(Q_ux dx + q_u) for every dx at once, as in 2.5.

    Q_uu: [m, m], regularised where that is wanted; Q_ux: [m, n]; q_u: [m].
    Returns K: [m, n], k: [m], or None if Q_uu is not positive definite: then there is no minimum.
    """
    # BEGIN SOLUTION 2.6: your code from 2.5, or a new one: K and k with their minus signs, or None
    try:
        np.linalg.cholesky(Q_uu)
    except np.linalg.LinAlgError:
        return None
    return -np.linalg.solve(Q_uu, Q_ux), -np.linalg.solve(Q_uu, q_u)
    # END SOLUTION


def state_value(Q, q, K, k):
    """Put du = K dx + k into 1/2 dz'Q dz + dz'q, whether or not it minimises that, as in 2.5.

    Q: [d, d], q: [d], K: [m, n], k: [m].
    Returns V: [n, n], v: [n], the value 1/2 dx'V dx + dx'v.
    """
    # BEGIN SOLUTION 2.6: your code from 2.5: all four terms of V, all four of v
    n = K.shape[1]
    V = Q[:n, :n] + Q[:n, n:] @ K + K.T @ Q[n:, :n] + K.T @ Q[n:, n:] @ K
    v = q[:n] + Q[:n, n:] @ k + K.T @ q[n:] + K.T @ Q[n:, n:] @ k
    return V, v
    # END SOLUTION


def backward(E: Expansion, mu) -> Gains | None:
    """Do the backward pass of iLQR with the second-order term of the dynamics in every Q_t.

    E: the Expansion along the nominal trajectory; E.D [T, n, d, d] must be given. mu: >= 0, regularisation of the
    gains: Q_uu + mu I, or V_{t+1} + mu I in both Q_uu and Q_ux. V, v, linear and quadratic are made without mu.
    Returns the Gains (see expansion.py), or None if the regularised Q_uu of some step is not positive definite.
    """
    T, n, d = E.F.shape
    m = d - n
    # NaN, not zero: an entry that was forgotten shows.
    K, k = np.full((T, m, n), np.nan), np.full((T, m), np.nan)
    V, v = np.full((T + 1, n, n), np.nan), np.full((T + 1, n), np.nan)
    linear, quadratic = 0.0, 0.0
    # BEGIN SOLUTION 2.6: from the final cost back to t = 0; stop with None where no gains are found
    V[T], v[T] = E.C_final, E.c_final
    for t in reversed(range(T)):
        Q = E.C[t] + E.F[t].T @ V[t + 1] @ E.F[t] + curvature(E.D[t], v[t + 1])
        q = E.c[t] + E.F[t].T @ v[t + 1]
        found = minimiser(Q[n:, n:] + mu * np.eye(m), Q[n:, :n], q[n:])
        if found is None:
            return None
        K[t], k[t] = found
        V[t], v[t] = state_value(Q, q, K[t], k[t])
        linear += k[t] @ q[n:]
        quadratic += k[t] @ Q[n:, n:] @ k[t]
    # END SOLUTION
    return Gains(K, k, V, v, float(linear), float(quadratic))


def costates(E: Expansion):
    """Find the slope of J in every state of the nominal trajectory, all later controls held at their nominal values.

    E: the Expansion along the nominal trajectory.
    Returns lam: [T+1, n]; lam[T] is the slope of the final cost.
    """
    T, n, _ = E.F.shape
    lam = np.full((T + 1, n), np.nan)
    # BEGIN SOLUTION 2.6: backwards; x_t costs in step t, and it moves x_{t+1}
    lam[T] = E.c_final
    for t in reversed(range(T)):
        lam[t] = E.c[t, :n] + E.F[t, :, :n].T @ lam[t + 1]
    # END SOLUTION
    return lam


def newton_direction(E: Expansion):
    """Find the exact Newton step of J as a function of the whole control sequence u_0 … u_{T-1}.

    E: the Expansion along the nominal trajectory; E.D [T, n, d, d] must be given. The Hessian of J must be invertible;
    if it is not positive definite, the step leads to a stationary point of the quadratic that is no minimum.
    Returns du: [T, m], with H du = -g for the gradient g and the Hessian H of J in all controls.
    """
    T, n, d = E.F.shape
    du = np.full((T, d - n), np.nan)
    # BEGIN SOLUTION 2.6: one sweep back, without mu and without a test of Q_uu; one forward, in the linear model
    K, k, dx = np.full((T, d - n, n), np.nan), np.full((T, d - n), np.nan), np.zeros(n)
    lam, V, v = costates(E), E.C_final, E.c_final
    for t in reversed(range(T)):
        Q = E.C[t] + E.F[t].T @ V @ E.F[t] + curvature(E.D[t], lam[t + 1])
        q = E.c[t] + E.F[t].T @ v
        K[t], k[t] = -np.linalg.solve(Q[n:, n:], Q[n:, :n]), -np.linalg.solve(Q[n:, n:], q[n:])
        V, v = state_value(Q, q, K[t], k[t])
    for t in range(T):
        du[t] = K[t] @ dx + k[t]
        dx = E.F[t] @ np.concatenate([dx, du[t]])
    # END SOLUTION
    return du
