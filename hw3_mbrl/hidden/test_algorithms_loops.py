"""Hidden tests of exercise 3.6, second part: the three loops, with a learner and a planner that only write down.

The world is deterministic and everything in it follows from what was asked before, so a loop that asks for one wrong
thing ends up elsewhere, in what it returns as well.
"""

from __future__ import annotations

import numpy as np
from algorithms_worlds import Learner, World, added, judge_rows

from course.testing import SINGLE, assert_close, complaints_of, exercise, fields


def data(rng, reference, n, m, N):
    """Draw N transitions that are no episode, some of them done."""
    done = rng.random(N) < 0.3
    columns = rng.normal(size=(N, n)), rng.normal(size=(N, m)), rng.normal(size=N), rng.normal(size=(N, n)), done
    return reference.transitions.Transitions(*columns)


def judge_history(who, answer, world, D):
    """Compare a History with what happened: a return for each episode; the first data, all steps behind them."""
    returns, got = fields(answer, "returns D", who=who)
    look = "the returns: one for each episode, the sum of its rewards, in their order"
    assert_close(f"{who}: the array returns", returns, world.returns(), rtol=SINGLE, look=look)
    judge_rows(f"{who}: D", got, added(D, world.columns()))


def moved_on(plan):
    return np.vstack([plan, np.zeros_like(plan[:1])])[1:]


def judge_lists(who, world, learner, lengths):
    """Check that each episode executes the list planned in its first state, zeros being the guess."""
    starts = np.cumsum([0, *lengths[:-1]])
    learner.judge_plans(who, starts, [np.zeros((learner.T, world.m))] * len(lengths), range(len(lengths)))
    expected = np.concatenate([plan[:length] for (*_, plan), length in zip(learner.plans, lengths, strict=True)])
    look = "the actions: those of the list in their order, whatever states they lead to"
    assert_close(f"{who}: the list of actions executed", world.columns()[1], expected, rtol=SINGLE, look=look)


@exercise("3.6", weight=1.5)
def test_algorithm_1_plans_once_and_executes_the_list(student, reference, rng):
    """algorithm1: one fit to the data at hand, one plan from the first state, its actions one after the other."""
    who = "algorithms.algorithm1"
    for n, m, steps, end, made in [(3, 2, 6, None, 6), (2, 1, 7, (4, "terminated"), 4), (2, 2, 5, (3, "truncated"), 3)]:
        world, D = World(rng, n, m, {0: end} if end else None, allowed=made), data(rng, reference, n, m, 5)
        learner = Learner(rng, world, D, steps)
        with complaints_of(world, learner):
            answer = student.algorithms.algorithm1(world, D, learner.fit, learner.plan, steps)
        world.expect(who, 1, made)
        learner.judge_fits(who, [0])
        judge_lists(who, world, learner, [made])
        judge_history(who, answer, world, D)


@exercise("3.6", weight=2)
def test_algorithm_2_learns_from_its_own_episodes(student, reference, rng):
    """algorithm2: every round fits to all data so far, its own episodes included, then plans once and executes."""
    who = "algorithms.algorithm2"
    for n, m, steps, rounds, ends in [(3, 2, 4, 4, {}), (2, 1, 5, 3, {0: (2, "terminated"), 2: (3, "truncated")})]:
        lengths = [ends.get(k, (steps, ""))[0] for k in range(rounds)]
        world, D = World(rng, n, m, ends, allowed=sum(lengths)), data(rng, reference, n, m, 6)
        learner = Learner(rng, world, D, steps)
        with complaints_of(world, learner):
            answer = student.algorithms.algorithm2(world, D, learner.fit, learner.plan, steps, rounds)
        world.expect(who, rounds, sum(lengths))
        learner.judge_fits(who, np.cumsum([0, *lengths[:-1]]).tolist())
        judge_lists(who, world, learner, lengths)
        judge_history(who, answer, world, D)


def replanned(student, reference, rng, *, n, m, steps, episodes, T, every, ends):
    """Run the student's algorithm3. Returns world, learner, D, the answer and the lengths of the episodes."""
    lengths = [ends.get(k, (steps, ""))[0] for k in range(episodes)]
    world, D = World(rng, n, m, ends, allowed=sum(lengths)), data(rng, reference, n, m, 4)
    learner = Learner(rng, world, D, T)
    with complaints_of(world, learner):
        sizes = {"steps": steps, "episodes": episodes, "T": T, "every": every}
        answer = student.algorithms.algorithm3(world, D, learner.fit, learner.plan, **sizes)
    world.expect("algorithms.algorithm3", episodes, sum(lengths))
    return world, learner, D, answer, lengths


CASES = (
    {"n": 3, "m": 2, "steps": 5, "episodes": 3, "T": 4, "every": 5, "ends": {}},
    {"n": 2, "m": 1, "steps": 6, "episodes": 3, "T": 3, "every": 4, "ends": {}},
    {
        "n": 2,
        "m": 3,
        "steps": 5,
        "episodes": 4,
        "T": 1,
        "every": 3,
        "ends": {0: (2, "terminated"), 2: (4, "truncated")},
    },
    {"n": 2, "m": 2, "steps": 7, "episodes": 2, "T": 3, "every": 1, "ends": {0: (3, "truncated")}},
)


@exercise("3.6", weight=2)
def test_algorithm_3_replans_in_every_step(student, reference, rng):
    """algorithm3: each action is the first of a plan made in this very step, from the state and the guess of now."""
    who = "algorithms.algorithm3"
    for case in CASES:
        world, learner, D, answer, lengths = replanned(student, reference, rng, **case)
        guesses = [moved_on(plan) for *_, plan in learner.plans]
        guesses = [np.zeros_like(guesses[0]), *guesses[:-1]] if guesses else []
        for start in np.cumsum(lengths[:-1]):
            if start < len(guesses):
                guesses[start] = np.zeros_like(guesses[0])
        total = sum(lengths)
        newest = [min(at // case["every"], len(learner.models) - 1) for at in range(total)]
        learner.judge_plans(who, range(total), guesses[:total], newest)
        expected = np.array([plan[0] for *_, plan in learner.plans])
        look = "which action is executed: the first of the plan that was made in this step"
        assert_close(f"{who}: the list of actions executed", world.columns()[1], expected, rtol=SINGLE, look=look)
        judge_history(who, answer, world, D)


@exercise("3.6", weight=2)
def test_algorithm_3_fits_again_every_few_steps(student, reference, rng):
    """algorithm3: the model is fitted before the first step and after every `every` steps, to all data there are."""
    who = "algorithms.algorithm3"
    for case in CASES[1:3]:
        world, learner, D, answer, lengths = replanned(student, reference, rng, **case)
        total = sum(lengths)
        learner.judge_fits(who, range(0, total, case["every"]), optional=[total])
        judge_history(who, answer, world, D)
