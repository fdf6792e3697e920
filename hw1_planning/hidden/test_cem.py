"""Hidden tests of exercise 1.3: `sample`, `elites` and `refit`, each fed from here. The weights of this file and of
test_cem_loop.py add up to the exercise's points.

Statistical bounds: a right solution fails one with a probability below 1e-6; the comments say how far away they are, in
standard deviations (sd) of what is measured. In 400 seeds the reference came up to half of each bound.
"""

from __future__ import annotations

import cem_oracles
import numpy as np
from cem_bench import MANY, WIDE, draw, gaussian, numbers
from shooting_oracles import goes_with_another

from course.testing import SINGLE, Mismatch, StudentError, assert_close, assert_shape, exercise, fields

# ---------------------------------------------------------------- sample


@exercise("1.3", weight=1)
def test_the_first_candidate_is_the_mean_within_the_bounds(student, rng):
    """sample: candidate 0 is the mean itself, clipped to the bounds; N = 1 gives nothing else."""
    low, high = np.array([-1.0, -0.5, 0.2]), np.array([1.5, 0.1, 3.0])
    mean, std = rng.uniform(-3.0, 4.0, size=(4, 3)), rng.uniform(0.3, 1.7, size=(4, 3))
    mean[0], mean[-1] = low - 1, high + 1  # beyond every bound at least once, and within them too
    mean[1:3] = low + (high - low) * rng.uniform(0.2, 0.8, size=(2, 3))
    expected = np.minimum(np.maximum(mean, low), high)
    for N in (5, 1):
        A = draw(student, mean, std, low, high, N, rng)
        look = "A[0]: the mean without noise, moved onto the bounds where it lies beyond them"
        assert_close("cem.sample: A[0]", A[0], expected, rtol=SINGLE, look=look)
        if np.any(np.all(np.abs(A[1:] - expected) <= 1e-6, axis=(1, 2))):
            raise Mismatch("cem.sample: the mean without noise is there more than once, expected as candidate 0 alone")


@exercise("1.3", weight=1.5)
def test_every_entry_is_drawn_from_a_gaussian_of_its_own(student, rng):
    """sample: each entry of each plan is an independent Gaussian draw with its own mean and std."""
    mean, std = gaussian(rng, 3, 2)
    A = draw(student, mean, std, -WIDE, WIDE, MANY, rng)[1:]
    z = ((A - mean) / std).reshape(MANY - 1, -1)
    if not np.max(np.abs(z.mean(axis=0))) <= 0.12:  # 7.5 sd
        raise Mismatch("cem.sample: the average of the candidates is not `mean`\n  look at: what the noise is added to")
    spread = z.std(axis=0)
    if not (np.min(spread) >= 0.9 and np.max(spread) <= 1.1):  # 9 sd
        raise Mismatch(
            "cem.sample: the candidates' standard deviations are not those in `std`, which has one for every entry"
            "\n  look at: what the noise is multiplied by; `std` is no variance"
        )
    if not cem_oracles.largest_correlation(z) <= 0.12:  # 7.5 sd
        raise Mismatch(
            "cem.sample: entries of a plan move together, expected independent draws for every time and every number "
            "of an action\n  look at: the shape of the noise: [N, T, m]"
        )
    if not len(np.unique(np.round(z[:, 0], 5))) >= 0.9 * len(z):  # of 4,000 Gaussian numbers about 1 % fall together
        raise Mismatch("cem.sample: candidates repeat each other\n  look at: the noise: new for each of the N plans")
    if not np.min(np.max(np.abs(z), axis=1)) > 0.01:  # 4000 * 0.008^6 = 1e-9
        raise Mismatch("cem.sample: a candidate other than A[0] is the mean without noise; each of the others has some")
    if goes_with_another(z):
        raise Mismatch(
            "cem.sample: candidates go together in pairs, expected plans that know nothing of each other"
            "\n  look at: the noise: drawn for each of the N plans, and none of it made from another plan's"
        )
    # Of 24,000 numbers 65 are beyond 3, none with probability exp(-65); distance: 2 exp(-2 · 24000 · 0.03²), 1e-18.
    if not (np.max(np.abs(z)) > 3 and cem_oracles.distance_from_normal(z) <= 0.03):
        raise Mismatch("cem.sample: the candidates are not Gaussian\n  look at: the distribution that rng draws from")


