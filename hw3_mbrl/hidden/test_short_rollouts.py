"""Hidden tests of exercise 3.8, first part: roll-outs. The weights of all parts add up to its points.

Models, policies and values are always on this side: what the student's functions ask of them is written down.
"""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import depth, one_by_one
from short_rollouts_worlds import Finite, Smooth, flags

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

COLUMNS = "s a r s_next done"


def judge_rollouts(student, world, s0, k, first=None):
    """Let the student roll out our model, and compare with roll-outs that we ran one after the other."""
    with complaints_of(world):
        answer = student.short_rollouts.rollouts(world.model, world.policy, s0, k, first)
    runs = one_by_one(world.truth, world.choose, s0, k, first)
    judge_steps("short_rollouts.rollouts", answer, runs, k, SINGLE)


def judge_steps(who, answer, runs, k, rtol):
    """Compare a list of Transitions, one for each depth, with roll-outs that were run one by one."""
    if type(answer) not in (list, tuple) or hasattr(answer, "_fields"):
        raise Mismatch(f"{who} returned {type(answer).__name__}, expected a list of {k} Transitions, one for each step")
    longest = max((len(run) for run in runs), default=0)
    if not longest <= len(answer) <= k:  # steps in which nobody runs any more may be missing
        raise Mismatch(f"{who} returned a list of {len(answer)}, expected one entry for each of the {k} steps")
    for j, entry in enumerate(answer):
        expected = depth(runs, j)
        got = fields(entry, COLUMNS, who=f"{who}: step {j}")
        for name, value, wanted in zip(COLUMNS.split(), got, expected or [None] * 5, strict=True):
            judge_column(f"{who}: step {j}, {name}", value, name, wanted, rtol)


def judge_column(who, value, name, wanted, rtol):
    if wanted is None:
        if type(value) is not np.ndarray or len(value):
            raise Mismatch(f"{who} has rows, but all roll-outs have ended before this step: done is final")
        return
    look = f"which roll-outs take this step (not those that are done), and in which states: {len(wanted)} rows"
    if name == "done":
        if not np.array_equal(flags(who, value, len(wanted)), wanted):
            raise Mismatch(f"{who} is not what the model said of these steps")
        return
    assert_shape(who, value, wanted.shape, look=look, integer=wanted.dtype.kind in "iub")
    assert_close(who, value, wanted, rtol=rtol, look=look)


@exercise("3.8", weight=0.75)
def test_each_step_begins_where_the_last_one_ended(student, rng):
    """rollouts: the model runs on from its own states, and the policy acts in them; one entry for each step."""
    for n, m, N, k in [(3, 2, 5, 4), (2, 1, 1, 3), (1, 3, 4, 1)]:
        world = Smooth(rng, n, m, often=0.0)
        judge_rollouts(student, world, world.first_states(rng, N), k)


@exercise("3.8", weight=0.75)
def test_a_rollout_ends_where_the_model_says_done(student, rng):
    """rollouts: the step that is done belongs to the roll-out, and none follows; the others go on, in their order."""
    for n, m, N, k in [(3, 2, 9, 5), (2, 1, 12, 3)]:
        world = Smooth(rng, n, m, often=0.3)
        judge_rollouts(student, world, world.first_states(rng, N), k)
    world = Smooth(rng, 2, 2, often=0.5)
    world.limit = -np.inf  # all of them end at once
    judge_rollouts(student, world, world.first_states(rng, 3), 3)


@exercise("3.8", weight=0.5)
def test_given_actions_are_those_of_the_first_step_alone(student, rng):
    """rollouts: with `first`, the first step takes these actions, and every later one the policy's."""
    for n, m, N, k in [(2, 3, 6, 3), (3, 1, 4, 1)]:
        world = Smooth(rng, n, m, often=0.2)
        judge_rollouts(student, world, world.first_states(rng, N), k, rng.normal(size=(N, m)))


@exercise("3.8", weight=0.25)
def test_rollouts_in_a_table_have_whole_numbers(student, rng):
    """rollouts: states and actions of a table stay whole numbers; with k = 0 there are no steps."""
    world = Finite(rng, 11, 3)
    judge_rollouts(student, world, rng.integers(11, size=8), 4)
    judge_rollouts(student, world, rng.integers(11, size=5), 2, rng.integers(3, size=5))
    judge_rollouts(student, world, rng.integers(11, size=5), 0)


@exercise("3.8", weight=0.25)
def test_all_rollouts_take_a_step_in_one_call(student, rng):
    """rollouts: k steps are k calls of the model and k of the policy, each with all the rows that are still running."""
    world, k = Smooth(rng, 2, 2, often=0.05), 6
    s0 = world.first_states(rng, 40)
    with complaints_of(world):
        student.short_rollouts.rollouts(world.model, world.policy, s0, k)
    runs = one_by_one(world.truth, world.choose, s0, k)
    asked = [len(s) for s, _ in world.asked if len(s)]
    expected = [sum(len(run) > j for run in runs) for j in range(max(map(len, runs)))]
    if asked != expected:
        raise Mismatch(
            f"short_rollouts.rollouts of {k} steps called the model {len(asked)} times with {asked[:8]} rows, expected "
            "one call a step with all the rows that are still running\n  look at: whether you loop over roll-outs"
        )
    if world.chosen > k:
        raise Mismatch(f"short_rollouts.rollouts called the policy {world.chosen} times in {k} steps")
