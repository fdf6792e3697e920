"""Visible tests of 3.6: the example of the handout by hand, what comes back, when fit and plan are asked, the edges.

In the example a ball stands at s on a line, starts at 4 and is moved by s' = s + 0.5 a: nobody knows the 0.5. It pays -s².
The fit measures it: f(s, a) = s + c a with the c of the LAST row that it gets. The planner goes straight to 0.
"""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Line(gymnasium.Env):
    """The ball of the example. The episode ends after `end` steps, if given: `how` says terminated or truncated."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = gymnasium.spaces.Box(-8.0, 8.0, (1,), np.float64)

    def __init__(self, end=None, how="truncated"):
        self.end, self.how, self.resets, self.made = end, how, 0, 0

    def reset(self, seed=None, options=None):
        self.resets, self.t, self.s = self.resets + 1, 0, np.array([4.0])
        return self.s.copy(), {}

    def step(self, action):
        r, self.s = -(float(self.s[0]) ** 2), self.s + 0.5 * np.asarray(action, dtype=float).reshape(1)
        self.made, self.t = self.made + 1, self.t + 1
        over = self.t == self.end
        return self.s.copy(), r, over and self.how == "terminated", over and self.how == "truncated", {}


class Learner:
    """Measures c from the last row, plans straight to 0, and writes down what it was asked."""

    def __init__(self):
        self.seen, self.guesses = [], []

    def fit(self, D):
        self.seen.append(np.array(D.s_next))
        c = float((D.s_next[-1, 0] - D.s[-1, 0]) / D.a[-1, 0])
        return lambda s, a: s + c * a

    def plan(self, f, s, guess):
        self.guesses.append(np.array(guess, dtype=float))
        step = float(np.ravel(f(np.zeros((1, 1)), np.ones((1, 1))))[0])
        actions = np.zeros(np.shape(guess))
        actions[0] = -float(np.ravel(s)[0]) / step
        return actions


def first_data(student):
    """Two rows to begin with, the second of them measured badly: c = 1."""
    columns = [[0.0], [0.0]], [[1.0], [1.0]], [0.0, 0.0], [[0.5], [1.0]], [False, False]
    return student.transitions.Transitions(*(np.array(column) for column in columns))


@exercise("3.6")
def test_a_step_is_a_row(student):
    """observe: from 4 with a = -2 the ball goes to 3 and is paid -16; a time limit is an end, but not `done`."""
    for how, done in [("terminated", True), ("truncated", False)]:
        env = Line(end=1, how=how)
        s, _ = env.reset()
        row, over = fields(student.algorithms.observe(env, s, np.array([-2.0])), "row over", who="algorithms.observe")
        wanted = [[4.0]], [[-2.0]], [-16.0], [[3.0]], [done]
        for name, got, value in zip("s a r s_next done".split(), fields(row, "s a r s_next done"), wanted, strict=True):
            assert_close(f"algorithms.observe, {how}: {name}", got, np.array(value), rtol=SINGLE, show=True)
        if not over:
            raise Mismatch(f"algorithms.observe: over is {over} after a step that was {how}, expected True")


@exercise("3.6")
def test_an_episode_is_collected(student):
    """collect: with a = -s the ball passes 4, 2, 1; the episode ends where the environment says so."""
    env = Line(end=3)
    D = student.algorithms.collect(env, lambda s: -s, 5)
    s, _, r, s_next, _ = fields(D, "s a r s_next done", who="algorithms.collect")
    assert_close("algorithms.collect: s", s, np.array([[4.0], [2.0], [1.0]]), rtol=SINGLE, show=True)
    assert_close("algorithms.collect: r", r, np.array([-16.0, -4.0, -1.0]), rtol=SINGLE, show=True)
    assert_close("algorithms.collect: s_next", s_next, np.array([[2.0], [1.0], [0.5]]), rtol=SINGLE, show=True)


@exercise("3.6")
def test_random_actions_stay_within_the_bounds(student, rng):
    """collect_random: 3 episodes of 5 steps are 15 rows, with actions from all over -8..8."""
    env = Line()
    generator = np.random.default_rng(rng.integers(1 << 62))
    D = student.algorithms.collect_random(env, 3, 5, generator)
    a = assert_shape("algorithms.collect_random: a", fields(D, "s a r s_next done")[1], (15, 1), "[N, m]")
    if np.max(np.abs(a)) > 8 or len(np.unique(a)) < 15 or env.resets != 3:
        raise Mismatch("algorithms.collect_random: expected 15 different actions within -8..8 in 3 episodes")


@exercise("3.6")
def test_plans_earn_what_the_model_says(student):
    """plan_returns: in f(s, a) = s + a the plans (-2, -2) and (1, 0) earn -16 - 4 and -16 - 25 from 4."""
    A = np.array([[[-2.0], [-2.0]], [[1.0], [0.0]]])
    J = student.algorithms.plan_returns(lambda s, a: s + a, lambda s, a: -(s[..., 0] ** 2), np.array([4.0]), A)
    look = "the reward is for the state BEFORE each of the two steps: 4, then where the first action led"
    assert_close("algorithms.plan_returns", J, np.array([-20.0, -41.0]), rtol=SINGLE, look=look, show=True)


@exercise("3.6")
def test_the_planner_finds_the_way_down(student, rng):
    """cem_planner: where a pays -(s + a - 1)² the best first action from 4 is -3, and the guess is the first candidate."""
    asked = []

    def reward(s, a):
        asked.append(np.array(a))
        return -((s[..., 0] + a[..., 0] - 1.0) ** 2)

    generator = np.random.default_rng(rng.integers(1 << 62))
    options = {"std": 2.0, "N": 200, "M": 20, "iterations": 6}
    plan = student.algorithms.cem_planner(reward, np.array([-9.0]), np.array([9.0]), generator, **options)
    actions = plan(lambda s, a: s + a, np.array([4.0]), np.array([[0.25], [0.0]]))
    actions = assert_shape("plan of algorithms.cem_planner", actions, (2, 1), "[T, m]")
    if abs(actions[0, 0] + 3) > 0.3:
        raise Mismatch(f"plan of algorithms.cem_planner begins with {actions[0, 0]:.2f}, expected about -3")
    if asked[0].ravel()[0] != 0.25:
        raise Mismatch("plan of algorithms.cem_planner: the first candidate of all is not the guess")


def judge(who, env, learner, answer, returns, sizes, states):
    """Compare what fit got and the History of an example with what they should be; states: those it leads to."""
    states, got = np.array([0.5, 1.0, *states])[:, None], [len(rows) for rows in learner.seen]
    if got != sizes:
        raise Mismatch(f"{who}: fit got {got} rows, expected {sizes}")
    look = "the order: the given data come first, and behind them every real step as it happened"
    for rows in learner.seen:
        assert_close(f"{who}: D.s_next that fit got", rows, states[: len(rows)], rtol=SINGLE, look=look, show=True)
    got, D = fields(answer, "returns D", who=who)
    assert_close(f"{who}: the array returns", got, np.array(returns), rtol=SINGLE, show=True)
    s_next = fields(D, "s a r s_next done", who=f"{who}: D")[3]
    assert_close(f"{who}: D.s_next of the History", s_next, states, rtol=SINGLE, look=look, show=True)
    if env.resets != len(returns):
        raise Mismatch(f"{who} reset the environment {env.resets} times, expected {len(returns)}")


@exercise("3.6", weight=2)
def test_the_table_of_the_handout_by_hand(student):
    """algorithm1, and algorithm3 with every = 1 and T = 2: the handout's table, whose first model takes 0.5 for 1."""
    loops = student.algorithms
    env, learner = Line(), Learner()
    answer = loops.algorithm1(env, first_data(student), learner.fit, learner.plan, 3)
    judge("algorithms.algorithm1", env, learner, answer, [-24.0], [2], [2, 2, 2])
    env, learner = Line(), Learner()
    answer = loops.algorithm3(env, first_data(student), learner.fit, learner.plan, steps=3, episodes=1, T=2, every=1)
    judge("algorithms.algorithm3", env, learner, answer, [-20.0], [2, 3, 4], [2, 0, 0])


