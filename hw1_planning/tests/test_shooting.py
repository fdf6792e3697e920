"""Visible tests of 1.2: a walker on a line by hand, what the callbacks are asked, the candidates, and a small plan.

The walker moves by s' = s + a and is paid -s²: the nearer to 0 it stands, the better.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from course.systems import double_integrator
from course.testing import SINGLE, Mismatch, StudentError, assert_close, assert_shape, exercise, fields

WHO = "shooting.random_shooting"


def walk(s, a):
    return s + a


def closeness(s, a):
    return -(s[:, 0] ** 2)


def rest(s):
    return -10 * s[:, 0] ** 2


@exercise("1.2")
def test_returns_of_two_walks_by_hand(student):
    """returns: from s = 2, the steps -1, -1 are paid -4 - 1, and the steps 0, 1 are paid -4 - 4."""
    A = np.array([[[-1.0], [-1.0]], [[0.0], [1.0]]])
    J = student.shooting.returns(np.array([2.0]), A, walk, closeness)
    look = "the states that are paid: 2, 1 for the first plan and 2, 2 for the second; the last state is not"
    assert_close("shooting.returns: J", J, np.array([-5.0, -8.0]), rtol=SINGLE, look=look, show=True)


@exercise("1.2")
def test_returns_with_a_final_reward_by_hand(student):
    """returns: with final(s) = -10 s², the walks that end in s = 0 and in s = 3 have J = -5 - 0 and -8 - 90."""
    A = np.array([[[-1.0], [-1.0]], [[0.0], [1.0]]])
    J = student.shooting.returns(np.array([2.0]), A, walk, closeness, rest)
    look = "final: it is paid once, for the state after the last step"
    assert_close("shooting.returns: J", J, np.array([-5.0, -98.0]), rtol=SINGLE, look=look, show=True)


@exercise("1.2")
def test_returns_ask_the_model_about_all_plans_at_once(student):
    """returns: step(s, a) and reward(s, a) get s [N, n] and a [N, m], T times each; final gets s [N, n] once."""
    N, T, n, m = 4, 3, 2, 1
    asked = []

    def noted(name, *shapes):
        def answer(s, a=None):
            got = [np.shape(x) for x in (s, a)[: len(shapes)]]
            if got != list(shapes):
                raise Mismatch(f"shooting.returns called {name} with shapes {got}, expected {list(shapes)}")
            asked.append(name)
            return np.ones((N, n)) if name == "step" else np.ones(N)

        return answer

    callbacks = noted("step", (N, n), (N, m)), noted("reward", (N, n), (N, m)), noted("final", (N, n))
    J = student.shooting.returns(np.zeros(n), np.zeros((N, T, m)), *callbacks)
    for name, expected in [("step", T), ("reward", T), ("final", 1)]:
        if asked.count(name) != expected:
            raise Mismatch(f"shooting.returns called {name} {asked.count(name)} times, expected {expected}")
    assert_close("shooting.returns: J", J, np.full(N, 4.0), rtol=SINGLE, look="each reward is 1 here, three and final")


def shoot(student, rng, scores, N, T=3, low=(-1.0, 2.0), high=(0.0, 10.0)):
    """Run random_shooting with fixed scores. Returns its answer and the candidates [N, T, m] it asked about."""
    seen = []

    def objective(A):
        seen.append(A)
        return np.array(scores, dtype=float)

    answer = student.shooting.random_shooting(objective, np.array(low), np.array(high), T, N, rng)
    if len(seen) != 1:
        raise Mismatch(f"{WHO} called the objective {len(seen)} times, expected once, with all candidates")
    return answer, assert_shape(f"{WHO}: candidates A", seen[0], (N, T, len(low)), "[N, T, m]")


@exercise("1.2")
def test_candidates_fill_the_space_between_the_bounds(student, rng):
    """random_shooting: the first entry of an action is uniform in -1 … 0, the second in 2 … 10."""
    N = 1000
    _, A = shoot(student, rng, np.arange(N), N)
    for j, (low, high) in enumerate([(-1.0, 0.0), (2.0, 10.0)]):
        share = (A[..., j] - low) / (high - low)
        if share.min() < -1e-4 or share.max() > 1 + 1e-4:
            raise Mismatch(f"{WHO}: A[..., {j}] leaves its bounds {low:g} … {high:g}")
        quarters = np.histogram(share, bins=4, range=(0, 1))[0] / share.size
        if np.abs(quarters - 0.25).max() > 0.06:  # seven standard deviations
            got = ", ".join(f"{100 * q:.0f} %" for q in quarters)
            raise Mismatch(f"{WHO}: the quarters of the way from low[{j}] to high[{j}] hold {got}, expected 25 % each")


@exercise("1.2")
def test_the_candidate_with_the_largest_score_is_returned(student, rng):
    """random_shooting: of scores -3, -1, -2, -7 the second wins, and its score is returned with it."""
    answer, A = shoot(student, rng, [-3, -1, -2, -7], N=4)
    actions, value = fields(answer, "actions value", who=WHO)
    look = "larger is better, also where all scores are negative"
    assert_close(f"{WHO}: value", value, -1.0, rtol=SINGLE, look=look, show=True)
    assert_close(f"{WHO}: actions", actions, A[1], rtol=SINGLE, look="actions and value: both of the same candidate")


@exercise("1.2")
def test_scores_that_are_not_finite_never_win(student, rng):
    """random_shooting: of scores NaN, inf, -5, -inf the third wins; with NaN and inf alone it raises ValueError."""
    answer, A = shoot(student, rng, [np.nan, np.inf, -5, -np.inf], N=4)
    actions, value = fields(answer, "actions value", who=WHO)
    look = "which scores may win at all: argmax and max take NaN and inf for large"
    assert_close(f"{WHO}: value", value, -5.0, rtol=SINGLE, look=look, show=True)
    assert_close(f"{WHO}: actions", actions, A[2], rtol=SINGLE, look="actions and value: both of the same candidate")
    try:
        shoot(student, rng, [np.nan, np.inf], N=2)
    except StudentError as error:
        if error.kind != "ValueError":
            raise
    else:
        raise Mismatch(f"{WHO} returned a plan although no score was finite, expected ValueError")


@exercise("1.2")
def test_a_generator_of_the_same_state_gives_the_same_plan(student):
    """random_shooting: what it draws depends on rng alone."""
    plans = []
    for seed in (3, 3, 4):
        answer, _ = shoot(student, np.random.default_rng(seed), [0, 1, 0], N=3)
        actions, _ = fields(answer, "actions value", who=WHO)
        plans.append(assert_shape(f"{WHO}: actions", actions, (3, 2), "[T, m]"))
    if not np.array_equal(plans[0], plans[1]):
        raise Mismatch(f"{WHO}: two generators of the same state gave two plans; is another source of numbers used?")
    if np.array_equal(plans[0], plans[2]):
        raise Mismatch(f"{WHO}: two different generators gave the same plan; is `rng` used?")


@exercise("1.2")
def test_three_steps_of_the_double_integrator_are_planned_well(student, rng):
    """returns and random_shooting: 2000 candidates come within 5 % of the best cost, which SciPy finds by descent."""
    system, T = double_integrator(), 3

    def objective(A):
        return student.shooting.returns(system.start, A, system.step, system.reward, system.final)

    def cost(actions):
        s, total = system.start, 0.0
        for a in actions:
            s, total = system.step(s, [a]), total - system.reward(s, [a])
        return total - system.final(s)

    best = minimize(cost, np.zeros(T), bounds=[(-5.0, 5.0)] * T, method="L-BFGS-B").fun
    answer = student.shooting.random_shooting(objective, system.low, system.high, T, 2000, rng)
    _, value = fields(answer, "actions value", who=WHO)
    paid = -float(assert_shape(f"{WHO}: value", value, ()))
    if not 0.999 * best <= paid <= 1.05 * best:
        raise Mismatch(
            f"{WHO}: the plan costs {paid:.4g}, and the best one there is costs {best:.4g}\n"
            "  look at: the tests above; if they pass, at how the plan and its score are picked"
        )
