"""Hidden tests of exercise 3.6, first part: single real steps, episodes, roll-outs in a model, the planner."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from algorithms_models import Rollouts, Scored, uniform_distance
from algorithms_worlds import World, judge_rows

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields
from course.testing.compare import described


def row_of(who, answer):
    """Check that an answer is (row, over). Returns the row, and over as a bool."""
    row, over = fields(answer, "row over", who=who)
    if type(over) not in (bool, np.bool_):
        raise Mismatch(f"{who}: over is {described(over)}, expected True or False: whether the episode ends here")
    return row, bool(over)


@exercise("3.6")
def test_a_real_step_is_one_row(student, rng):
    """observe: one step is made, and what comes back is one row; `done` is for terminal states, `over` for any end."""
    who = "algorithms.observe"
    for how, ended in [("", False), ("terminated", True), ("truncated", True)]:
        world = World(rng, 3, 2, {0: (1, how)} if how else None, allowed=1)
        s, _ = world.reset()
        a = rng.normal(size=2)
        with complaints_of(world):
            row, over = row_of(who, student.algorithms.observe(world, s.copy(), a.copy()))
        world.expect(who, 1, 1)
        assert_close(f"{who}: a that the step was given", world.rows[0][1], a, rtol=SINGLE, look="the action: it is a")
        judge_rows(f"{who}, {how or 'in the middle of an episode'}", row, world.columns())
        if over != ended:
            raise Mismatch(f"{who}: over is {over} after a step that was {how or 'neither terminated nor truncated'}")


@exercise("3.6")
def test_an_episode_is_what_happened(student, rng):
    """collect: one reset; then each action answers the newest state, and all rows belong together, to the end."""
    who = "algorithms.collect"
    for n, m, steps, end, made in [
        (3, 2, 7, (0, ""), 7),
        (2, 1, 9, (5, "terminated"), 5),
        (2, 3, 9, (4, "truncated"), 4),
        (1, 2, 3, (3, "truncated"), 3),
        (2, 2, 1, (0, ""), 1),
    ]:
        world = World(rng, n, m, {0: end} if end[0] else None)
        with complaints_of(world):
            D = student.algorithms.collect(world, world.policy, steps)
        world.expect(who, 1, made)
        judge_rows(who, D, world.columns())
        if len(world.asked) != made:
            raise Mismatch(f"{who} asked act {len(world.asked)} times in {made} steps, expected once in each")
        assert_close(f"{who}: s that act gets", np.array(world.asked), world.columns()[0], rtol=SINGLE)
        answers = np.sin(np.array(world.asked) @ world.K.T)
        look = "env.step gets what act returned"
        assert_close(f"{who}: the list of actions", world.columns()[1], answers, rtol=SINGLE, look=look)


# Actions scaled to 0..1, 300 of each kind: the largest distance of their distribution from the uniform one exceeds 0.18
# with a probability of 1.2e-8 (Dvoretzky-Kiefer-Wolfowitz), correlations exceed 0.35 in size with one of 1e-9. Over 300
# seeds of the reference: at most 0.115 and 0.2.
FAR, RELATED = 0.18, 0.35


@exercise("3.6")
def test_random_actions_are_uniform_within_the_bounds(student, rng):
    """collect_random: each number of each action of each step is uniform within its own bounds, independently."""
    who, world = "algorithms.collect_random", World(rng, 2, 2)
    D, again, actions = [], [], None
    generator = np.random.default_rng(rng.integers(1 << 62))
    for answers in (D, again):
        world = World(rng, 2, 2, {1: (30, "truncated"), 3: (20, "terminated")})
        with complaints_of(world):
            answers.append(student.algorithms.collect_random(world, 8, 42, np.random.Generator(fresh(generator))))
        world.expect(who, 8, 6 * 42 + 50)
        judge_rows(who, answers[0], world.columns())
        space, last = world.action_space, actions
        actions = (world.columns()[1] - space.low) / (space.high - space.low)
    if not uniform_distance(actions) <= FAR:
        raise Mismatch(f"{who}: the actions are not uniform between env.action_space.low and .high, number by number")
    if not np.allclose(actions, last, atol=SINGLE):
        raise Mismatch(f"{who} draws other actions from the same generator: `rng` is the only source of randomness")
    world = World(rng, 2, 2)
    with complaints_of(world):
        student.algorithms.collect_random(world, 1, 9, np.random.default_rng(rng.integers(1 << 62)))
    world.expect(who, 1, 9)
    other = (world.columns()[1] - world.action_space.low) / (world.action_space.high - world.action_space.low)
    if np.allclose(actions[:9], other, atol=SINGLE):
        raise Mismatch(f"{who} draws the same actions from another generator: `rng` is the only source of randomness")
    first, second = actions[:42], actions[72:114]
    pairs = [(actions[:, 0], actions[:, 1]), *((u[1:], u[:-1]) for u in actions.T)]
    if np.array_equal(first, second) or not max(abs(np.corrcoef(*pair)[0, 1]) for pair in pairs) <= RELATED:
        raise Mismatch(f"{who}: actions depend on one another; draw all m numbers anew in every step of every episode")


def fresh(generator):
    """Return a bit generator in the state of `generator`."""
    bits = np.random.PCG64()
    bits.state = generator.bit_generator.state
    return bits


@exercise("3.6", weight=2)
def test_plans_are_rolled_out_in_the_model(student, rng):
    """plan_returns: each plan earns the rewards of the states that the model leads it through, all plans at once."""
    who = "algorithms.plan_returns"
    for n, m, N, T in [(3, 2, 7, 5), (2, 1, 4, 1), (1, 3, 2, 6), (2, 2, 1, 3)]:
        model = Rollouts(rng, n, m, N)
        s, A = rng.normal(size=n), rng.normal(size=(N, T, m))
        with complaints_of(model):
            J = student.algorithms.plan_returns(model.f, model.reward, s.copy(), A.copy())
        assert_shape(who, J, (N,), "[N]")
        look = "where plans begin, that a reward is for the state before the step, and that f returns the next state"
        assert_close(who, J, model.expected(s, A), rtol=SINGLE, look=look)
        if not T - 1 <= model.calls <= T:
            raise Mismatch(
                f"{who} asked the model {model.calls} times, expected {T}: once a step for all plans together"
            )


class Search(NamedTuple):
    """guess and actions: [T, m]. A: the sets of candidates [N, T, m] that were scored. scores: what those of the last
    set earn, [N], truly and in the eyes of the student's own roll-outs, whose mistakes cost their marks elsewhere.
    """

    guess: np.ndarray
    actions: np.ndarray
    A: list
    scores: list


def search(student, rng, *, n=2, m=2, T=4, width=50.0, **options):
    """Let the student's planner search twice, between -width and width / 2. Returns two Searches."""
    bound, first, runs = np.full(m, width), Scored(rng, n, m, options["N"], T), []
    generator = np.random.default_rng(rng.integers(1 << 62))
    with complaints_of(first):
        plan = student.algorithms.cem_planner(first.reward, -bound, bound * 0.5, generator, **options)
        if not callable(plan):
            raise Mismatch("algorithms.cem_planner: what it returned cannot be called, expected plan(f, s, guess)")
        for _ in range(2):
            first.begin(rng)
            guess = np.clip(rng.normal(size=(T, m)) * min(1.0, width / 4), -width, width / 2)
            actions = plan(first.f, first.s.copy(), guess.copy())
            actions = assert_shape("plan of algorithms.cem_planner", actions, (T, m), "[T, m]")
            runs.append(Search(guess, actions, first.candidates(), first.scores(student)))
    return first, runs


