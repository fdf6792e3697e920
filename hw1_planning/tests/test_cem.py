"""Visible tests of 1.3: shapes, the example of the handout by hand, bounds, missing scores, a small search.

The example: plans of a single number, scored by J(a) = -(a - 5.5)²; candidates 0, 6, -3, 4, 9, of which two are elites.
"""

from __future__ import annotations

import numpy as np

from course.testing import SINGLE, Mismatch, StudentError, assert_close, assert_shape, exercise, fields

CANDIDATES = np.array([0.0, 6.0, -3.0, 4.0, 9.0])[:, None, None]  # [N, T, m] = [5, 1, 1]
SCORES = np.array([-30.25, -0.25, -72.25, -2.25, -12.25])


@exercise("1.3")
def test_sample_returns_N_plans_and_the_mean_first(student, rng):
    """sample: [N, T, m], candidate 0 is the mean, the others are not; with std = 0 all of them are."""
    mean, bound = rng.normal(size=(4, 2)), np.full(2, 50.0)
    for std in (np.ones((4, 2)), np.zeros((4, 2))):
        A = student.cem.sample(mean, std, -bound, bound, 6, rng)
        A = assert_shape("cem.sample", A, (6, 4, 2), "[N, T, m]")
        assert_close("cem.sample: A[0]", A[0], mean, rtol=SINGLE, look="A[0] is the mean without noise")
        equal = np.isclose(A[1:], mean).all(axis=(1, 2))
        if equal.any() == std.any():
            said = "equal the mean although std is 1" if std.any() else "differ from the mean although std is 0"
            raise Mismatch(f"cem.sample: other candidates {said}")


@exercise("1.3")
def test_sample_clips_every_column_to_its_own_bounds(student, rng):
    """sample: with std = 10 and bounds of a few units most entries lie exactly on a bound, none beyond it."""
    low, high = np.array([-1.0, 0.0]), np.array([1.0, 3.0])
    mean = np.array([[0.0, 1.0], [0.5, 7.0]])  # 7 is beyond its bound, 3
    A = student.cem.sample(mean, np.full((2, 2), 10.0), low, high, 300, rng)
    A = assert_shape("cem.sample", A, (300, 2, 2), "[N, T, m]")
    if np.any(A < low - 1e-6) or np.any(A > high + 1e-6):
        raise Mismatch(f"cem.sample: entries between {A.min():.3g} and {A.max():.3g}, the bounds are {low} and {high}")
    expected = np.array([[0.0, 1.0], [0.5, 3.0]])
    assert_close("cem.sample: A[0]", A[0], expected, rtol=SINGLE, look="the mean is clipped as well", show=True)
    inside = np.mean((low + 1e-6 < A) & (high - 1e-6 > A))
    if not inside < 0.3:
        raise Mismatch(f"cem.sample: {inside:.0%} of the entries lie strictly within the bounds, expected about 10 %")


@exercise("1.3")
def test_sample_has_the_mean_and_std_it_was_given(student, rng):
    """sample: over 2,000 candidates, average and standard deviation of every entry are close to mean and std."""
    mean, std = np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([[0.5, 2.0], [1.0, 0.1]])
    bound = np.full(2, 50.0)
    A = student.cem.sample(mean, std, -bound, bound, 2000, rng)
    A = assert_shape("cem.sample", A, (2000, 2, 2), "[N, T, m]")
    off = np.abs(A.mean(axis=0) - mean) / std
    assert_close("cem.sample: std of the candidates", A.std(axis=0) / std, np.ones((2, 2)), rtol=0.15)
    if not np.max(off) < 0.2:
        raise Mismatch("cem.sample: the candidates' average is not the mean\n  look at: what the noise is added to")


@exercise("1.3")
def test_elites_of_the_example(student):
    """elites: of 0, 6, -3, 4, 9 the best two are 6 and 4, in this order."""
    E = student.cem.elites(CANDIDATES, SCORES, 2)
    look = "scores are -30.25, -0.25, -72.25, -2.25, -12.25: larger is better, the best first"
    expected = np.array([[[6.0]], [[4.0]]])
    assert_close("cem.elites", E, expected, rtol=SINGLE, look=look, show=True)


@exercise("1.3")
def test_elites_leave_out_plans_without_a_score(student):
    """elites: NaN, inf and -inf lose; if fewer than M plans are left, those are returned; if none is, ValueError."""
    J = np.array([np.nan, -0.25, np.inf, -2.25, -np.inf])
    E = student.cem.elites(CANDIDATES, J, 3)
    look = "only the scores at places 1 and 3 are finite"
    assert_close("cem.elites", E, np.array([[[6.0]], [[4.0]]]), rtol=SINGLE, look=look, show=True)
    try:
        student.cem.elites(CANDIDATES, np.full(5, np.nan), 3)
    except StudentError as error:
        if error.kind != "ValueError":
            raise
    else:
        raise Mismatch("cem.elites: all scores are NaN, expected a ValueError")


