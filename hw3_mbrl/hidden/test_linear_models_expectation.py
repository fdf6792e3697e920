"""Hidden tests of exercise 3.4, first part: linear expectation models, and the values that follow from them."""

from __future__ import annotations

import linear_models_oracles as oracles
import numpy as np

from course.testing import SINGLE, assert_close, assert_shape, exercise, fields

SIZES = [(40, 5, 3), (30, 2, 4), (25, 3, 3)]  # N, p, k


def fitted(student, x, x_next, r, done):
    """Call the student's fit_expectation with copies. Returns F: [k, p], b: [p], shapes checked."""
    answer = student.linear_models.fit_expectation(np.array(x), np.array(x_next), np.array(r), np.array(done))
    F, b = fields(answer, "F b", who="linear_models.fit_expectation")
    look = "one row for each next feature, one column for each feature: the next features are F @ x"
    F = assert_shape("linear_models.fit_expectation: F", F, (x_next.shape[1], x.shape[1]), "[k, p]", look=look)
    return F, assert_shape("linear_models.fit_expectation: b", b, (x.shape[1],), "[p]")


def draw(rng, N, p, k):
    """Draw features with a mean, next features and rewards that no linear map explains. Returns x, x_next, r, W."""
    x = 0.7 + rng.normal(size=(N, p))
    W = rng.normal(size=(p, k + 1))
    y = x @ W + rng.normal(size=(N, k + 1)) + rng.uniform(1.0, 3.0, size=k + 1)
    return x, y[:, :k], 2 * y[:, k]


@exercise("3.4", weight=1)
def test_next_features_and_reward_are_fitted_by_least_squares(student, rng):
    """fit_expectation: F and b have the least sum of squares, of the features as they are, without a constant."""
    for N, p, k in SIZES:
        x, x_next, r = draw(rng, N, p, k)
        F, b = fitted(student, x, x_next, r, np.zeros(N, dtype=bool))
        look = "the regression of x_next on x, and of nothing else: no constant, no differences, no centring"
        expected = oracles.least_squares(x, x_next).T
        assert_close("linear_models.fit_expectation: F", F, expected, rtol=SINGLE, look=look)
        look = "the regression of r on x, the features of the pair that the reward was paid for"
        assert_close("linear_models.fit_expectation: b", b, oracles.least_squares(x, r), rtol=SINGLE, look=look)


@exercise("3.4", weight=0.75)
def test_features_of_a_terminal_state_are_zeros(student, rng):
    """fit_expectation: where done, the next features count as zeros, whatever stands there, and the reward in full."""
    for N, p, k in SIZES:
        x, x_next, r = draw(rng, N, p, k)
        done = rng.permutation(np.arange(N) < N // 3)
        x_next[done] += rng.uniform(2.0, 9.0, size=k)
        F, b = fitted(student, x, x_next, r, done)
        expected = oracles.least_squares(x, np.where(done[:, None], 0.0, x_next)).T
        look = "rows with done: they stay in the data, with zeros in place of the next features"
        assert_close("linear_models.fit_expectation: F", F, expected, rtol=SINGLE, look=look)
        look = "rewards of rows with done: they were paid, and count like all others"
        assert_close("linear_models.fit_expectation: b", b, oracles.least_squares(x, r), rtol=SINGLE, look=look)


@exercise("3.4", weight=0.75)
def test_one_feature_for_each_pair_makes_a_table(student, rng):
    """fit_expectation: with one feature for each pair, F counts next states; a pair that never occurred gets zeros."""
    S, A, N = 4, 3, 60
    P = S * A
    pairs = rng.choice(rng.permutation(P)[: P - 2], size=N)
    s_next, done = rng.integers(S, size=N), rng.random(N) < 0.3
    r = rng.normal(size=N) + pairs
    F, b = fitted(student, np.eye(P)[pairs], np.eye(S)[s_next], r, done)
    share, reward = oracles.counted(pairs, s_next, r, done, P, S)
    look = "features that never occurred: the solution of least norm (np.linalg.lstsq) gives them zeros"
    assert_close("linear_models.fit_expectation: F of a table", F, share, rtol=SINGLE, look=look)
    assert_close("linear_models.fit_expectation: b of a table", b, reward, rtol=SINGLE, look=look)


def model(rng, reference, k, gamma, radius=0.7):
    """Draw a linear expectation model whose discounted roll-out dies out: gamma |eigenvalues| <= radius."""
    F = rng.normal(size=(k, k))
    F *= radius / (gamma * np.max(np.abs(np.linalg.eigvals(F))))
    return reference.linear_models.LinearExpectation(F, rng.normal(size=k))


@exercise("3.4", weight=1)
def test_values_are_what_the_roll_out_of_the_model_earns(student, rng, reference):
    """value_weights: w @ x is what the model earns from x on: b @ x now, gamma b @ (F x) next, and so on."""
    for k, gamma, radius in [(3, 0.9, 0.7), (5, 0.6, 0.7), (2, 1.0, 0.7), (3, 0.98, 0.95)]:
        made = model(rng, reference, k, gamma, radius)
        expected = oracles.rolled_out(made.F, made.b, np.eye(k), gamma, steps=600)
        w = student.linear_models.value_weights(made, gamma)
        look = "w @ x = b @ x + gamma w @ (F @ x) for every x: on which side of w does F stand?"
        assert_close("linear_models.value_weights: w", w, expected, rtol=SINGLE, look=look)


@exercise("3.4", weight=0.25)
def test_a_discount_of_zero_leaves_the_reward(student, rng, reference):
    """value_weights: with gamma = 0, w = b; and with one feature it is the sum of a geometric series."""
    made = model(rng, reference, 3, 1.0)
    w = student.linear_models.value_weights(made, 0.0)
    assert_close("linear_models.value_weights with gamma = 0", w, made.b, rtol=SINGLE, look="where gamma stands")
    keep, paid = rng.uniform(0.3, 0.9), rng.uniform(1.0, 2.0)
    one = reference.linear_models.LinearExpectation(np.array([[keep]]), np.array([paid]))
    w = student.linear_models.value_weights(one, 0.8)
    expected = np.array([paid / (1 - 0.8 * keep)])
    assert_close("linear_models.value_weights with one feature", w, expected, rtol=SINGLE, look="where gamma stands")
