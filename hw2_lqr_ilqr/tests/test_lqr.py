"""Visible tests of 2.1 and 2.2: shapes, an example by hand, a slow way to the same answer, the edge T = 1.

The example of the handout is a trolley with x' = x + u + 1 and cost 1/2 (x² + u²), for two steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Problem(NamedTuple):
    """F: [T, n, n+m], f: [T, n], C: [T, n+m, n+m], c: [T, n+m]."""

    F: np.ndarray
    f: np.ndarray
    C: np.ndarray
    c: np.ndarray


def trolley():
    """The example of the handout: n = m = 1, T = 2."""
    return Problem(np.ones((2, 1, 2)), np.ones((2, 1)), np.tile(np.eye(2), (2, 1, 1)), np.zeros((2, 2)))


def draw(rng, T, n, m):
    """Draw a problem with an affine part and cross terms that changes with time."""
    G = rng.normal(size=(T, n + m, n + m))
    C = np.eye(n + m) + G @ np.swapaxes(G, 1, 2) / (n + m)
    F = rng.normal(size=(T, n, n + m)) / np.sqrt(n + m)
    return Problem(F, rng.normal(size=(T, n)), C, rng.normal(size=(T, n + m)))


def backward(student, problem):
    return fields(student.lqr.backward(*problem), "K k V v", who="lqr.backward")


def cost_of(x0, u, problem):
    """Simulate the controls u: [T, m] from x0 and add up what they cost."""
    x, cost = x0, 0.0
    for F_t, f_t, C_t, c_t, u_t in zip(*problem, u, strict=True):
        z = np.concatenate([x, u_t])
        cost += 0.5 * z @ C_t @ z + z @ c_t
        x = F_t @ z + f_t
    return cost


@exercise("2.1")
def test_action_value_of_the_first_step_by_hand(student):
    """action_value: x' = x + u + 1, cost 1/2 (x² + u²), value 1/2 x'²: Q = [[2, 1], [1, 2]], q = [1, 1]."""
    F, f, C, c = (part[0] for part in trolley())
    answer = student.lqr.action_value(F, f, C, c, np.array([[1.0]]), np.array([0.0]))
    Q, q = fields(answer, "Q q", who="lqr.action_value")
    look = "1/2 (x² + u²) + 1/2 (x + u + 1)², written out: Q stands behind a 1/2, q does not"
    assert_close("lqr.action_value: Q", Q, np.array([[2.0, 1.0], [1.0, 2.0]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.action_value: q", q, np.array([1.0, 1.0]), rtol=SINGLE, look=look, show=True)


@exercise("2.1")
def test_gains_of_the_first_step_by_hand(student):
    """gains: of 1/2 (2x² + 2xu + 2u²) + x + u the best control is u = -x/2 - 1/2."""
    answer = student.lqr.gains(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 1.0]), 1)
    K, k = fields(answer, "K k", who="lqr.gains")
    look = "the derivative in u, x + 2u + 1: it is zero at u = K x + k"
    assert_close("lqr.gains: K", K, np.array([[-0.5]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.gains: k", k, np.array([-0.5]), rtol=SINGLE, look=look, show=True)


@exercise("2.1")
def test_state_value_of_the_first_step_by_hand(student):
    """state_value: with u = -x/2 - 1/2 put in, 3/4 x² + 1/2 x remains, so V = 3/2 and v = 1/2."""
    Q, q = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 1.0])
    answer = student.lqr.state_value(Q, q, np.array([[-0.5]]), np.array([-0.5]))
    V, v = fields(answer, "V v", who="lqr.state_value")
    look = "1/2 (2x² + 2xu + 2u²) + x + u with this u put in: V stands behind a 1/2, v does not"
    assert_close("lqr.state_value: V", V, np.array([[1.5]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.state_value: v", v, np.array([0.5]), rtol=SINGLE, look=look, show=True)


@exercise("2.1")
def test_backward_fills_every_step(student, rng):
    """backward: K is [T, m, n], k [T, m], V [T+1, n, n], v [T+1, n] without NaN; V[T] = 0, v[T] = 0."""
    K, k, V, v = backward(student, draw(rng, T=5, n=3, m=2))
    assert_shape("lqr.backward: K", K, (5, 2, 3), "[T, m, n]")
    assert_shape("lqr.backward: k", k, (5, 2), "[T, m]")
    V = assert_shape("lqr.backward: V", V, (6, 3, 3), "[T+1, n, n]")
    v = assert_shape("lqr.backward: v", v, (6, 3), "[T+1, n]")
    if np.any(V[5]) or np.any(v[5]):
        raise Mismatch("lqr.backward: V[T], v[T] are not zero; no cost follows the last stage, t = T-1")


@exercise("2.1")
def test_backward_of_two_steps_by_hand(student):
    """backward: the trolley of the handout has K = -1/2, 0; k = -1/2, 0; V = 3/2, 1, 0; v = 1/2, 0, 0."""
    K, k, V, v = backward(student, trolley())
    look = "the table in the handout, from its first row (t = 2) down: which entry is the first that differs?"
    assert_close("lqr.backward: K", K, np.array([[[-0.5]], [[0.0]]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.backward: k", k, np.array([[-0.5], [0.0]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.backward: V", V, np.array([[[1.5]], [[1.0]], [[0.0]]]), rtol=SINGLE, look=look, show=True)
    assert_close("lqr.backward: v", v, np.array([[0.5], [0.0], [0.0]]), rtol=SINGLE, look=look, show=True)


@exercise("2.1", weight=2)
def test_gains_agree_with_minimising_the_total_cost_directly(student, rng):
    """backward: your gains play the controls that one Newton step on the simulated total cost finds."""
    T, n, m = 4, 3, 2
    problem, x0 = draw(rng, T, n, m), rng.normal(size=n)
    K, k, _, _ = backward(student, problem)
    K = assert_shape("lqr.backward: K", K, (T, m, n), "[T, m, n]")
    k = assert_shape("lqr.backward: k", k, (T, m), "[T, m]")

    # The cost is quadratic in all T*m controls, so differences of its values are its derivatives exactly.
    def J(u):
        return cost_of(x0, u.reshape(T, m), problem)

    unit, zero = np.eye(T * m), np.zeros(T * m)
    gradient = np.array([(J(e) - J(-e)) / 2 for e in unit])
    hessian = np.array([[J(a + b) - J(a) - J(b) + J(zero) for b in unit] for a in unit])
    best = -np.linalg.solve(hessian, gradient).reshape(T, m)

    x, played = x0, np.zeros((T, m))
    for t in range(T):
        played[t] = K[t] @ x + k[t]
        x = problem.F[t] @ np.concatenate([x, played[t]]) + problem.f[t]
    assert_close(
        "lqr.backward: u in the closed loop",
        played,
        best,
        rtol=SINGLE,
        look="signs and indices, as other controls cost less: step t uses F[t], f[t], C[t], c[t], V[t+1], v[t+1]",
    )


@exercise("2.1")
def test_backward_of_a_single_step(student, rng):
    """backward: with T = 1 the control minimises this one step's cost, and the dynamics do not matter."""
    problem = draw(rng, T=1, n=2, m=1)
    K, k, _, _ = backward(student, problem)
    C, c = problem.C[0], problem.c[0]
    look = "the last stage: its Q is C[T-1] and its q is c[T-1], as V[T] and v[T] are zero"
    assert_close("lqr.backward: K for T = 1", K, -C[None, 2:, :2] / C[2, 2], rtol=SINGLE, look=look)
    assert_close("lqr.backward: k for T = 1", k, -c[None, 2:] / C[2, 2], rtol=SINGLE, look=look)