@exercise("1.3")
def test_refit_of_the_example(student):
    """refit: elites 6 and 4, old mean 0 and std 4, alpha = 0.2: the new mean is 4, the new std 2."""
    E = np.array([[[6.0]], [[4.0]]])
    answer = student.cem.refit(E, np.array([[0.0]]), np.array([[4.0]]), 0.2, 0.01)
    mean, std = fields(answer, "mean std", who="cem.refit")
    assert_close("cem.refit: mean", mean, np.array([[4.0]]), rtol=SINGLE, look="0.2 · 0 + 0.8 · 5", show=True)
    assert_close("cem.refit: std", std, np.array([[2.0]]), rtol=SINGLE, look="std² = 0.2 · 16 + 0.8 · 1", show=True)


@exercise("1.3")
def test_refit_keeps_the_floor(student):
    """refit: elites that agree have no variance; with alpha = 0 their std is std_min, entry by entry."""
    E = np.array([[[1.0, 0.0]], [[1.0, 2.0]]])
    answer = student.cem.refit(E, np.zeros((1, 2)), np.ones((1, 2)), 0.0, 0.5)
    mean, std = fields(answer, "mean std", who="cem.refit")
    assert_close("cem.refit: mean", mean, np.array([[1.0, 1.0]]), rtol=SINGLE, show=True)
    look = "the elites' standard deviations are 0 and 1; the first is below std_min = 0.5"
    assert_close("cem.refit: std", std, np.array([[0.5, 1.0]]), rtol=SINGLE, look=look, show=True)


def peak(A):
    """Score plans [N, 3, 2]: the best one is 1, -1 at every time."""
    return -np.sum((A - np.array([1.0, -1.0])) ** 2, axis=(1, 2))


@exercise("1.3")
def test_cem_asks_for_all_candidates_of_an_iteration_together(student, rng):
    """cem: the objective is called once an iteration, with N plans, and the first candidate is the mean."""
    seen = []

    def objective(A):
        seen.append(np.array(A))
        return peak(A) if np.shape(A)[1:] == (3, 2) else np.zeros(1)

    bound, zero = np.full(2, 5.0), np.zeros((3, 2))
    student.cem.cem(objective, zero, zero + 2, -bound, bound, rng, N=50, M=5, iterations=4)
    shapes = [A.shape for A in seen]
    if shapes != [(50, 3, 2)] * 4:
        raise Mismatch(f"cem.cem called the objective with plans of shape {shapes[:8]}, expected 4 times (50, 3, 2)")
    if np.any(seen[0][0]):
        raise Mismatch("cem.cem: the first candidate of the first iteration is not the mean it was given")


@exercise("1.3")
def test_cem_keeps_the_best_plan_of_all_iterations(student, rng):
    """cem: scores get worse from call to call here, so the best plan is one of the first iteration."""
    seen = []

    def objective(A):
        J = peak(A) - 100 * len(seen)
        seen.append((np.array(A), J))
        return J.copy()

    # The search begins far from the peak, so that its first candidate, the mean, is not the best one.
    bound, far = np.full(2, 5.0), np.tile([-2.0, 2.0], (3, 1))
    answer = student.cem.cem(objective, far, np.full((3, 2), 2.0), -bound, bound, rng, N=40, M=5, iterations=3)
    actions, value, _, _ = fields(answer, "actions value mean std", who="cem.cem")
    if not seen:
        raise Mismatch("cem.cem never called the objective")
    A, J = seen[0]
    look = "remember the best plan and its score before the next iteration overwrites them"
    assert_close("cem.cem: value", value, np.max(J), rtol=SINGLE, look=look)
    assert_close("cem.cem: actions", actions, A[np.argmax(J)], rtol=SINGLE, look=look)


@exercise("1.3", weight=2)
def test_cem_finds_the_top_of_a_hill(student, rng):
    """cem: ten iterations of 100 plans find the best of all plans to a few hundredths, and std has shrunk."""
    bound, zero = np.full(2, 5.0), np.zeros((3, 2))
    answer = student.cem.cem(peak, zero, zero + 2, -bound, bound, rng, N=100, M=10, iterations=10)
    actions, value, mean, std = fields(answer, "actions value mean std", who="cem.cem")
    expected = np.tile([1.0, -1.0], (3, 1))
    assert_close(
        "cem.cem: actions", actions, expected, rtol=0.1, look="the direction of sorting; how mean and std move"
    )
    assert_close("cem.cem: mean", mean, expected, rtol=0.1, look="mean and std after the last refit")
    std = assert_shape("cem.cem: std", std, (3, 2), "[T, m]")
    if not 0 < np.max(std) < 0.3:
        raise Mismatch(f"cem.cem: std is up to {np.max(std):.3g} at the end, expected less than 0.3 and more than 0")
    if not value > -0.05:
        raise Mismatch("cem.cem: value is not the score of these actions, which is close to 0")
