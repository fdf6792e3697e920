"""Visible tests of 3.8: the walker of the handout by hand, shapes, one property, the edges.

A walker on a line takes steps of length a from the place s and is paid -|s|; where s + a is 0 or less it is home, and the
episode is over. The policy always goes one step down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "short_rollouts.rollouts"


class Data(NamedTuple):
    """Transitions, as transitions.py has them."""

    s: np.ndarray
    a: np.ndarray
    r: np.ndarray
    s_next: np.ndarray
    done: np.ndarray


def walk(s, a):
    """Move walkers s [N, 1] by a [N, 1]."""
    s_next = np.asarray(s) + np.asarray(a)
    return -np.abs(np.asarray(s)[:, 0]), s_next, s_next[:, 0] <= 0


def down(s):
    """Go one step down."""
    return -np.ones_like(s)


def column(*numbers):
    """Return numbers as states or actions [N, 1]."""
    return np.array(numbers, dtype=float)[:, None]


def judge(who, entry, s, a, r, s_next, done):
    """Compare one entry with columns given by hand."""
    got = fields(entry, "s a r s_next done", who=who)
    expected = (column(*s), column(*a), np.array(r, dtype=float), column(*s_next))
    for name, value, wanted in zip("s a r s_next".split(), got, expected, strict=False):
        assert_shape(f"{who}: {name}", value, wanted.shape, look="which roll-outs take this step")
        assert_close(f"{who}: {name}", value, wanted, rtol=SINGLE, look="the handout's table", show=True)
    if type(got[4]) is not np.ndarray or got[4].tolist() != list(done):
        raise Mismatch(f"{who}: done is not {list(done)}, which is what the model said")


@exercise("3.8", weight=2)
def test_the_walkers_of_the_handout_by_hand(student):
    """rollouts: from 3 and 1, two steps down: both take the first, and only the walker from 3 the second."""
    steps = student.short_rollouts.rollouts(walk, down, column(3, 1), 2)
    if type(steps) not in (list, tuple) or len(steps) != 2:
        raise Mismatch(f"{WHO} for k = 2 returned no list of 2 entries")
    judge(f"{WHO}: step 0", steps[0], [3, 1], [-1, -1], [-3, -1], [2, 0], [False, True])
    judge(f"{WHO}: step 1", steps[1], [2], [-1], [-2], [1], [False])


@exercise("3.8")
def test_given_first_actions_by_hand(student):
    """rollouts: with first = -2 and -0.5, the walkers from 3 and 1 take these actions, and then go down by 1."""
    steps = student.short_rollouts.rollouts(walk, down, column(3, 1), 2, column(-2, -0.5))
    if type(steps) not in (list, tuple) or len(steps) != 2:
        raise Mismatch(f"{WHO} for k = 2 returned no list of 2 entries")
    judge(f"{WHO}: step 0", steps[0], [3, 1], [-2, -0.5], [-3, -1], [1, 0.5], [False, False])
    judge(f"{WHO}: step 1", steps[1], [1, 0.5], [-1, -1], [-1, -0.5], [0, -0.5], [True, True])


class Noting:
    """A learner that counts: Q is a number, and every transition adds 1 to it."""

    complaint = ""

    def __init__(self):
        self.sizes, self.acted = [], []

    def policy(self, Q=None, s=None):
        self.acted.append(Q)
        return -np.ones_like(np.asarray(s, dtype=float))

    def learn(self, Q=None, D=None):
        rewards = fields(D, "s a r s_next done", who="short_rollouts.dyna: what learn gets")[2]
        self.sizes.append(len(rewards))
        return float(Q) + self.sizes[-1]


@exercise("3.8", weight=2)
def test_dyna_learns_from_all_steps(student):
    """dyna: with N = 5 and k = 3, and no roll-out ending, every update learns from 15 transitions, with the newest Q."""
    s = column(10, 20, 30, 40)
    r, s_next, done = walk(s, -s / 10)
    D, noting = Data(s, -s / 10, r, s_next, done), Noting()
    draw = np.random.default_rng(1)
    Q = student.short_rollouts.dyna(0.0, D, walk, noting.policy, noting.learn, draw, updates=2, N=5, k=3)
    if noting.sizes != [15, 15]:
        raise Mismatch(f"short_rollouts.dyna: learn got {noting.sizes} transitions, expected 15 in each of 2 updates")
    assert_close("short_rollouts.dyna: Q", Q, 30.0, rtol=SINGLE, look="what learn returned last", show=True)
    if set(map(float, noting.acted)) != {0.0, 15.0}:
        raise Mismatch("short_rollouts.dyna: the policy did not act with the newest Q in each update")


@exercise("3.8")
def test_replay_needs_no_model(student):
    """dyna: with k = 0 learn gets N rows of the data, and nobody is asked for a step."""
    s, noting = column(1, 2, 3), Noting()
    r, s_next, done = walk(s, -s)

    def model(s=None, a=None):
        noting.complaint = "short_rollouts.dyna with k = 0 asked the model"
        return walk(s, a)

    draw = np.random.default_rng(2)
    data = Data(s, -s, r, s_next, done)
    with complaints_of(noting):
        student.short_rollouts.dyna(0.0, data, model, noting.policy, noting.learn, draw, updates=3, N=4, k=0)
    if noting.sizes != [4, 4, 4]:
        raise Mismatch(f"short_rollouts.dyna with k = 0: learn got {noting.sizes} transitions, expected 4 three times")


@exercise("3.8")
def test_an_error_of_a_tenth_a_step_by_hand(student):
    """depth_errors: a model that goes 0.1 too far in each step is off by 0.1, 0.2, 0.3."""
    got = student.short_rollouts.depth_errors(
        lambda s, a: np.asarray(s) + a + 0.1,
        lambda s, a: np.asarray(s) + a,
        down,
        np.array([[5.0, 1.0], [3.0, 2.0]]),
        3,
    )
    assert_shape("short_rollouts.depth_errors", got, (3,), "[k]")
    expected = np.array([0.1, 0.2, 0.3])
    assert_close("short_rollouts.depth_errors", got, expected, rtol=SINGLE, look="the example", show=True)


@exercise("3.8")
def test_the_k_step_target_by_hand(student):
    """k_step_target: the two states of the handout, for k = 0, 1 and 2."""
    P, r, V = np.array([[0.0, 1.0], [0.5, 0.0]]), np.array([1.0, 2.0]), np.array([10.0, 0.0])
    for k, expected in [(0, [10.0, 0.0]), (1, [1.0, 4.5]), (2, [3.25, 2.25])]:
        got = student.short_rollouts.k_step_target(P, r, V, k, 0.5)
        assert_shape(f"short_rollouts.k_step_target, k = {k}", got, (2,), "[S]")
        look = "the example of the handout"
        assert_close(
            f"short_rollouts.k_step_target, k = {k}", got, np.array(expected), rtol=SINGLE, look=look, show=True
        )


@exercise("3.8", weight=2)
def test_expanded_targets_by_hand(student):
    """value_targets: the walkers that came from 4 and 1, followed for k = 0 and k = 1 steps."""
    s, a = column(4, 1), column(-2, -1)
    D = Data(s, a, *walk(s, a))

    def guess(s, a):
        return 8.0 * np.asarray(s)[:, 0]

    for k, states, y in [(0, [4, 1], [4, -1]), (1, [4, 1, 2], [-3, -1, 2])]:
        answer = student.short_rollouts.value_targets(D, walk, down, guess, k, 0.5)
        got = fields(answer, "s a y", who="short_rollouts.value_targets")
        assert_shape(f"short_rollouts.value_targets, k = {k}: s", got[0], (len(states), 1), "[M, n]")
        assert_close(f"short_rollouts.value_targets, k = {k}: s", got[0], column(*states), rtol=SINGLE, show=True)
        assert_shape(f"short_rollouts.value_targets, k = {k}: y", got[2], (len(states),), "[M]")
        who = f"short_rollouts.value_targets, k = {k}: y"
        assert_close(who, got[2], np.array(y, dtype=float), rtol=SINGLE, look="the example of the handout", show=True)
