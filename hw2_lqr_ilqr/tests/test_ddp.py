"""Visible tests of 2.6: shapes, the handout's example by hand, D = 0, None, and what Newton's step is for T = 1.

The example is the system x' = x + x u with cost u² a step and 1/2 x² at the end, T = 2, around x = 1, u = 0.
"""

from __future__ import annotations

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

NAMES = "K k V v linear quadratic"


def example(student, price=2.0):
    """The example of the handout: n = m = 1, T = 2. price: C_uu, which is 2 for a cost of u²."""
    F = np.ones((2, 1, 2))
    C, c = np.tile([[0.0, 0.0], [0.0, price]], (2, 1, 1)), np.zeros((2, 2))
    D = np.tile([[0.0, 1.0], [1.0, 0.0]], (2, 1, 1, 1))
    return student.expansion.Expansion(F, C, c, np.ones((1, 1)), np.ones(1), D)


def draw(student, rng, T, n, m, bend=0.05):
    """Draw an expansion whose cost is convex, and whose dynamics bend a little."""
    d = n + m
    G, D = rng.normal(size=(T, d, d)), bend * rng.normal(size=(T, n, d, d))
    C, C_final = np.eye(d) + G @ np.swapaxes(G, 1, 2) / d, np.eye(n)
    F = rng.normal(size=(T, n, d)) / np.sqrt(d)
    return student.expansion.Expansion(
        F, C, rng.normal(size=(T, d)), C_final, rng.normal(size=n), D + np.swapaxes(D, 2, 3)
    )


def backward(student, E, mu=0.0):
    """Call the student's backward pass; return its six results."""
    answer = student.ddp.backward(E, mu)
    if answer is None:
        raise Mismatch(
            "ddp.backward returned None, expected Gains: Q_uu is positive definite here (or did a NaN get in?)"
        )
    return dict(zip(NAMES.split(), fields(answer, NAMES, who="ddp.backward"), strict=True))


@exercise("2.6")
def test_curvature_of_two_components_by_hand(student):
    """curvature: for the components a b and a² of the next state, and the slope (3, 1), the Hessian of 3 a b + a²."""
    D_t = np.array([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0] * 3], [[2.0, 0.0, 0.0], [0.0] * 3, [0.0] * 3]])
    expected = [[2.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    answer = student.ddp.curvature(D_t, np.array([3.0, 1.0]))
    assert_close("ddp.curvature", answer, np.array(expected), rtol=SINGLE, look="the sum of v_i D_i over i", show=True)


@exercise("2.6")
def test_gains_by_hand(student):
    """backward: the example of the handout, K and k of both steps."""
    got = backward(student, example(student))
    look = "Q_1 = [[1, 2], [2, 3]], q_1 = [1, 1]; then Q_0 = [[-1/3, 0], [0, 5/3]], q_0 = [1/3, 1/3]"
    assert_close("ddp.backward: K", got["K"], np.array([[[0.0]], [[-2 / 3]]]), rtol=SINGLE, look=look, show=True)
    assert_close("ddp.backward: k", got["k"], np.array([[-1 / 5], [-1 / 3]]), rtol=SINGLE, look=look, show=True)


@exercise("2.6")
def test_values_and_expected_change_by_hand(student):
    """backward: the example of the handout, V and v of all states, and the change that a step promises."""
    got = backward(student, example(student))
    look = "V_2 = 1, v_2 = 1 are the final cost's; the long formulas of the value after that"
    assert_close("ddp.backward: V", got["V"].ravel(), np.array([-1 / 3, -1 / 3, 1]), rtol=SINGLE, look=look, show=True)
    assert_close("ddp.backward: v", got["v"].ravel(), np.array([1 / 3, 1 / 3, 1]), rtol=SINGLE, look=look, show=True)
    assert_close("ddp.backward: linear", got["linear"], -0.4, rtol=SINGLE, look="-1/3 - 1/15", show=True)
    assert_close("ddp.backward: quadratic", got["quadratic"], 0.4, rtol=SINGLE, look="1/3 + 1/15", show=True)


@exercise("2.6")
def test_results_have_the_promised_shapes(student, rng):
    """backward, costates, newton_direction: shapes for n = 3 states, m = 2 controls, T = 4 steps."""
    E = draw(student, rng, 4, 3, 2)
    got = backward(student, E)
    for name, shape, dims in [("K", (4, 2, 3), "[T, m, n]"), ("k", (4, 2), "[T, m]"), ("V", (5, 3, 3), "[T+1, n, n]"),
                              ("v", (5, 3), "[T+1, n]"), ("linear", (), ""), ("quadratic", (), "")]:  # fmt: skip
        assert_shape(f"ddp.backward: {name}", got[name], shape, dims)
    assert_shape("ddp.costates", student.ddp.costates(E), (5, 3), "[T+1, n]")
    assert_shape("ddp.newton_direction", student.ddp.newton_direction(E), (4, 2), "[T, m]")


@exercise("2.6")
def test_backward_says_none_where_there_is_no_minimum(student):
    """backward: the example with a cost of -u² instead of u² has no minimum in u; with mu = 20 there are gains."""
    E = example(student, price=-2.0)
    if student.ddp.backward(E, 0.0) is not None:
        raise Mismatch("ddp.backward returned gains where Q_uu = -1 in the last step and mu = 0, expected None")
    assert_shape("ddp.backward: K at mu = 20", backward(student, E, 20.0)["K"], (2, 1, 1), "[T, m, n]")


@exercise("2.6")
def test_costates_and_newton_step_by_hand(student):
    """costates, newton_direction: in the handout's example lam = 1 everywhere and du = -1/5 in both steps."""
    lam, du = student.ddp.costates(example(student)), student.ddp.newton_direction(example(student))
    assert_close("ddp.costates", lam, np.ones((3, 1)), rtol=SINGLE, look="lam_2 is the final slope, 1", show=True)
    look = "J = u_0² + u_1² + 1/2 (1 + u_0)² (1 + u_1)²: its gradient is (1, 1), its Hessian [[3, 2], [2, 3]]"
    assert_close("ddp.newton_direction", du, np.full((2, 1), -0.2), rtol=SINGLE, look=look, show=True)


@exercise("2.6")
def test_a_single_control_is_moved_alike_by_both(student, rng):
    """backward, newton_direction: with T = 1 there is nothing to feed back, and Newton's step is k."""
    E = draw(student, rng, 1, 2, 3)
    look = "which slope bends the dynamics in the last step: of x_T it is the final cost's, in both"
    k = assert_shape("ddp.backward: k", backward(student, E)["k"], (1, 3), "[T, m]")
    assert_close("ddp.newton_direction for T = 1", student.ddp.newton_direction(E), k, rtol=SINGLE, look=look)
