"""Visible tests of 2.5: the handout's example, a step of length zero, a line search, and pendulum-A.

The example has n = m = 1 and T = 1: x' = x + u, the cost is 1/2 (x^2 + u^2) and at the end 1/2 x^2 + x, expanded at 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.systems import pendulum_a
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Expansion(NamedTuple):
    """As in expansion.py."""

    F: np.ndarray
    C: np.ndarray
    c: np.ndarray
    C_final: np.ndarray
    c_final: np.ndarray
    D: np.ndarray | None = None


class Gains(NamedTuple):
    """As in expansion.py."""

    K: np.ndarray
    k: np.ndarray
    V: np.ndarray
    v: np.ndarray
    linear: float
    quadratic: float


def example(C_uu=1.0):
    """The expansion of the example."""
    C = np.diag([1.0, C_uu])[None]
    return Expansion(np.ones((1, 1, 2)), C, np.zeros((1, 2)), np.ones((1, 1)), np.ones(1), None)


def first(student, mu):
    """Numbers of the first step: K, k, V, v, linear, quadratic."""
    answer = student.ilqr.backward(example(), mu)
    if answer is None:
        raise Mismatch(f"ilqr.backward returned None for mu = {mu:g}, expected Gains: Q_uu is positive here")
    parts = fields(answer, "K k V v linear quadratic", who="ilqr.backward")
    for name, part, shape in zip("KkVv", parts, [(1, 1, 1), (1, 1), (2, 1, 1), (2, 1)], strict=False):
        assert_shape(f"ilqr.backward: {name}", part, shape)
    return np.array([float(np.ravel(part)[0]) for part in parts])


@exercise("2.5")
def test_backward_of_the_example_by_hand(student):
    """backward: for mu = 0, K = -1/2, k = -1/2, V = 3/2, v = 1/2, linear = -1/2, quadratic = 1/2."""
    expected, look = np.array([-1 / 2, -1 / 2, 3 / 2, 1 / 2, -1 / 2, 1 / 2]), "the table in the handout, first row"
    got = first(student, 0.0)
    assert_close("ilqr.backward: K, k, V, v, linear, quadratic", got, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.5")
def test_backward_of_the_example_with_mu(student):
    """backward: for mu = 1, one of the last two rows of the handout's table, by what you regularise."""
    of_Q = np.array([-1 / 3, -1 / 3, 14 / 9, 5 / 9, -1 / 3, 2 / 9])
    of_V = np.array([-2 / 3, -1 / 3, 14 / 9, 4 / 9, -1 / 3, 2 / 9])
    got = first(student, 1.0)
    nearer = of_Q if abs(got[0] - of_Q[0]) < abs(got[0] - of_V[0]) else of_V
    look = "mu changes K and k; V, v, linear and quadratic are what this K and k do, with no mu in them"
    assert_close("ilqr.backward: K, k, V, v, linear, quadratic", got, nearer, rtol=SINGLE, look=look, show=True)


@exercise("2.5")
def test_backward_says_where_there_is_no_minimum(student):
    """backward: None where Q_uu is negative, gains where mu makes it positive."""
    if student.ilqr.backward(example(C_uu=-3.0), 0.0) is not None:
        raise Mismatch("ilqr.backward: Q_uu = -2, expected None")
    if student.ilqr.backward(example(C_uu=-3.0), 10.0) is None:
        raise Mismatch("ilqr.backward returned None with mu = 10, which makes Q_uu = -2 positive, expected gains")


@exercise("2.5")
def test_expected_change_by_hand(student):
    """expected_change: with linear = -4 and quadratic = 2, half a step changes J by -2 + 1/4."""
    gains = Gains(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros((2, 1, 1)), np.zeros((2, 1)), -4.0, 2.0)
    assert_close("ilqr.expected_change", student.ilqr.expected_change(gains, 0.5), -1.75, rtol=SINGLE, show=True)


@exercise("2.5")
def test_forward_with_alpha_zero_is_the_nominal(student, rng):
    """forward: with alpha = 0 and the nominal's own x_0 nothing changes, whatever K and k."""
    task, u = pendulum_a(5), rng.normal(size=(5, 1))
    x = task.rollout(u)
    answer = student.ilqr.forward(x[0], x, u, rng.normal(size=(5, 1, 2)), rng.normal(size=(5, 1)), 0.0, task.step)
    new_x, new_u = fields(answer, "x u", who="ilqr.forward")
    look = "u_t = nominal u_t + alpha k_t + K_t (x_t - nominal x_t), with x_t as `step` returned it"
    assert_close("ilqr.forward: u", new_u, u, rtol=SINGLE, look=look)
    assert_close("ilqr.forward: x", new_x, x, rtol=SINGLE, look=look)


