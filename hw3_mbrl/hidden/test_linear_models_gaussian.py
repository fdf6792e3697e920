"""Hidden tests of exercise 3.4, second part: linear-Gaussian models, fitted by maximum likelihood."""

from __future__ import annotations

import linear_models_oracles as oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

SIZES = [(20, 3, 2), (16, 2, 3), (12, 1, 1)]  # N, n, m


def record(reference, rng, s, a, s_next):
    """Put states and actions into a record; rewards and ends are drawn, and mean nothing here."""
    N = len(s)
    return reference.transitions.Transitions(s, a, rng.normal(size=N), s_next, rng.random(N) < 0.3)


def spread(rng, n, size=1.0):
    """Draw a covariance [n, n] whose axes lie askew."""
    G = rng.normal(size=(n, n))
    return size * (G @ G.T / n + 0.3 * np.eye(n))


def draw(rng, reference, N, n, m, noise=1.0):
    """Draw N transitions of a system with a drift and noise that is correlated. Returns D, F, f, Sigma."""
    s, a = 1 + rng.normal(size=(N, n)), rng.normal(size=(N, m)) - 0.5
    F, f, Sigma = rng.normal(size=(n, n + m)), rng.uniform(1.0, 3.0, size=n), spread(rng, n)
    rest = noise * rng.multivariate_normal(np.zeros(n), Sigma, size=N)
    return record(reference, rng, s, a, np.hstack([s, a]) @ F.T + f + rest), F, f, Sigma


def fitted(student, D):
    """Call the student's fit_linear_gaussian. Returns F: [n, d], f: [n], Sigma: [n, n], shapes checked."""
    n, m = D.s.shape[1], D.a.shape[1]
    who = "linear_models.fit_linear_gaussian"
    F, f, Sigma = fields(student.linear_models.fit_linear_gaussian(D), "F f Sigma", who=who)
    F = assert_shape(f"{who}: F", F, (n, n + m), "[n, d]", look="F acts on the column [s; a]")
    f = assert_shape(f"{who}: f", f, (n,), "[n]")
    return F, f, assert_shape(f"{who}: Sigma", Sigma, (n, n), "[n, n]")


@exercise("3.4", weight=1)
def test_the_mean_is_fitted_with_a_drift(student, rng, reference):
    """fit_linear_gaussian: F and f have the least sum of squared errors of s_next, over all transitions."""
    for size in SIZES:
        D, *_ = draw(rng, reference, *size)
        F, f, _ = fitted(student, D)
        expected_F, expected_f, _ = oracles.gaussian(D)
        look = "the regression of s_next (itself, no difference) on s, then a, and a constant, over every row"
        assert_close("linear_models.fit_linear_gaussian: F", F, expected_F, rtol=SINGLE, look=look)
        assert_close("linear_models.fit_linear_gaussian: f", f, expected_f, rtol=SINGLE, look=look)


@exercise("3.4", weight=1)
def test_sigma_is_the_mean_square_of_what_the_fit_leaves(student, rng, reference):
    """fit_linear_gaussian: Sigma is the covariance of the errors of the mean, of largest likelihood: divided by N."""
    for size in SIZES:
        D, *_ = draw(rng, reference, *size)
        _, _, Sigma = fitted(student, D)
        look = "what is squared (the errors that the fit leaves), all n x n products of it, and the divisor N"
        expected = oracles.gaussian(D)[2]
        assert_close("linear_models.fit_linear_gaussian: Sigma", Sigma, expected, rtol=SINGLE, look=look)


@exercise("3.4", weight=0.25)
def test_a_system_without_noise_is_found_exactly(student, rng, reference):
    """fit_linear_gaussian: from transitions without noise, F and f are those of the system, and Sigma is zero."""
    D, F, f, _ = draw(rng, reference, 15, 3, 1, noise=0.0)
    got_F, got_f, Sigma = fitted(student, D)
    look = "the regression of s_next on s, then a, and a constant"
    assert_close("linear_models.fit_linear_gaussian: F without noise", got_F, F, rtol=SINGLE, look=look)
    assert_close("linear_models.fit_linear_gaussian: f without noise", got_f, f, rtol=SINGLE, look=look)
    if not np.max(np.abs(Sigma)) <= 1e-6:
        raise Mismatch(
            f"linear_models.fit_linear_gaussian: Sigma has an entry of size {np.max(np.abs(Sigma)):.2g} where there is "
            "no noise, expected zeros\n  look at: Sigma is made of the errors that the fit leaves"
        )


