"""Hidden tests of exercise 1.2. The weights add up to its points.

Model and objective live on this side. What is asked of them is counted in tests of its own; the others take
candidates one by one as gladly as all at once.

Uniformity: a correct solution fails with probability below 1e-6, whatever its order of random draws. The distance of
each sample from the uniform distribution is bounded exactly (`allowed_distance`, 8 samples of 1e-8 each). The largest
correlation of two entries, over 2000 candidates and 15 pairs, has a standard deviation of 0.022 each; 0.16 is
more than 7 of them (15 * 8e-13). Over 2000 seeds of the reference the largest distance was 0.78 of the
allowed for one entry, 0.80 for all entries of one j, and the largest correlation 0.103.
"""

from __future__ import annotations

import numpy as np
from shooting_oracles import (
    LinearModel,
    Objective,
    Script,
    allowed_distance,
    distance_from_uniform,
    goes_with_another,
)

from course.testing import SINGLE, Mismatch, StudentError, assert_close, assert_shape, complaints_of, exercise, fields

CHANCE = 1e-8
CORRELATION = 0.16
WHO = "shooting.random_shooting"


def score_plans(student, rng, N, T, n, m, with_final):
    """Score random plans in a linear model, by the student and by solving for all states at once."""
    model, s0, A = LinearModel(rng, n, m), rng.normal(size=n), rng.normal(size=(N, T, m))
    last = (model.final,) if with_final else ()
    with complaints_of(model):
        J = student.shooting.returns(s0.copy(), A.copy(), model.step, model.reward, *last)
    return J, model.returns(s0, A, with_final)


def judge_scores(name, J, expected, look):
    """Compare scores [N] to `SINGLE` of the largest, or of the size of one reward, where they cancel out."""
    J = assert_shape(name, J, expected.shape, "[N]")
    if not np.max(np.abs(J - expected)) <= SINGLE:
        assert_close(name, J, expected, rtol=SINGLE, look=look)


@exercise("1.2", weight=1.25)
def test_returns_add_up_the_rewards_along_each_plan(student, rng):
    """returns: J is, for every plan, the sum of the rewards r(s_t, a_t) of the states that it passes."""
    for N, T, n, m in [(5, 4, 3, 2), (3, 6, 1, 1), (1, 2, 2, 4)]:
        J, expected = score_plans(student, rng, N, T, n, m, with_final=False)
        look = "one step: action A[:, t] in the states of time t, first the reward, then the next states"
        judge_scores("shooting.returns: J", J, expected, look)


@exercise("1.2", weight=0.75)
def test_returns_add_the_final_reward_once(student, rng):
    """returns: with `final`, J also holds its reward for the last state, which no other reward is paid for."""
    for N, T, n, m in [(5, 4, 3, 2), (4, 1, 2, 1)]:
        J, expected = score_plans(student, rng, N, T, n, m, with_final=True)
        look = "what final gets, and how often: the states s_T after the last step, once"
        judge_scores("shooting.returns: J with final", J, expected, look)


@exercise("1.2", weight=0.5)
def test_a_plan_of_one_action_is_paid_for_the_first_state(student, rng):
    """returns: with T = 1 the only reward is r(s_0, a_0): it is paid for the state before the step."""
    J, expected = score_plans(student, rng, 6, 1, 3, 2, with_final=False)
    look = "which state goes into the reward: the one that the action was chosen in"
    judge_scores("shooting.returns: J for T = 1", J, expected, look)


