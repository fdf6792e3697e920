"""Hidden tests of exercise 3.8, third part: targets that expand the value."""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import depth, expanded, one_by_one
from short_rollouts_worlds import Finite, Smooth

from course.testing import EXACT, SINGLE, assert_close, assert_shape, complaints_of, exercise, fields


def judge_targets(student, world, D, k, gamma, offset):
    values = world.values(gamma) + offset

    def critic(s=None, a=None):
        pair = world.pairs("Q(s, a) was called", s, a)
        return np.full(1, np.nan) if pair is None else values[pair]

    with complaints_of(world):
        answer = student.short_rollouts.value_targets(D, world.model, world.policy, critic, k, gamma)
    got = fields(answer, "s a y", who="short_rollouts.value_targets")
    expected = [np.array(column) for column in zip(*expanded(world, D, k, gamma, offset), strict=True)]
    look = f"which pairs are trained on: those of the data, then those of the {k} imagined steps that were taken"
    for name, value, wanted in zip("sa", got, expected, strict=False):
        who = f"short_rollouts.value_targets: {name}"
        assert_shape(who, value, wanted.shape, "[M]", look=look, integer=True)
        assert_close(who, value, wanted, rtol=EXACT, look=look)
    look = "how often the rewards and the last Q are discounted, and that nothing is earned after done"
    assert_close("short_rollouts.value_targets: y", got[2], expected[2], rtol=SINGLE, look=look)


def disturbed(world, D, rng):
    """Return data of a reality that is not the model: other rewards, other next states."""
    s_next = np.where(rng.random(len(D.r)) < 0.5, D.s_next, rng.integers(world.S, size=len(D.r)))
    return D._replace(r=D.r + rng.normal(size=len(D.r)), s_next=s_next)


@exercise("3.8", weight=0.5)
def test_without_imagined_steps_it_is_the_td_target(student, rng):
    """value_targets: with k = 0 the target is r + gamma Q(s', policy(s')), and r alone where the step is done."""
    for S, A, N in [(9, 3, 8), (5, 2, 4)]:
        world = Finite(rng, S, A, ends=0.3)
        D = disturbed(world, world.data(rng, N), rng)
        judge_targets(student, world, D, 0, 0.8, rng.normal(size=(S, A)))


@exercise("3.8", weight=0.75)
def test_an_exact_model_leaves_gamma_to_the_h_of_an_offset(student, rng):
    """value_targets: with an exact model, a constant error of Q counts gamma^(k+1) in the targets of the data."""
    for S, A, N, k, gamma in [(9, 3, 7, 3, 0.9), (6, 2, 4, 1, 0.6), (7, 4, 5, 2, 1.0)]:
        world = Finite(rng, S, A, ends=0.0)
        if gamma == 1:
            world.done |= world.next <= np.arange(S)[:, None]  # states only go up: every roll-out ends
        judge_targets(student, world, world.data(rng, N), k, gamma, np.full((S, A), 4.0))


@exercise("3.8", weight=0.75)
def test_every_pair_that_was_visited_gets_a_target_of_its_own(student, rng):
    """value_targets: all imagined pairs are trained on, each with the rewards from there on and the same last Q."""
    for S, A, N, k in [(12, 3, 10, 4), (8, 2, 6, 2)]:
        world = Finite(rng, S, A, ends=0.2)
        D = disturbed(world, world.data(rng, N), rng)
        judge_targets(student, world, D, k, 0.85, 3 * rng.normal(size=(S, A)))


@exercise("3.8", weight=0.5)
def test_value_targets_take_states_of_several_numbers(student, rng):
    """value_targets: works on states [N, n] and actions [N, m], and where all of the data is done."""
    world, k, gamma = Smooth(rng, 3, 2, often=0.3), 3, 0.9
    weights = rng.normal(size=5)

    def critic(s=None, a=None):
        pair = world.batch("Q(s, a) was called", s=(s, 3), a=(a, 2))
        return np.full(1, np.nan) if pair is None else np.cos(np.hstack(pair) @ weights) * 3

    D = world.data(rng, 8)
    for data in (D, D._replace(done=np.ones(8, bool))):
        with complaints_of(world):
            answer = student.short_rollouts.value_targets(data, world.model, world.policy, critic, k, gamma)
        judge_smooth(world, data, k, gamma, critic, fields(answer, "s a y", who="short_rollouts.value_targets"))


def judge_smooth(world, D, k, gamma, critic, got):
    """Compare pairs and targets with sums along roll-outs that were run one by one."""
    runs = [[row] for row in zip(*D, strict=True)]
    for run in runs:
        if not run[0][4]:
            run += one_by_one(world.truth, world.choose, run[0][3][None], k)[0]
    targets = []
    for run in runs:
        rewards, last = [step[2] for step in run], run[-1]
        rewards.append(0.0 if last[4] else critic(last[3][None], world.choose(last[3][None]))[0])
        targets.append([np.dot(rewards[j:], gamma ** np.arange(len(rewards) - j)) for j in range(len(run))])
    y = np.array([target[j] for j in range(k + 1) for target in targets if len(target) > j])
    steps = [step for step in (depth(runs, j) for j in range(k + 1)) if step is not None]
    for name, value in zip("say", got, strict=True):
        wanted = y if name == "y" else np.concatenate([getattr(step, name) for step in steps])
        who = f"short_rollouts.value_targets: {name}"
        look = "the pairs of the data come first, then those of each imagined step; done is final"
        assert_shape(who, value, wanted.shape, look=look)
        assert_close(who, value, wanted, rtol=SINGLE, look=look)