@exercise("3.6")
def test_algorithm_2_aggregates(student):
    """algorithm2: the second round is fitted to the first data and the first episode together."""
    env, learner = Line(end=1), Learner()
    loops = student.algorithms
    answer = loops.algorithm2(env, first_data(student), learner.fit, learner.plan, 3, 2)
    judge("algorithms.algorithm2", env, learner, answer, [-16.0, -16.0], [2, 3], [2, 0])
    if any(np.shape(guess) != (3, 1) or np.any(guess) for guess in learner.guesses):
        raise Mismatch("algorithms.algorithm2: a guess is not zeros [steps, m]")


@exercise("3.6")
def test_algorithm_3_begins_every_episode_with_zeros(student):
    """algorithm3: two episodes, every = 4; a planner that adds (1, 2) to its guess begins each of them with a = 1."""
    env, learner, who = Line(), Learner(), "algorithms.algorithm3"
    sizes = {"steps": 3, "episodes": 2, "T": 2, "every": 4}
    answer = student.algorithms.algorithm3(
        env, first_data(student), learner.fit, lambda f, s, guess: guess + np.array([[1.0], [2.0]]), **sizes
    )
    a = fields(fields(answer, "returns D", who=who)[1], "s a r s_next done", who=f"{who}: D")[1]
    look = "the guess: zeros as an episode begins, (2, 0) in its other steps, which is (1, 2) or (3, 2) moved on"
    assert_close(
        f"{who}: D.a", a, np.array([[1.0], [1], [1], [3], [3], [1], [3], [3]]), rtol=SINGLE, look=look, show=True
    )
    judge(who, env, learner, answer, [-72.25, -72.25], [2, 6], 2 * [4.5, 6.0, 7.5])