@exercise("2.5")
def test_forward_shortens_the_change_of_plan_and_not_the_feedback(student):
    """forward: x' = x + u around zeros, K = -1/2, k = 1, alpha = 1/4, from x_0 = 2: u = 1/4 - 1, and x_1 = 5/4."""
    x, u, K, k = np.zeros((2, 1)), np.zeros((1, 1)), np.full((1, 1, 1), -0.5), np.ones((1, 1))
    answer = student.ilqr.forward(np.array([2.0]), x, u, K, k, 0.25, lambda x, u: x + u)
    new_x, new_u = fields(answer, "x u", who="ilqr.forward")
    look = "alpha multiplies k_t alone; feedback K_t acts in full, whatever alpha"
    assert_close("ilqr.forward: u", new_u, np.array([[-0.75]]), rtol=SINGLE, look=look, show=True)
    assert_close("ilqr.forward: x", new_x, np.array([[2.0], [1.25]]), rtol=SINGLE, look=look, show=True)


@exercise("2.5")
def test_line_search_shortens_a_step_that_is_too_long(student):
    """line_search: x' = x + u, cost (x_1 - 1/4)^2: the step to 1 raises J, shorter ones lower it; None if none does."""
    gains = Gains(np.zeros((1, 1, 1)), np.ones((1, 1)), np.zeros((2, 1, 1)), np.zeros((2, 1)), -0.5, 0.1)
    x, u = np.zeros((2, 1)), np.zeros((1, 1))

    def search(cost):
        return student.ilqr.line_search(x, u, gains, 0.0625, lambda x, u: x + u, cost)

    new_x, new_u, J = fields(search(lambda x, u: float((x[1, 0] - 0.25) ** 2)), "x u J", who="ilqr.line_search")
    new_x = assert_shape("ilqr.line_search: x", new_x, (2, 1), "[T+1, n]")
    if not 0 < new_x[1, 0] < 0.5:
        raise Mismatch(f"ilqr.line_search went to x_1 = {new_x[1, 0]:g}; J is lower than before between 0 and 1/2 only")
    assert_close("ilqr.line_search: J", J, (new_x[1, 0] - 0.25) ** 2, rtol=SINGLE, look="the cost of this trajectory")
    if search(lambda x, u: 0.0625 + float(np.abs(u).sum())) is not None:
        raise Mismatch("ilqr.line_search accepted a step although every step raises J, expected None")


@exercise("2.5")
def test_warm_start_on_the_plan_is_the_plan_shifted(student, rng):
    """warm_start: if the system went where it was planned, the old plan without its first step, last control twice."""
    task, u = pendulum_a(4), rng.normal(size=(4, 1))
    x = task.rollout(u)
    answer = student.ilqr.warm_start(x[1], x, u, rng.normal(size=(4, 1, 2)), task.step)
    new_x, new_u = fields(answer, "x u", who="ilqr.warm_start")
    look = "which row of the old plan belongs to which step of the new one"
    assert_close("ilqr.warm_start: u", new_u, np.array([*u[1:], u[-1]]), rtol=SINGLE, look=look)
    assert_close("ilqr.warm_start: x", new_x, np.array([*x[1:], task.step(x[-1], u[-1])]), rtol=SINGLE, look=look)


@exercise("2.5")
def test_warm_start_off_the_plan_feeds_back(student):
    """warm_start: x' = x + u, a plan of zeros with K = -1/2, observed at 4: u = -2, -1 and x = 4, 2, 1."""
    x, u, K = np.zeros((3, 1)), np.zeros((2, 1)), np.full((2, 1, 1), -0.5)
    answer = student.ilqr.warm_start(np.array([4.0]), x, u, K, lambda x, u: x + u)
    new_x, new_u = fields(answer, "x u", who="ilqr.warm_start")
    look = "the old gains act on the deviation from the old plan, which is shifted by one step"
    assert_close("ilqr.warm_start: u", new_u, np.array([[-2.0], [-1.0]]), rtol=SINGLE, look=look, show=True)
    assert_close("ilqr.warm_start: x", new_x, np.array([[4.0], [2.0], [1.0]]), rtol=SINGLE, look=look, show=True)


def expand(x, u):
    """Expand pendulum-A; its derivatives are short."""
    task, T = pendulum_a(), len(u)
    F = np.tile(np.array([[1.0, task.dt, 0.0], [0.0, 1.0, task.dt]]), (T, 1, 1))
    F[:, 1, 0] = task.dt * 9.81 * np.cos(x[:-1, 0])
    C = np.tile(np.diag(np.concatenate([task.Q, task.R])), (T, 1, 1))
    c = np.concatenate([task.Q * x[:-1], task.R * u], axis=1)
    return Expansion(F, C, c, np.diag(task.Q_final), task.Q_final * x[-1], None)


@exercise("2.5", weight=2)
def test_ilqr_swings_up_pendulum_a(student):
    """ilqr: from u = 0, J falls from 789.57 to 59.1177 within a few iterations, and converged is True."""
    task = pendulum_a()
    answer = student.ilqr.ilqr(task.x0, np.zeros((task.T, 1)), task.step, task.cost, expand)
    _, u, _, _, costs, converged = fields(answer, "x u K k costs converged", who="ilqr.ilqr")
    u = assert_shape("ilqr.ilqr: u", u, (task.T, 1), "[T, m]")
    assert_close("ilqr.ilqr: J of its controls", task.cost(task.rollout(u), u), 59.117744, rtol=SINGLE, show=True)
    if np.any(np.diff(costs) > 1e-6) or not converged:
        raise Mismatch(
            f"ilqr.ilqr: costs are {np.array(costs)}, converged = {converged}; expected them to fall, and True"
        )
