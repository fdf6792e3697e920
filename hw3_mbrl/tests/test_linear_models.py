"""Visible tests of 3.4: the examples of the handout, shapes, and one property of each model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Expectation(NamedTuple):
    """F: [k, k], b: [k]."""

    F: np.ndarray
    b: np.ndarray


class Gaussian(NamedTuple):
    """F: [n, d], f: [n], Sigma: [n, n]."""

    F: np.ndarray
    f: np.ndarray
    Sigma: np.ndarray


def four_steps(student):
    """Return the example of the handout: n = m = 1, four transitions."""
    s, a = np.array([[-1.0], [1.0], [-1.0], [1.0]]), np.array([[-1.0], [-1.0], [1.0], [1.0]])
    return student.transitions.Transitions(
        s, a, np.zeros(4), np.array([[-3.0], [-1.0], [1.0], [7.0]]), np.array([False, False, False, True])
    )


@exercise("3.4")
def test_the_AB_episodes_as_a_linear_model(student):
    """fit_expectation, value_weights: of the eight episodes of 3.1 with one feature a state, A leads to B, and both
    are worth 0.75.
    """
    x, x_next = np.eye(2)[[0] + [1] * 8], np.eye(2)[[1] * 9]  # x_next of a last step is never looked at
    r, done = np.array([0.0, 0, 1, 1, 1, 1, 1, 1, 0]), np.array([False] + [True] * 8)
    answer = student.linear_models.fit_expectation(x, x_next, r, done)
    F, b = fields(answer, "F b", who="linear_models.fit_expectation")
    look = "F[i, j]: next feature i after feature j; where done, the next features are zeros"
    right = Expectation(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0.0, 0.75]))
    assert_close("linear_models.fit_expectation: F", F, right.F, rtol=SINGLE, look=look, show=True)
    assert_close("linear_models.fit_expectation: b", b, right.b, rtol=SINGLE, look="mean rewards", show=True)
    w = student.linear_models.value_weights(right, 1.0)
    look = "w = b + gamma F' w"
    assert_close("linear_models.value_weights", w, np.array([0.75, 0.75]), rtol=SINGLE, look=look, show=True)


@exercise("3.4")
def test_a_value_agrees_with_its_model(student, rng):
    """value_weights: v(x) = b @ x + gamma v(F @ x), for any x, also where F is not symmetric."""
    F, b, x = 0.3 * rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
    w = student.linear_models.value_weights(Expectation(F, b), 0.9)
    w = assert_shape("linear_models.value_weights: w", w, (3,), "[k]")
    look = "w stands before x on both sides: which of F and F' does it meet?"
    assert_close("v(x) - gamma v(F @ x)", x @ w - 0.9 * x @ F.T @ w, x @ b, rtol=SINGLE, look=look)


@exercise("3.4")
def test_four_steps_by_hand(student):
    """fit_linear_gaussian: the example of the handout has F = [2, 3], f = 1 and Sigma = 1."""
    answer = student.linear_models.fit_linear_gaussian(four_steps(student))
    F, f, Sigma = fields(answer, "F f Sigma", who="linear_models.fit_linear_gaussian")
    look = "the regression of s_next on s, a and a constant"
    assert_close("linear_models.fit_linear_gaussian: F", F, np.array([[2.0, 3.0]]), rtol=SINGLE, look=look, show=True)
    assert_close("linear_models.fit_linear_gaussian: f", f, np.array([1.0]), rtol=SINGLE, look=look, show=True)
    look = "the squares of the errors, added up and divided by N = 4"
    assert_close(
        "linear_models.fit_linear_gaussian: Sigma", Sigma, np.array([[1.0]]), rtol=SINGLE, look=look, show=True
    )


@exercise("3.4")
def test_a_system_with_two_states_and_three_actions(student, rng):
    """fit_linear_gaussian: from 30 transitions without noise, F [2, 5] and f [2] are those of the system."""
    s, a, F, f = rng.normal(size=(30, 2)), rng.normal(size=(30, 3)), rng.normal(size=(2, 5)), rng.normal(size=2)
    s_next = s @ F[:, :2].T + a @ F[:, 2:].T + f
    D = student.transitions.Transitions(s, a, rng.normal(size=30), s_next, np.arange(30) % 10 == 9)
    answer = student.linear_models.fit_linear_gaussian(D)
    got_F, got_f, Sigma = fields(answer, "F f Sigma", who="linear_models.fit_linear_gaussian")
    assert_close("linear_models.fit_linear_gaussian: F", got_F, F, rtol=SINGLE, look="state first, and rows of F")
    assert_close("linear_models.fit_linear_gaussian: f", got_f, f, rtol=SINGLE, look="the constant")
    assert_shape("linear_models.fit_linear_gaussian: Sigma", Sigma, (2, 2), "[n, n]")


@exercise("3.4")
def test_predictions_of_one_pair_and_of_many(student):
    """predict: with F = [1.5, 2.5] and f = 1, the state 2 and the action -1 lead to 1.5; batches keep their axes."""
    made = Gaussian(np.array([[1.5, 2.5]]), np.array([1.0]), np.eye(1))
    got = student.linear_models.predict(made, np.array([2.0]), np.array([-1.0]))
    assert_close("linear_models.predict", got, np.array([1.5]), rtol=SINGLE, look="F [s; a] + f", show=True)
    many = student.linear_models.predict(made, np.full((4, 3, 1), 2.0), np.full((4, 3, 1), -1.0))
    assert_close("linear_models.predict of a batch", many, np.full((4, 3, 1), 1.5), rtol=SINGLE, look="the last axis")


@exercise("3.4")
def test_densities_by_hand(student):
    """log_likelihood: with Sigma = 4 and errors 0 and 2, the logarithms are -1.6121 and -2.1121."""
    made = Gaussian(np.array([[1.0, 1.0]]), np.array([0.0]), np.array([[4.0]]))
    D = student.transitions.Transitions(
        np.ones((2, 1)), np.ones((2, 1)), np.zeros(2), np.array([[2.0], [4.0]]), np.zeros(2, dtype=bool)
    )
    got = student.linear_models.log_likelihood(made, D)
    expected = np.array([-1.612086, -2.112086])
    look = "-1/2 (e' inv(Sigma) e + log det Sigma + n log 2 pi), one number a transition"
    assert_close("linear_models.log_likelihood", got, expected, rtol=SINGLE, look=look, show=True)


@exercise("3.4")
def test_a_density_has_mass_one(student):
    """log_likelihood: the density, added up over a fine grid of next states, makes 1, for n = 2 and a full Sigma."""
    made = Gaussian(np.zeros((2, 3)), np.array([0.3, -0.2]), np.array([[0.5, 0.3], [0.3, 0.4]]))
    grid = np.stack(np.meshgrid(np.arange(-5, 5, 0.1), np.arange(-5, 5, 0.1)), axis=-1).reshape(-1, 2)
    N = len(grid)
    D = student.transitions.Transitions(np.zeros((N, 2)), np.zeros((N, 1)), np.zeros(N), grid, np.zeros(N, dtype=bool))
    got = assert_shape("linear_models.log_likelihood", student.linear_models.log_likelihood(made, D), (N,), "[N]")
    if not abs(mass := np.sum(np.exp(np.minimum(got, 50.0))) * 0.01 - 1) <= 0.01:
        raise Mismatch(
            f"linear_models.log_likelihood: the density has mass {mass + 1:.3g}, expected 1\n  look at: the factor "
            "(2 pi)^(-n/2) det(Sigma)^(-1/2), whose logarithm belongs to every transition"
        )


@exercise("3.4")
def test_the_pendulum_of_the_handout(student):
    """identify_pendulum: three steps of a pendulum with length 0.5 m, mass 2 kg and damping 0.25 N m s."""
    s = np.array([[np.pi / 2, 0.0], [0.0, 2.0], [np.pi, 0.0]])
    a = np.array([[0.0], [0.0], [1.0]])
    s_next = np.array([[np.pi / 2 + 0.2, 2.0], [0.19, 1.9], [np.pi + 0.02, 0.2]])
    D = student.transitions.Transitions(s, a, np.zeros(3), s_next, np.zeros(3, dtype=bool))
    got = student.linear_models.identify_pendulum(D, 0.1, 10.0)
    parts = fields(got, "length mass damping", who="linear_models.identify_pendulum")
    look = "the example by hand: 20 sin(angle) + 2 torque - 0.5 speed"
    for name, part, right in zip(("length", "mass", "damping"), parts, (0.5, 2.0, 0.25), strict=True):
        assert_close(f"linear_models.identify_pendulum: {name}", part, right, rtol=SINGLE, look=look, show=True)
