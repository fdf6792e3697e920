"""The linear-quadratic regulator: the best controls for linear dynamics and a quadratic cost.

    minimise over u_0 … u_{T-1}    sum over t = 0 … T-1 of    1/2 z_t' C_t z_t + z_t' c_t
    subject to                     x_{t+1} = F_t z_t + f_t        with z_t = [x_t; u_t] and x_0 given

Looking back from the end, the cost still to come is quadratic in the state, so that one symmetric matrix and
one vector a step carry everything there is to know about the future (constants are dropped throughout):

    value          V(x_t)      = 1/2 x_t' V_t x_t + x_t' v_t          the least cost from t on
    action value   Q(x_t, u_t) = 1/2 z_t' Q_t z_t + z_t' q_t          cost of u_t now, the best controls after
    policy         u_t         = K_t x_t + k_t                        the u_t that minimises Q(x_t, u_t)

Time is counted from 0. There are T stage costs, t = 0 … T-1, and no cost follows the last, hence V_T = 0 and
v_T = 0. The lecture counts from 1: its C_1 … C_T are C[0] … C[T-1] here, its V_{T+1} = 0 is V[T].

Notation: n states, m controls. A blocked matrix is ordered state first, control second, for instance
Q = [[Q_xx, Q_xu], [Q_ux, Q_uu]] with Q_xx [n, n] and Q_ux [m, n]. Every C_t is symmetric, hence Q_t and V_t
are; Q_uu is positive definite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Policy(NamedTuple):
    """The gains of u_t = K_t x_t + k_t, and the value function 1/2 x_t' V_t x_t + x_t' v_t they reach.

    K: [T, m, n]; k: [T, m]; V: [T+1, n, n]; v: [T+1, n], where V[T] and v[T] are zero.
    """

    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray


def action_value(F_t, f_t, C_t, c_t, V_next, v_next):
    """Add the cost of this step to the value of the state it leads to.

    F_t: [n, n+m], f_t: [n], dynamics: z = [x; u] leads to the state y = F_t z + f_t.
    C_t: [n+m, n+m], c_t: [n+m], cost 1/2 z' C_t z + z' c_t of this step.
    V_next: [n, n], v_next: [n], value 1/2 y' V_next y + y' v_next of the next state.
    Returns Q: [n+m, n+m], q: [n+m], the action value 1/2 z' Q z + z' q.
    """
    # BEGIN SOLUTION 2.1: Q_t and q_t from the cost of this step and the value of the next state
    Q = C_t + F_t.T @ V_next @ F_t
    q = c_t + F_t.T @ V_next @ f_t + F_t.T @ v_next
    return Q, q
    # END SOLUTION


def gains(Q, q, n):
    """Find the policy u = K x + k that minimises the action value for every state x at once.

    Q: [n+m, n+m], q: [n+m], the action value 1/2 z' Q z + z' q of z = [x; u]; n: number of states.
    Returns K: [m, n], k: [m]. Both carry their minus sign: the control is u = K x + k.
    """
    # BEGIN SOLUTION 2.1: K_t and k_t, where the gradient of the action value in u is zero
    Q_ux, Q_uu, q_u = Q[n:, :n], Q[n:, n:], q[n:]
    K = -np.linalg.solve(Q_uu, Q_ux)
    k = -np.linalg.solve(Q_uu, q_u)
    return K, k
    # END SOLUTION


def state_value(Q, q, K, k):
    """Put u = K x + k into the action value: what remains is a function of the state alone.

    Q: [n+m, n+m], q: [n+m], the action value 1/2 z' Q z + z' q of z = [x; u]; K: [m, n], k: [m], the policy.
    Returns V: [n, n], v: [n], the value 1/2 x' V x + x' v.
    """
    # BEGIN SOLUTION 2.1: V_t and v_t, the quadratic and the linear part in x of Q(x, K x + k)
    n = K.shape[1]
    Q_xx, Q_xu, Q_ux, Q_uu = Q[:n, :n], Q[:n, n:], Q[n:, :n], Q[n:, n:]
    q_x, q_u = q[:n], q[n:]
    V = Q_xx + Q_xu @ K + K.T @ Q_ux + K.T @ Q_uu @ K
    v = q_x + Q_xu @ k + K.T @ q_u + K.T @ Q_uu @ k
    return V, v
    # END SOLUTION


def backward(F, f, C, c) -> Policy:
    """Solve the problem from its end to its start (backward recursion).

    F: [T, n, n+m], f: [T, n], dynamics x_{t+1} = F_t [x_t; u_t] + f_t.
    C: [T, n+m, n+m], symmetric, c: [T, n+m], cost 1/2 z_t' C_t z_t + z_t' c_t.
    Returns the Policy for every step t = 0 … T-1, and the value of every state x_0 … x_T.
    """
    T, n, _ = F.shape
    m = F.shape[2] - n
    # NaN, not zero: an entry that was forgotten shows.
    K, k = np.full((T, m, n), np.nan), np.full((T, m), np.nan)
    V, v = np.full((T + 1, n, n), np.nan), np.full((T + 1, n), np.nan)
    # BEGIN SOLUTION 2.1: no cost is left at T; from there, one step at a time, back to t = 0
    V[T], v[T] = 0.0, 0.0
    for t in reversed(range(T)):
        Q, q = action_value(F[t], f[t], C[t], c[t], V[t + 1], v[t + 1])
        K[t], k[t] = gains(Q, q, n)
        V[t], v[t] = state_value(Q, q, K[t], k[t])
    # END SOLUTION
    return Policy(K, k, V, v)


def forward(x0, F, f, K, k):
    """Run the policy through the linear model it was computed for (forward recursion).

    x0: [n], first state. F: [T, n, n+m], f: [T, n], dynamics x_{t+1} = F_t [x_t; u_t] + f_t.
    K: [T, m, n], k: [T, m], policy u_t = K_t x_t + k_t.
    Returns x: [T+1, n], u: [T, m], where x[0] is x0 and x[T] is the state that the last control leads to.
    """
    T, m, n = K.shape
    x, u = np.full((T + 1, n), np.nan), np.full((T, m), np.nan)
    # BEGIN SOLUTION 2.2: start at x0; in every step choose the control, then let the model move the state
    x[0] = x0
    for t in range(T):
        u[t] = K[t] @ x[t] + k[t]
        x[t + 1] = F[t] @ np.concatenate([x[t], u[t]]) + f[t]
    # END SOLUTION
    return x, u


def rollout(x0, dynamics: Callable, K, k):
    """Run the policy in any system, step by step: every control answers the state that was really reached.

    x0: [n], first state. dynamics(x: [n], u: [m], t: int) -> next state: [n]; call it exactly once a step.
    K: [T, m, n], k: [T, m], policy u_t = K_t x_t + k_t.
    Returns x: [T+1, n], u: [T, m], where x[0] is x0 and x[T] is the state that the last control leads to.
    """
    T, m, n = K.shape
    x, u = np.full((T + 1, n), np.nan), np.full((T, m), np.nan)
    # BEGIN SOLUTION 2.2: the same loop, but the next state is whatever the dynamics answer
    x[0] = x0
    for t in range(T):
        u[t] = K[t] @ x[t] + k[t]
        x[t + 1] = dynamics(x[t], u[t], t)
    # END SOLUTION
    return x, u