@exercise("1.3", weight=1.5)
def test_candidates_beyond_the_bounds_are_moved_onto_them(student, rng):
    """sample: what lies beyond a bound is clipped to it, each number of an action with its own bounds."""
    low, high = np.array([-1.0, -0.3, -4.0]), np.array([0.5, 2.0, -1.0])
    width = high - low
    mean, std = low + width * rng.uniform(0.35, 0.65, size=(2, 3)), width * rng.uniform(0.6, 0.9, size=(2, 3))
    A = draw(student, mean, std, low, high, MANY, rng)
    slack = 1e-6 * width  # single precision
    if np.any(A < low - slack) or np.any(A > high + slack):
        raise Mismatch(
            "cem.sample: some candidates lie beyond low or high\n  look at: the bounds are [m], one pair a column"
        )
    for name, bound, at in (("low", low, np.abs(A - low) <= slack), ("high", high, np.abs(A - high) <= slack)):
        tail = np.vectorize(cem_oracles.NORMAL.cdf)(-np.abs(bound - mean) / std)  # between 0.13 and 0.35
        if not np.max(np.abs(at.mean(axis=0) - tail)) <= 0.06:  # 8 sd
            raise Mismatch(
                f"cem.sample: the share of candidates that lie exactly on `{name}` is not the share of the Gaussian "
                "beyond it\n  look at: clipping: it moves a number onto the bound, and neither draws it again nor "
                "scales it"
            )


@exercise("1.3", weight=0.5)
def test_all_randomness_comes_from_the_generator(student, rng):
    """sample: the same generator gives the same candidates, another one gives others."""
    mean, std = gaussian(rng, 2, 2)
    first, second = rng.integers(1 << 62, size=2)
    one, again, other = (
        draw(student, mean, std, -WIDE, WIDE, 20, np.random.default_rng(seed)) for seed in (first, first, second)
    )
    if not np.array_equal(one, again):
        raise Mismatch("cem.sample: two calls with equal generators differ\n  look at: draws that do not come from rng")
    if np.any(np.isclose(one[1:], other[1:]).all(axis=0)):
        raise Mismatch("cem.sample: another generator gives the same candidates\n  look at: draw from the rng you get")


# ---------------------------------------------------------------- elites


def scores(rng, N):
    """Draw N scores around zero in random order, no two closer than half a point: single precision tells them apart."""
    return rng.permutation(N) + rng.uniform(0.0, 0.5, size=N) - N / 2


def pick(student, rng, J, M):
    """Call the student's `elites` on random plans with scores J [N]; return the plans and what came back."""
    A = rng.normal(size=(len(J), 4, 2))
    return A, student.cem.elites(np.array(A), np.array(J), M)


def compare_elites(A, E, places):
    """Compare the student's elites with the plans at these places, in this order."""
    E = assert_shape("cem.elites", E, (len(places), *A.shape[1:]), "[M, T, m]")
    expected = A[places]
    if np.max(np.abs(E - expected)) <= SINGLE:
        return
    taken = [int(np.argmin(np.abs(A - plan).max(axis=(1, 2)))) for plan in E]
    if sorted(taken) == sorted(places) and np.max(np.abs(E - A[taken])) <= SINGLE:
        raise Mismatch("cem.elites: the right plans in another order\n  look at: the best comes first")
    right = len(set(taken) & set(places))
    raise Mismatch(
        f"cem.elites: {right} of the {len(places)} plans are among those with the highest scores, expected all"
        "\n  look at: the direction of sorting (larger is better), and scores that are no finite numbers"
    )


@exercise("1.3", weight=1.5)
def test_elites_have_the_highest_scores_and_the_best_comes_first(student, rng):
    """elites: the M plans with the highest scores, in descending order of score."""
    for M in (1, 7, 30):
        J = scores(rng, 30) + rng.choice([-40.0, 0.0, 40.0])
        A, E = pick(student, rng, J, M)
        compare_elites(A, E, cem_oracles.ranking(J)[:M])

    J = rng.permutation(np.repeat([5.0, 3.0, 1.0], [2, 12, 10]))  # of plans that tie, any will do; of each, one
    A, E = pick(student, rng, J, 6)
    E = numbers("cem.elites", E, (6, *A.shape[1:]), "[M, T, m]")
    places = [int(np.argmin(np.abs(A - plan).max(axis=(1, 2)))) for plan in E]
    if len(set(places)) < 6 or not np.array_equal(J[places], [5, 5, 3, 3, 3, 3]):
        raise Mismatch("cem.elites: where several plans have the same score, M different ones are not the best M")


@exercise("1.3", weight=1.5)
def test_scores_that_are_not_finite_never_win(student, rng):
    """elites: plans scored NaN, inf or -inf are no elites, whether good scores are negative or positive."""
    for shift in (-50.0, 50.0):
        J = scores(rng, 24) + shift
        spoilt = rng.permutation(24)[:9]
        J[spoilt] = np.repeat([np.nan, np.inf, -np.inf], 3)
        A, E = pick(student, rng, J, 6)
        compare_elites(A, E, cem_oracles.ranking(J)[:6])


