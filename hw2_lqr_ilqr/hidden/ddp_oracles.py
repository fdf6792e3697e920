"""Answers to exercise 2.6 that never write down the second-order term: torch differentiates whole costs.

A `Smooth` problem has random nonlinear dynamics and costs whose derivatives torch takes (`expand`). One step of the
backward pass is read off the Hessian of stage + value of the real next state (`recursion`). The closed loop of given
gains is run in the real dynamics and differentiated as a whole (`closed_loop_cost`), and so is J of all controls
(`newton_step`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.autograd.functional import jacobian

DOUBLE = torch.float64


class Smooth(NamedTuple):
    """Random problem with n states and m controls; step, stage and final map tensors to tensors.

    W: [n, h], A: [h, d], b: [h], dynamics W sin(A z + b); S: [r, d], s: [r], stage cost; P: [n, n], p: [n], final cost.
    n, m: sizes. affine: dynamics W (A z + b) and quadratic costs in their place.
    """

    W: torch.Tensor
    A: torch.Tensor
    b: torch.Tensor
    S: torch.Tensor
    s: torch.Tensor
    P: torch.Tensor
    p: torch.Tensor
    n: int
    m: int
    affine: bool = False

    def step(self, x, u):
        """Move the state. x: [n], u: [m]. Returns [n]."""
        inner = self.A @ torch.cat([x, u]) + self.b
        return self.W @ (inner if self.affine else torch.sin(inner))

    def stage(self, x, u):
        """Cost of one step: convex in z, with cross terms and curvature that changes with z."""
        off = self.S @ torch.cat([x, u]) + self.s
        return 0.5 * off @ off if self.affine else (torch.cosh(off).sum() + 0.5 * off @ off)

    def final(self, x):
        """Cost of the last state."""
        off = self.P @ x + self.p
        return 0.5 * off @ off if self.affine else torch.sqrt(1 + off * off).sum() + 0.5 * off @ off

    def rollout(self, x0, u):
        """Run the controls u [T, m] from x0 [n]. Returns x [T+1, n]."""
        x = [x0]
        for u_t in u:
            x.append(self.step(x[-1], u_t))
        return torch.stack(x)


def tensor(array):
    """Turn an array into a tensor of doubles."""
    return torch.as_tensor(np.asarray(array), dtype=DOUBLE)


def grad(function):
    """Return the derivative of a function of a tensor: a gradient, or a Jacobian."""
    return lambda z: jacobian(function, z)


def hessian(function):
    """Return the second derivative of a function [d] -> [...]: [..., d, d]."""
    return lambda z: jacobian(lambda y: jacobian(function, y, create_graph=True), z)


def draw(rng, n, m, *, affine=False, bend=1.0) -> Smooth:
    """Draw a problem. bend: size of the second derivatives of the dynamics."""
    d, h = n + m, n + 3
    W = rng.normal(size=(n, h)) * bend / np.sqrt(h)
    A, b = rng.normal(size=(h, d)) / np.sqrt(d) * 1.3, rng.uniform(-2, 2, size=h)
    S, s = np.vstack([np.eye(d), 0.5 * rng.normal(size=(d, d))]), 0.5 * rng.normal(size=2 * d)
    P, p = rng.normal(size=(n, n)), rng.normal(size=n)
    return Smooth(*(tensor(a) for a in (W, A, b, S, s, P, p)), n, m, affine)


def nominal(rng, problem, T):
    """Draw controls and run them. Returns x [T+1, n], u [T, m] as arrays."""
    x0, u = rng.normal(size=problem.n), 0.7 * rng.normal(size=(T, problem.m))
    return problem.rollout(tensor(x0), tensor(u)).numpy(), u


def expand(problem, x, u):
    """Differentiate step, stage and final along a trajectory. Returns F, C, c, C_final, c_final, D as arrays."""
    n = problem.n

    def step(z):
        return problem.step(z[:n], z[n:])

    def stage(z):
        return problem.stage(z[:n], z[n:])

    z = tensor(np.concatenate([x[:-1], u], axis=1))
    parts = [
        torch.stack([derivative(f)(row) for row in z]).numpy()
        for derivative, f in [(grad, step), (hessian, stage), (grad, stage), (hessian, step)]
    ]
    end = tensor(x[-1])
    F, C, c, D = parts
    return F, C, c, hessian(problem.final)(end).numpy(), grad(problem.final)(end).numpy(), D


class Values(NamedTuple):
    """What a backward pass returns. K [T, m, n], k [T, m], V [T+1, n, n], v [T+1, n], linear, quadratic."""

    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray
    linear: float
    quadratic: float


def recursion(problem, x, u, mu=0.0, *, on_value=False, extra=None) -> Values:
    """Do the backward pass step by step: differentiate stage + value of the REAL next state twice, by torch.

    mu: regularises Q_uu; with on_value, the value's Hessian in the gains instead (Tassa's). extra: [T, m, m], curvature
    of the stage cost in u that the problem itself does not have.
    """
    T, n = u.shape[0], problem.n
    V, v = hessian(problem.final)(tensor(x[T])).numpy(), grad(problem.final)(tensor(x[T])).numpy()
    results, sums = [(None, None, V, v)], np.zeros(2)
    for t in reversed(range(T)):
        H, g = action_value(problem, x[t], u[t], x[t + 1], V, v)
        held = action_value(problem, x[t], u[t], x[t + 1], V + mu * np.eye(n), v)[0] if on_value else H.copy()
        if extra is not None:
            H[n:, n:] += extra[t]
            held[n:, n:] += extra[t]
        inverse = np.linalg.inv(held[n:, n:] + (0.0 if on_value else mu) * np.eye(problem.m))
        K, k = -inverse @ held[n:, :n], -inverse @ g[n:]
        sums += k @ g[n:], k @ H[n:, n:] @ k
        plug, lift = np.vstack([np.eye(n), K]), np.concatenate([np.zeros(n), k])
        V, v = plug.T @ H @ plug, plug.T @ (H @ lift + g)
        results.append((K, k, V, v))
    K, k, V, v = zip(*reversed(results), strict=True)
    return Values(np.stack(K[:-1]), np.stack(k[:-1]), np.stack(V), np.stack(v), *sums)


def action_value(problem, x_t, u_t, x_next, V, v):
    """Differentiate stage(z) + value(step(z)) at the nominal z. Returns its Hessian [d, d] and gradient [d]."""
    n, V, v, x_next = problem.n, tensor(V), tensor(v), tensor(x_next)

    def total(z):
        off = problem.step(z[:n], z[n:]) - x_next
        return problem.stage(z[:n], z[n:]) + 0.5 * off @ V @ off + off @ v

    z = tensor(np.concatenate([x_t, u_t]))
    return hessian(total)(z).numpy(), grad(total)(z).numpy()


def closed_loop_cost(problem, x, u, K, k):
    """Return the function (x_start [n], alpha) -> J of u_t + K_t (x_t - nominal) + alpha k_t in the real dynamics."""
    x_nominal, u, K, k = tensor(x), tensor(u), tensor(K), tensor(k)

    def cost(start, alpha):
        state, total = start, 0.0
        for t in range(len(u)):
            control = u[t] + K[t] @ (state - x_nominal[t]) + alpha * k[t]
            total = total + problem.stage(state, control)
            state = problem.step(state, control)
        return total + problem.final(state)

    return cost


def whole_cost(problem, x0, u):
    """Differentiate J of all controls at once. Returns its gradient [T m] and Hessian [T m, T m]."""
    start, T, m = tensor(x0), *u.shape

    def cost(flat):
        controls = flat.reshape(T, m)
        x = problem.rollout(start, controls)
        return sum(problem.stage(x[t], controls[t]) for t in range(T)) + problem.final(x[T])

    flat = tensor(u.ravel())
    return grad(cost)(flat).numpy(), hessian(cost)(flat).numpy()


class Case(NamedTuple):
    """A problem, a trajectory of it, and its derivatives F, C, c, C_final, c_final, D in `parts`."""

    problem: Smooth
    x: np.ndarray
    u: np.ndarray
    parts: tuple

    @property
    def sizes(self):
        """Return T, n, m."""
        return len(self.u), self.problem.n, self.problem.m


def case(rng, T, n, m, **kind) -> Case:
    """Draw a problem and a trajectory around which every Q_uu is well away from singular, and D matters."""
    while True:
        problem = draw(rng, n, m, bend=0.7, **kind)
        x, u = nominal(rng, problem, T)
        found = Case(problem, x, u, expand(problem, x, u))
        expected, curvatures = recursion(problem, x, u), []
        for t in range(T):
            Q, _ = action_value(problem, x[t], u[t], x[t + 1], expected.V[t + 1], expected.v[t + 1])
            curvatures.append(np.linalg.eigvalsh(Q[n:, n:]))
        if 0.5 <= np.min(curvatures) and np.max(curvatures) <= 100 and np.max(np.abs(expected.V)) <= 100:
            return found


def action_curvature(case, expected, t):
    """Return Q_uu [m, m] of step t, given the values of the steps after it."""
    problem, n = case.problem, case.problem.n
    Q, _ = action_value(problem, case.x[t], case.u[t], case.x[t + 1], expected.V[t + 1], expected.v[t + 1])
    return Q[n:, n:]


def tail_slopes(case):
    """Differentiate J from every t on in the state it starts from, the controls fixed. Returns [T+1, n]."""
    problem, T = case.problem, len(case.u)
    controls = tensor(case.u)

    def tail(t):
        def cost(state):
            total = 0.0
            for u_t in controls[t:]:
                total, state = total + problem.stage(state, u_t), problem.step(state, u_t)
            return total + problem.final(state)

        return cost

    return np.stack([grad(tail(t))(tensor(case.x[t])).numpy() for t in range(T + 1)])
