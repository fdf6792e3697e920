"""Hidden tests of exercise 1.3: the loop, `cem`.

The objective lives on this side: every plan that is scored is seen, counted and kept here. So the loop is judged by
what it asked for, exactly, whatever the order of its random draws. Where a step of it must agree with `elites`, `refit`
or `sample`, it may agree with the handout or with the student's own function, so that a mistake in one of those costs
its own marks only.

Statistical bounds: a right solution fails one with a probability below 1e-6; the comments say how far away they are, in
standard deviations (sd) of what is measured. In 400 seeds the reference came up to half of each bound.
"""

from __future__ import annotations

import numpy as np
from cem_bench import MANY, WIDE, draw, gaussian, paths, search

from course.testing import SINGLE, Mismatch, StudentError, exercise


def slope(rng, T, m):
    """Draw a score that grows along one direction, with one entry that counts most: its elites are far from average."""
    direction = rng.uniform(-0.3, 0.3, size=(T, m))
    direction[rng.integers(T), rng.integers(m)] = rng.choice([-1.0, 1.0])
    return lambda A, call: np.einsum("ntm,tm->n", A, direction) - 20.0


def called(objective, iterations, exactly=False):
    """Refuse a search with fewer iterations than it was given, or with another number."""
    if objective.asked != iterations and exactly or len(objective.seen) < iterations:
        raise Mismatch(
            f"cem.cem called the objective {objective.asked} times, expected {iterations}: once an iteration, each "
            "time with new candidates"
        )


@exercise("1.3", weight=1)
def test_the_objective_is_asked_once_an_iteration(student, rng):
    """cem: one call an iteration with all N candidates [N, T, m], by default 10 with 200, all within the bounds."""
    mean, std = gaussian(rng, 3, 2)
    narrow = np.array([2.0, 2.5])
    for options in ({}, {"N": 30, "M": 5, "iterations": 1}, {"N": 12, "M": 12, "iterations": 4, "alpha": 0.5}):
        objective, *_ = search(student, rng, slope(rng, 3, 2), mean, std, -narrow, narrow, **options)
        called(objective, options.get("iterations", 10), exactly=True)
        if not all(np.min(A.std(axis=0)) > 0 for A, _ in objective.seen):
            raise Mismatch("cem.cem: the candidates of an iteration do not differ")
        if any(beyond(A, narrow) for A, _ in objective.seen):
            # Where `sample` does not clip, it has lost its marks already.
            if not beyond(draw(student, mean, std, -narrow, narrow, 200, rng), narrow):
                raise Mismatch("cem.cem: the objective is given plans beyond low or high")


def beyond(A, high) -> bool:
    """Say whether plans lie outside of -high … high."""
    return bool(np.any(np.abs(A) > high + 1e-5))


def drifting(score, trend):
    """Return the same score with `trend` added for every call before: the calls get better, or worse."""
    return lambda A, call: score(A, call) + trend * call


def compare_best(objective, actions, value):
    """Refuse a result that is not the best plan that was scored."""
    J = np.concatenate([J for _, J in objective.seen])
    best = np.max(J[np.isfinite(J)])
    near = SINGLE * np.max(np.abs(J[np.isfinite(J)]))
    if not abs(value - best) <= near:
        raise Mismatch(
            "cem.cem: value is not the highest score that the objective gave"
            "\n  look at: the best plan of ALL iterations, and only of plans that were scored"
        )
    A = np.concatenate([A for A, _ in objective.seen])[np.isfinite(J) & (J >= best - near)]
    if not np.min(np.max(np.abs(A - actions), axis=(1, 2))) <= SINGLE * (1 + np.max(np.abs(A))):
        raise Mismatch(
            "cem.cem: actions is not the plan that got the highest score"
            "\n  look at: keep the plan together with its score; the mean is a plan that has yet to be scored"
        )


@exercise("1.3", weight=1.5)
def test_the_best_plan_of_all_iterations_is_returned(student, rng):
    """cem: actions is the plan with the highest score that any iteration saw, and value is its score."""
    mean, std = gaussian(rng, 3, 2)
    for trend in (-50.0, 50.0, 0.0):  # the best is in the first, in the last, in any iteration
        objective, actions, value, *_ = search(
            student, rng, drifting(slope(rng, 3, 2), trend), mean, std, -WIDE, WIDE, N=40, M=6, iterations=4
        )
        compare_best(objective, actions, value)


@exercise("1.3", weight=0.5)
def test_a_plan_without_a_finite_score_is_never_returned(student, rng):
    """cem: plans scored NaN or inf change nothing about which plan is the best."""
    mean, std = gaussian(rng, 3, 2)
    rises = slope(rng, 3, 2)

    def score(A, call):
        J = rises(A, call)
        order = np.argsort(-J)
        J[order[:3]], J[order[3:6]], J[order[6:9]] = np.nan, np.inf, -np.inf
        return J

    objective, actions, value, *_ = search(student, rng, score, mean, std, -WIDE, WIDE, N=40, M=6, iterations=3)
    compare_best(objective, actions, value)