@exercise("3.4", weight=0.5)
def test_no_other_model_makes_the_data_more_likely(student, rng, reference):
    """fit_linear_gaussian: any change of F, f or Sigma lowers the likelihood of the data."""
    D, *_ = draw(rng, reference, 18, 2, 1)
    F, f, Sigma = fitted(student, D)
    if not np.min(np.linalg.eigvalsh((Sigma + Sigma.T) / 2)) > 0:
        raise Mismatch("linear_models.fit_linear_gaussian: Sigma is not positive definite, expected a covariance")
    best = np.sum(oracles.log_densities(F, f, (Sigma + Sigma.T) / 2, D))
    changes = [(0.1 * rng.normal(size=F.shape), 0, 1), (0, 0.3 * rng.normal(size=2), 1), (0, 0, 0.9), (0, 0, 1.1)]
    for dF, df, factor in changes:
        other = np.sum(oracles.log_densities(F + dF, f + df, factor * (Sigma + Sigma.T) / 2, D))
        if not other <= best + 1e-3:
            raise Mismatch(
                "linear_models.fit_linear_gaussian: another model makes the data more likely\n  look at: least squares "
                "for the mean, with a constant; for Sigma the mean square of the errors, divided by N"
            )


@exercise("3.4", weight=0.25)
def test_the_error_falls_with_the_root_of_the_number_of_transitions(student, rng, reference):
    """fit_linear_gaussian: the error of F falls like N^(-1/2), where N is the number of transitions."""
    # Metric: slope of log(error of F) against log(N), from N = 40 to 10,240, over 6 systems.
    # Over 400 seeds of the reference: -0.51 +- 0.04, from -0.62 to -0.38. The bounds are 6 standard deviations away, a
    # false failure is rarer than 1e-8; an F that is wrong in the limit, or from a fixed number of rows, has slope 0.
    logs = []
    for _ in range(6):
        D, F, *_ = draw(rng, reference, 10_240, 2, 1)
        few = type(D)(*(column[:40] for column in D))
        logs.append([np.log(np.linalg.norm(fitted(student, part)[0] - F) + 1e-12) for part in (few, D)])
    slope = float(np.mean(np.diff(logs, axis=1))) / np.log(256)
    if not -0.75 <= slope <= -0.25:
        raise Mismatch(
            f"linear_models.fit_linear_gaussian: the error of F falls like N to the power {slope:.2f}, expected about "
            "-0.5\n  look at: whether all transitions are used, and whether F is what it should be in the limit"
        )


@exercise("3.4", weight=0.75)
def test_the_prediction_is_the_mean_of_the_density(student, rng, reference):
    """predict: F [s; a] + f, for one pair, for a row of pairs, and for pairs on any number of axes."""
    for lead in [(), (7,), (3, 4)]:
        n, m = 3, 2
        F, f, Sigma = rng.normal(size=(n, n + m)), rng.uniform(1.0, 2.0, size=n), spread(rng, n)
        s, a = rng.normal(size=(*lead, n)), rng.normal(size=(*lead, m))
        got = student.linear_models.predict(reference.linear_models.LinearGaussian(F, f, Sigma), s, a)
        expected = np.einsum("ij,...j->...i", F[:, :n], s) + np.einsum("ij,...j->...i", F[:, n:], a) + f
        look = "the state first in z = [s; a], along the LAST axis; F acts on columns; f is added"
        assert_close("linear_models.predict", got, expected, rtol=SINGLE, look=look)


def judge_densities(student, rng, reference, N, n, m, size):
    """Compare the log-densities of data that another model made with scipy's."""
    D, *_ = draw(rng, reference, N, n, m)
    F, f, Sigma = rng.normal(size=(n, n + m)), rng.normal(size=n), spread(rng, n, size)
    close = D.s_next + np.sqrt(size) * rng.normal(size=(N, n))  # errors of the size that the model expects
    D = D._replace(s_next=np.hstack([D.s, D.a]) @ F.T + f + (close - D.s_next))
    got = student.linear_models.log_likelihood(reference.linear_models.LinearGaussian(F, f, Sigma), D)
    look = "-1/2 (e' inv(Sigma) e + log det Sigma + n log 2 pi) with e = s_next - F z - f, one number a transition"
    name = "linear_models.log_likelihood"
    expected = oracles.log_densities(F, f, Sigma, D)
    got = assert_shape(name, got, (N,), "[N]", look=look)
    if not np.max(np.abs(got - expected)) <= SINGLE * n:  # logarithms: near zero, an absolute error is what counts
        assert_close(name, got, expected, rtol=SINGLE, look=look)


@exercise("3.4", weight=1)
def test_log_densities_are_those_of_the_normal_distribution(student, rng, reference):
    """log_likelihood: the logarithm of N(F z + f, Sigma) at each next state, with a full covariance."""
    for N, n, m in [(6, 3, 2), (5, 2, 3), (1, 2, 1)]:
        judge_densities(student, rng, reference, N, n, m, 1.0)


@exercise("3.4", weight=0.25)
def test_log_densities_of_narrow_distributions_are_positive(student, rng, reference):
    """log_likelihood: a density may exceed 1; with n = 1, Sigma is a variance, not a standard deviation."""
    for n in (1, 2):
        judge_densities(student, rng, reference, 6, n, 1, 1e-3)