@exercise("1.2", weight=1.25)
def test_returns_move_all_candidates_side_by_side(student, rng):
    """returns: step and reward are called once a time step, final once, each with the whole batch of candidates."""
    N, T, n, m = 6, 5, 3, 2
    for with_final in (False, True):
        model, A = Script(rng, N, T, n, m), rng.normal(size=(N, T, m))
        last = (model.final,) if with_final else ()
        with complaints_of(model):
            J = student.shooting.returns(model.states[0, 0].copy(), A.copy(), model.step, model.reward, *last)
        # Without `final` nobody needs the last states, so the last step may be left out.
        allowed = {"step": (T,) if with_final else (T, T - 1), "reward": (T,), "final": (int(with_final),)}
        for name, times in allowed.items():
            if model.calls[name] not in times:
                got = min(model.calls[name], 10 * N * T)
                raise Mismatch(f"shooting.returns called {name} {got} times for T = {T}, expected {times[0]}")
        look = "how rewards are added up: J is the sum of all that reward and final returned, for each candidate"
        judge_scores("shooting.returns: J", J, model.paid, look)


def demand_plan(answer, T, m):
    """Demand a plan, whichever it is: tests that look at the candidates alone end with it."""
    actions, _ = fields(answer, "actions value", who=WHO)
    actions = assert_shape(f"{WHO}: actions", actions, (T, m), "[T, m]")
    if not np.any(actions):
        raise Mismatch(f"{WHO}: all actions returned are zero, expected one of the candidates")


def fresh(rng):
    """Return a generator for the student, which tells nothing of the one that the test's data come from."""
    return np.random.default_rng(rng.integers(1 << 62))


def shoot(student, rng, objective, low, high):
    """Call the student's random_shooting. Returns its answer."""
    rng = fresh(rng)
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    with complaints_of(objective):
        answer = student.shooting.random_shooting(objective.answer, low, high, objective.T, objective.N, rng)
    if not len(objective.candidates):
        raise Mismatch(f"{WHO} never called the objective, expected one call with all candidates")
    return answer


def sphere(target):
    """Return an objective that falls off around a plan: score(rows, first), see `Objective`."""
    return lambda rows, first: -np.sum((rows - target) ** 2, axis=(1, 2))


@exercise("1.2")
def test_the_objective_is_asked_once_about_N_candidates(student, rng):
    """random_shooting: the objective is called exactly once, with N candidates A [N, T, m]."""
    for N, T, m in [(7, 3, 2), (1, 4, 1)]:
        objective = Objective(N, T, m, lambda rows, first: np.arange(len(rows)) - 100.0 * (first > 0))
        with complaints_of(objective):
            low, high = np.full(m, -1.0), np.full(m, 2.0)
            answer = student.shooting.random_shooting(objective.answer, low, high, T, N, fresh(rng))
        if objective.calls != 1:
            raise Mismatch(f"{WHO} called the objective {objective.calls} times, expected once, with all candidates")
        assert_shape(f"{WHO}: candidates A", objective.candidates, (N, T, m), "[N, T, m]")
        demand_plan(answer, T, m)


@exercise("1.2", weight=0.75)
def test_every_action_lies_within_its_own_bounds(student, rng):
    """random_shooting: entry j of every action lies between low[j] and high[j], for each j on its own."""
    for low, high in [([-1.0, 2.0, -30.0], [0.5, 10.0, -20.0]), ([0.001], [0.002])]:
        T, m = 4, len(low)
        objective = Objective(300, T, m, sphere(np.zeros((T, m))))
        answer = shoot(student, rng, objective, low, high)
        share = (objective.candidates - low) / np.subtract(high, low)
        for j in range(m):
            outside = float(np.mean((share[..., j] < -1e-4) | (share[..., j] > 1 + 1e-4)))
            if outside:
                raise Mismatch(
                    f"{WHO}: {100 * outside:.3g} % of the entries {j} of the actions are outside low[{j}] … high[{j}]\n"
                    "  look at: which bound goes with which of the m numbers of an action, the last axis of A"
                )
        demand_plan(answer, T, m)