@exercise("3.6")
def test_the_planner_begins_at_the_guess(student, rng):
    """cem_planner: each search begins at the guess and at s, with the standard deviation std in every entry."""
    who, N = "plan of algorithms.cem_planner", 400
    options = {"std": 3.0, "N": N, "M": 20, "iterations": 2, "alpha": 0.2, "std_min": 0.05}
    scored, runs = search(student, rng, **options)
    for guess, _, A, _ in runs:
        if len(A) != 2:
            raise Mismatch(f"{who} scored {len(A)} sets of {N} candidates, expected 2: as many as iterations")
        look = "where the search begins: the first candidate of all is the guess"
        assert_close(f"{who}: first candidate", A[0][0], guess, rtol=SINGLE, look=look)
        spread = np.sqrt(np.mean(np.square(A[0][1:] - guess)))
        if not 2.6 <= spread <= 3.4:  # 3.0 with a standard error of 0.04
            raise Mismatch(f"{who}: candidates spread by {spread:.2f} at first, expected std = 3.0")
    if scored.elsewhere:
        raise Mismatch(f"{who}: the plans that are scored do not begin in s, the state that plan was given")
    first, second = (run.A[0][1:] - run.guess for run in runs)
    if np.allclose(first, second, atol=1e-6):
        raise Mismatch(f"{who} draws the same noise in every search: `rng` is shared by all plans and goes on")
    (other, _) = search(student, rng, **options)[1]
    if np.allclose(first, other.A[0][1:] - other.guess, atol=1e-6):
        raise Mismatch(f"{who} draws the same noise from another generator: `rng` is the only source of randomness")


@exercise("3.6")
def test_the_planner_returns_where_the_search_ended(student, rng):
    """cem_planner: what comes back is the mean after the last refit, to those plans that earn most in the model."""
    who, M = "plan of algorithms.cem_planner", 6
    for width, std_min in [(50.0, 0.01), (1.5, 0.4)]:
        options = {"std": 1.0, "N": 40, "M": M, "iterations": 3, "alpha": 0.3, "std_min": std_min}
        _, runs = search(student, rng, width=width, **options)
        for _, actions, A, scores in runs:
            if np.max(np.concatenate(A)) > width / 2 + SINGLE or np.min(np.concatenate(A)) < -width - SINGLE:
                raise Mismatch(f"{who}: a candidate is outside of low and high")
            ends = []
            for J in scores:
                E = A[-1][np.argsort(-J, kind="stable")[:M]]
                ends.append(options["alpha"] * A[-1][0] + (1 - options["alpha"]) * E.mean(axis=0))
            if not any(np.allclose(actions, end, rtol=SINGLE, atol=SINGLE) for end in ends):
                assert_close(
                    who, actions, ends[0], rtol=SINGLE, look="Result.mean of a search that maximises the return"
                )