@exercise("1.3", weight=1)
def test_too_few_finite_scores_give_fewer_elites(student, rng):
    """elites: with fewer than M finite scores only those plans come back, and with none a ValueError."""
    J = np.full(12, np.nan)
    J[rng.permutation(12)[:6]] = [np.inf, -np.inf, -np.inf, *(scores(rng, 3) - 30)]
    A, E = pick(student, rng, J, 8)
    compare_elites(A, E, cem_oracles.ranking(J))
    for J in (np.full(5, np.nan), np.array([np.inf, -np.inf, np.nan])):
        try:
            _, E = pick(student, rng, J, 2)
        except StudentError as error:
            if error.kind != "ValueError":
                raise
        else:
            raise Mismatch("cem.elites: returned plans although no score is finite, expected a ValueError")


# ---------------------------------------------------------------- refit


def compare_refit(student, E, mean, std, alpha, std_min, *, parts="mean std", look=""):
    """Compare the student's `refit` with the definition; parts: which of its two results are judged."""
    answer = student.cem.refit(np.array(E), np.array(mean), np.array(std), alpha, std_min)
    got = dict(zip(("mean", "std"), fields(answer, "mean std", who="cem.refit"), strict=True))
    expected = dict(zip(("mean", "std"), cem_oracles.mixed(E, mean, std, alpha, std_min), strict=True))
    for part in got:
        assert_shape(f"cem.refit: {part}", got[part], mean.shape, "[T, m]")
    for part in parts.split():
        assert_close(f"cem.refit: {part}", got[part], expected[part], rtol=SINGLE, look=look)


@exercise("1.3", weight=1.5)
def test_alpha_zero_gives_the_moments_of_the_elites(student, rng):
    """refit: with alpha = 0 mean and std are those of the elites, entry by entry, dividing by M."""
    for M in (3, 12):
        mean, std = gaussian(rng, 4, 2)
        E = mean + 1 + rng.normal(size=(M, 4, 2)) * rng.uniform(0.5, 2.0, size=(4, 2))
        look = "mean over the M elites, deviations from the elites' own mean, and the root of the variance"
        compare_refit(student, E, mean, std, 0.0, 1e-3, look=look)


@exercise("1.3", weight=1)
def test_alpha_is_the_weight_of_the_old_mean(student, rng):
    """refit: the new mean is alpha times the old one plus 1 - alpha times the elites'."""
    for alpha in (0.15, 0.8, 1.0):
        mean, std = gaussian(rng, 3, 2)
        E = mean + 2 + rng.normal(size=(9, 3, 2))
        compare_refit(student, E, mean, std, alpha, 1e-3, parts="mean", look="alpha weighs the OLD mean")


@exercise("1.3", weight=1)
def test_alpha_is_the_weight_of_the_old_variance(student, rng):
    """refit: variances are mixed, alpha being the weight of the old one, and the root comes after."""
    for alpha in (0.15, 0.8, 1.0):
        mean, std = gaussian(rng, 3, 2)
        E = mean + 2 + rng.normal(size=(9, 3, 2)) * 2.5 * std
        look = "alpha weighs the OLD variance; variances are added, standard deviations are not"
        compare_refit(student, E, mean, std, alpha, 1e-3, parts="std", look=look)


@exercise("1.3", weight=1.5)
def test_no_standard_deviation_falls_below_the_floor(student, rng):
    """refit: an std that would be below std_min is std_min; the others stay as they are."""
    for alpha in (0.0, 0.3):
        mean, std = gaussian(rng, 4, 2)
        widths = np.full((4, 2), 3.0)
        widths.flat[rng.permutation(8)[:4]] = 0.0  # elites that agree
        std[widths == 0] = 0.1
        E = mean + 1 + rng.normal(size=(10, 4, 2)) * widths
        look = "the floor: it is one for the standard deviation, entry by entry, after everything else"
        compare_refit(student, E, mean, std, alpha, 0.25, parts="std", look=look)


@exercise("1.3", weight=0.5)
def test_a_single_elite_has_no_spread_of_its_own(student, rng):
    """refit: one elite alone has variance zero; what remains is the old variance's share, or the floor."""
    for alpha in (0.0, 0.4):
        mean, std = gaussian(rng, 3, 2)
        E = mean + rng.normal(size=(1, 3, 2))
        look = "the divisor of the variance: M, not M - 1"
        compare_refit(student, E, mean, std, alpha, 0.05, look=look)