@exercise("2.2")
def test_forward_of_two_steps_by_hand(student):
    """forward: from x_0 = 1 the trolley of the handout plays u = -1, 0 and passes x = 1, 1, 2."""
    problem = trolley()
    K, k = np.array([[[-0.5]], [[0.0]]]), np.array([[-0.5], [0.0]])
    x, u = fields(student.lqr.forward(np.array([1.0]), problem.F, problem.f, K, k), "x u", who="lqr.forward")
    look = "the number of rows: x_0, and the state after each of the T controls"
    assert_shape("lqr.forward: x", x, (3, 1), "[T+1, n]", look=look)
    assert_close("lqr.forward: u", u, np.array([[-1.0], [0.0]]), rtol=SINGLE, look="u_t = K_t x_t + k_t", show=True)
    look = "x_{t+1} = F_t [x_t; u_t] + f_t, here x + u + 1"
    assert_close("lqr.forward: x", x, np.array([[1.0], [1.0], [2.0]]), rtol=SINGLE, look=look, show=True)


@exercise("2.2")
def test_forward_satisfies_policy_and_model_in_every_step(student, rng):
    """forward: u_t = K_t x_t + k_t and x_{t+1} = F_t [x_t; u_t] + f_t hold in every step, from x_0 on."""
    T, n, m = 6, 3, 2
    problem, x0 = draw(rng, T, n, m), rng.normal(size=n)
    K, k = rng.normal(size=(T, m, n)) / n, rng.normal(size=(T, m))
    x, u = fields(student.lqr.forward(x0, problem.F, problem.f, K, k), "x u", who="lqr.forward")
    x = assert_shape("lqr.forward: x", x, (T + 1, n), "[T+1, n]")
    u = assert_shape("lqr.forward: u", u, (T, m), "[T, m]")
    moved = np.einsum("tij,tj->ti", problem.F, np.concatenate([x[:-1], u], axis=1)) + problem.f
    assert_close("lqr.forward: x[0]", x[0], x0, rtol=SINGLE, look="the start: x[0] is x0")
    played = np.einsum("tij,tj->ti", K, x[:-1]) + k
    assert_close("lqr.forward: u", u, played, rtol=SINGLE, look="u_t = K_t x_t + k_t, all of step t")
    assert_close("lqr.forward: x[1:]", x[1:], moved, rtol=SINGLE, look="x_{t+1} = F_t [x_t; u_t] + f_t")


@exercise("2.2")
def test_rollout_asks_the_dynamics_once_a_step(student):
    """rollout: dynamics(x, u, t) is called for t = 0, 1, … T-1, and its answers are the next states."""
    times = []

    def counter(x, u, t):
        times.append(t)
        return np.array([10.0 * (t + 1)])

    K, k = np.full((3, 1, 1), 2.0), np.array([[0.0], [1.0], [2.0]])
    x, u = fields(student.lqr.rollout(np.array([5.0]), counter, K, k), "x u", who="lqr.rollout")
    if times != [0, 1, 2]:
        raise Mismatch(f"lqr.rollout: dynamics(x, u, t) was called with t = {times}, expected [0, 1, 2]")
    look = "what is stored: x[0] is x0, and x[t+1] is what the dynamics returned in step t"
    assert_close("lqr.rollout: x", x, np.array([[5.0], [10.0], [20.0], [30.0]]), rtol=SINGLE, look=look, show=True)
    look = "u_t = K_t x_t + k_t, where x_t is what the dynamics returned"
    assert_close("lqr.rollout: u", u, np.array([[10.0], [21.0], [42.0]]), rtol=SINGLE, look=look, show=True)