@exercise("1.2")
def test_candidates_are_uniform_between_the_bounds(student, rng):
    """random_shooting: each entry of each candidate is drawn on its own, uniformly between its bounds."""
    N, T, low, high = 2000, 3, np.array([-1.0, 2.0]), np.array([0.5, 10.0])
    objective = Objective(N, T, 2, sphere(np.zeros((T, 2))))
    answer = shoot(student, rng, objective, low, high)
    share = (objective.candidates - low) / (high - low)
    count, distinct = len(share), len(np.unique(objective.candidates, axis=0))
    if distinct == 1:
        raise Mismatch(f"{WHO}: all candidates are the same plan; each of the N should be drawn on its own")
    for t, j in np.ndindex(T, 2):
        judge_sample(f"A[:, {t}, {j}]", share[:, t, j])
    for j in range(2):
        judge_sample(f"A[:, :, {j}]", share[:, :, j].ravel())
    together = np.corrcoef(share.reshape(count, -1).T) - np.eye(2 * T)
    if not np.abs(together).max() <= CORRELATION:
        one, other = ((k // 2, k % 2) for k in np.unravel_index(np.abs(together).argmax(), together.shape))
        raise Mismatch(
            f"{WHO}: A[:, {one[0]}, {one[1]}] and A[:, {other[0]}, {other[1]}] go together, expected entries that know "
            "nothing of each other\n  look at: the shape of what is drawn: a number for each candidate, time and j"
        )
    if distinct < count:
        raise Mismatch(f"{WHO}: some candidates are the same plan; each of the N should be drawn on its own")
    for t, j in np.ndindex(T, 2):  # single precision has 2^23 values or more between the bounds
        values = len(np.unique(share[:, t, j]))
        if values <= count / 2:
            raise Mismatch(
                f"{WHO}: A[:, {t}, {j}] has {values} different values in {count} candidates, expected a new one in each"
                "\n  look at: the numbers drawn are real, between the bounds, and not levels to choose from"
            )
    if goes_with_another(share.reshape(count, -1) - 0.5):
        raise Mismatch(
            f"{WHO}: candidates go together in pairs, expected N that know nothing of each other"
            "\n  look at: what is drawn: N plans, and none of them made from another one"
        )
    demand_plan(answer, T, 2)


def judge_sample(name, share):
    """Compare numbers [k], as shares of the way from low to high, with the uniform distribution on 0 … 1."""
    if not distance_from_uniform(share) <= allowed_distance(share.size, CHANCE):
        quarters = np.histogram(np.clip(share, 0, 1), bins=4, range=(0, 1))[0] / share.size
        got = ", ".join(f"{100 * q:.0f} %" for q in quarters)
        raise Mismatch(
            f"{WHO}: {name} is not uniform between its bounds\n  yours: {got} of it lie in the four quarters from low "
            "to high, expected 25 % in each\n  look at: the distribution that the candidates are drawn from"
        )


def judge_choice(answer, objective):
    """Demand the candidate of largest finite score, and its score. Scores that rounding may swap are as good."""
    candidates, J = objective.candidates, objective.scores
    actions, value = fields(answer, "actions value", who=WHO)
    actions = assert_shape(f"{WHO}: actions", actions, candidates.shape[1:], "[T, m]")
    finite = np.where(np.isfinite(J), J, -np.inf)
    good = finite >= finite.max() - SINGLE * np.abs(J[np.isfinite(J)]).max()
    here = np.max(np.abs(candidates - actions), axis=(1, 2)) <= SINGLE * np.max(np.abs(candidates))
    if not here.any():
        raise Mismatch(f"{WHO}: the actions returned are none of the candidates, expected one that was scored")
    if not (here & good).any():
        raise Mismatch(
            f"{WHO}: the actions returned are candidate {here.argmax()}, whose score is {J[here.argmax()]:g}; another "
            "one has a larger finite score\n  look at: which candidate goes with the largest score"
        )
    look = "the value that is returned: the score of the actions that are returned"
    assert_close(f"{WHO}: value", value, finite.max(), rtol=SINGLE, look=look)


@exercise("1.2", weight=1.25)
def test_the_candidate_of_largest_score_is_returned_with_its_score(student, rng):
    """random_shooting: it returns the candidate whose score is the largest, and this score."""
    for N, T, m in [(50, 4, 2), (30, 1, 1), (1, 3, 2)]:
        scores = rng.permutation(N) - rng.uniform(0.2, 0.8) * N  # some negative, some positive, no two alike
        objective = Objective(N, T, m, lambda rows, first, J=scores: J[first : first + len(rows)])
        answer = shoot(student, rng, objective, np.full(m, -3.0), np.full(m, 1.0))
        judge_choice(answer, objective)
    objective = Objective(100, 5, 2, sphere(rng.uniform(-1, 1, size=(5, 2))))
    answer = shoot(student, rng, objective, [-1.0, -2.0], [1.0, 3.0])
    judge_choice(answer, objective)


def choose_among(student, rng, scores):
    """Let the student choose among candidates with given scores; only finite ones may win."""
    objective = Objective(len(scores), 3, 2, lambda rows, first: scores[first : first + len(rows)])
    judge_choice(shoot(student, rng, objective, [-1.0, 0.0], [1.0, 5.0]), objective)


@exercise("1.2", weight=0.75)
def test_a_score_that_is_not_a_number_never_wins(student, rng):
    """random_shooting: a candidate whose score is NaN is never returned, be the other scores ever so low."""
    for level in (-1e3, -1e12, 1e3):
        scores = level + 10 * rng.permutation(np.arange(20.0))
        scores[[0, 7, 19]] = np.nan
        choose_among(student, rng, scores)
    choose_among(student, rng, np.array([np.nan, np.nan, -5.0, np.nan]))


@exercise("1.2", weight=0.5)
def test_an_infinite_score_never_wins(student, rng):
    """random_shooting: a candidate whose score is infinite, of either sign, is never returned."""
    scores = -100.0 - rng.permutation(np.arange(20.0))
    scores[3], scores[11] = np.inf, -np.inf
    choose_among(student, rng, scores)
    choose_among(student, rng, np.array([-np.inf, -5.0, np.inf]))


@exercise("1.2", weight=0.5)
def test_without_a_finite_score_there_is_no_plan(student, rng):
    """random_shooting: if no score is finite it raises ValueError; one finite score is enough for a plan."""
    choose_among(student, rng, np.array([-np.inf, -2.0, -np.inf]))
    for scores in ([np.nan] * 4, [-np.inf] * 4, [np.nan, -np.inf, np.inf]):
        try:
            choose_among_none(student, rng, np.array(scores))
        except StudentError as error:
            if error.todo or error.kind != "ValueError":
                raise
        else:
            raise Mismatch(f"{WHO} returned a plan although no score was finite, expected ValueError")


def choose_among_none(student, rng, scores):
    """Let the student choose where there is no choice."""
    objective = Objective(len(scores), 3, 2, lambda rows, first: scores[first : first + len(rows)])
    student.shooting.random_shooting(objective.answer, np.zeros(2), np.ones(2), 3, len(scores), fresh(rng))


@exercise("1.2", weight=0.5)
def test_the_generator_alone_decides_the_candidates(student, rng):
    """random_shooting: generators of the same state give the same plan, others give another one."""
    seeds = rng.integers(2**60, size=2)
    plans = [replay(student, seeds[k]) for k in (0, 0, 1)]
    if not np.array_equal(plans[0], plans[1]):
        raise Mismatch(f"{WHO}: two calls with generators of the same state give different plans; draw from rng alone")
    if np.array_equal(plans[0], plans[2]):
        raise Mismatch(f"{WHO}: generators of different states give the same plan; draw the candidates from rng")


def replay(student, seed):
    """Run random_shooting with a generator made from `seed`. Returns its actions."""
    objective = Objective(20, 4, 2, sphere(np.zeros((4, 2))))
    answer = shoot(student, np.random.default_rng(seed), objective, [-1.0, -1.0], [1.0, 2.0])
    actions, _ = fields(answer, "actions value", who=WHO)
    return assert_shape(f"{WHO}: actions", actions, (4, 2), "[T, m]")