def near(got, expected) -> bool:
    """Say whether two arrays agree to single precision."""
    return bool(np.max(np.abs(got - expected)) <= SINGLE * np.max(np.abs(expected)))


@exercise("1.3", weight=2)
def test_mean_and_std_follow_the_elites_of_every_iteration(student, rng):
    """cem: mean and std come from refitting the elites in each iteration, the last one included."""
    options = {"N": 60, "M": 8, "iterations": 3, "alpha": 0.35, "std_min": 0.5}  # some entries meet the floor
    mean, std = gaussian(rng, 3, 2)
    rises = slope(rng, 3, 2)

    def rarely_finite(A, call):
        return np.where(np.arange(len(A)) % 12 == call, rises(A, call), np.nan)  # 5 scores

    for score in (rises, rarely_finite):
        objective, _, _, *last = search(student, rng, score, mean, std, -WIDE, WIDE, **options)
        called(objective, 3)
        compare_last(student, objective, mean, std, options, *last)


def compare_last(student, objective, mean, std, options, last_mean, last_std):
    """Refuse a last Gaussian that the plans seen do not lead to."""
    found = paths(student, objective.seen, mean, std, options["M"], options["alpha"], options["std_min"])
    if any(near(last_mean, path[-1][0]) and near(last_std, path[-1][1]) for path in found):
        return
    part = "std" if any(near(last_mean, path[-1][0]) for path in found) else "mean"
    raise Mismatch(
        f"cem.cem: the last {part} is not what refitting leads to, iteration by iteration, from the plans that were "
        "scored\n  look at: what `refit` gets: the elites of this iteration, and the mean and std that came out of the "
        "last one; and how often it is called"
    )


@exercise("1.3", weight=1.5)
def test_each_iteration_samples_the_gaussian_that_was_refitted(student, rng):
    """cem: the candidates of an iteration are drawn with the mean and std that the last refit returned."""
    options = {"N": 1000, "M": 50, "iterations": 3, "alpha": 0.5, "std_min": 0.02}
    mean, std = gaussian(rng, 3, 2)
    objective, *_ = search(student, rng, slope(rng, 3, 2), mean, std, -WIDE, WIDE, **options)
    called(objective, 3)
    found = paths(student, objective.seen, mean, std, options["M"], options["alpha"], options["std_min"])
    candidates = [A for A, _ in objective.seen]
    if not any(
        all(drawn_from(student, rng, A, *fit) for A, fit in zip(candidates, path[:-1], strict=True)) for path in found
    ):
        raise Mismatch(
            "cem.cem: some iteration draws its candidates from another Gaussian than the last refit returned"
            "\n  look at: what `sample` gets: first the mean and std you were given, then the refitted, smoothed ones"
        )


def drawn_from(student, rng, A, mean, std) -> bool:
    """Say whether candidates A [1000, T, m] may come from this Gaussian, or from what the student makes of it."""
    average, width = A.mean(axis=0), A.std(axis=0)
    if not np.min(width) > 0:
        return False

    def alike(centre, spread):
        if not np.min(spread) > 0:
            return False
        shift, factor = np.abs(average - centre) / spread, np.abs(np.log(width / spread))
        return bool(np.max(shift) <= 0.25 and np.max(factor) <= 0.2)  # 7.9 and 8.9 sd

    if alike(mean, std):
        return True
    try:
        own = draw(student, mean, std, -WIDE, WIDE, MANY, rng)
    except (Mismatch, StudentError):
        return False
    return alike(own.mean(axis=0), own.std(axis=0))


@exercise("1.3", weight=1)
def test_every_iteration_draws_new_noise(student, rng):
    """cem: each iteration has noise of its own, and equal generators give equal searches."""
    mean, std = gaussian(rng, 3, 2)
    options = {"N": 300, "M": 60, "iterations": 3, "alpha": 0.5, "std_min": 0.02}
    score, twin = slope(rng, 3, 2), int(rng.integers(1 << 62))
    results = []
    for _ in range(2):
        equal = np.random.default_rng(twin)
        objective, actions, *_ = search(student, equal, score, mean, std, -WIDE, WIDE, **options)
        results.append(actions)
    called(objective, 3)
    noise = [(A[1:] - A[1:].mean(axis=0)) / (A[1:].std(axis=0) + 1e-300) for A, _ in objective.seen]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        if not abs(np.mean(noise[one] * noise[other])) <= 0.25:  # 10 sd, sd = 1 / sqrt(299 * 6)
            raise Mismatch(
                "cem.cem: two iterations use the same noise\n  look at: one generator, drawn from further and further; "
                "a new one with the same seed repeats itself"
            )
    if not min(np.min(A.std(axis=0)) for A, _ in objective.seen) > 0:
        raise Mismatch("cem.cem: the candidates of an iteration do not differ")
    if not np.array_equal(*results):
        raise Mismatch("cem.cem: two searches with equal generators differ\n  look at: draws that do not come from rng")
