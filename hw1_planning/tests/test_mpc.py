"""Visible tests of 1.4: the example of the handout by hand, what is asked of planner and environment, the edges.

In the example a ball stands at s on a line and is moved by s' = s + a, at most 2 a step. The planner goes straight to
0, and a gust pushes the ball by +1 right after the first step.
"""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


def straight(s, guess):
    """Plan three steps straight to 0, each of length 2 or less."""
    plan, place = np.zeros((3, 1)), float(np.asarray(s)[0])
    for t in range(3):
        plan[t] = np.clip(-place, -2, 2)
        place += float(plan[t, 0])
    return plan


class Line(gymnasium.Env):
    """The ball of the example: reward -s² for the state before the step; ends after `end` steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,), np.float64)

    def __init__(self, gust=0.0, end=None, how="truncated"):
        self.gust, self.end, self.how = gust, end, how
        self.resets = self.steps = 0

    def reset(self, seed=None, options=None):
        self.resets += 1
        self.steps, self.s = 0, np.array([4.0])
        return self.s.copy(), {}

    def step(self, action):
        reward = -(float(self.s[0]) ** 2)
        self.s = self.s + np.asarray(action, dtype=float).reshape(1) + (self.gust if self.steps == 0 else 0.0)
        self.steps += 1
        over = self.steps == self.end
        return self.s.copy(), reward, over and self.how == "terminated", over and self.how == "truncated", {}


def judge(who, answer, states, actions):
    """Compare an Episode of the example with what the handout's table says."""
    got_states, got_actions, rewards = fields(answer, "states actions rewards", who=who)
    L = len(actions)
    assert_shape(f"{who}: states", got_states, (L + 1, 1), "[L+1, n]", look="its length: the state after the last step")
    assert_shape(f"{who}: actions", got_actions, (L, 1), "[L, m]")
    assert_shape(f"{who}: rewards", rewards, (L,), "[L]")
    states, actions = np.array(states, dtype=float), np.array(actions, dtype=float)
    assert_close(f"{who}: actions", got_actions, actions[:, None], rtol=SINGLE, look="the table", show=True)
    assert_close(f"{who}: states", got_states, states[:, None], rtol=SINGLE, look="the table", show=True)
    look = "rewards[t]: what was paid for actions[t], here -s² of the state before it"
    assert_close(f"{who}: rewards", rewards, -(states[:-1] ** 2), rtol=SINGLE, look=look, show=True)


@exercise("1.4")
def test_shift_by_hand(student):
    """shift: -2, -2, 0 moved on by one step is -2, 0, 0."""
    got = student.mpc.shift(np.array([[-2.0], [-2.0], [0.0]]))
    look = "the first action goes, a zero comes at the end"
    assert_close("mpc.shift", got, np.array([[-2.0], [0.0], [0.0]]), rtol=SINGLE, look=look, show=True)


@exercise("1.4")
def test_shift_of_several_actions_and_of_a_single_step(student):
    """shift: works for every m, and with T = 1 nothing but a zero is left."""
    got = student.mpc.shift(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert_close("mpc.shift", got, np.array([[3.0, 4.0], [0.0, 0.0]]), rtol=SINGLE, look="rows are steps", show=True)
    assert_close("mpc.shift for T = 1", student.mpc.shift(np.ones((1, 2))), np.zeros((1, 2)), rtol=SINGLE, show=True)


@exercise("1.4", weight=2)
def test_the_controller_of_the_handout_by_hand(student):
    """MPC: in the states 4, 3, 1, 0 of the handout's table it executes -2, -2, -1, 0."""
    controller = student.mpc.MPC(straight, 3, 1)
    actions = [controller.act(np.array([s])) for s in (4.0, 3.0, 1.0, 0.0)]
    for t, (action, wanted) in enumerate(zip(actions, (-2.0, -2.0, -1.0, 0.0), strict=True)):
        look = "the first action of the plan that is made from this step's state"
        assert_close(f"mpc.MPC.act in step {t}", action, np.array([wanted]), rtol=SINGLE, look=look, show=True)


@exercise("1.4", weight=2)
def test_each_guess_is_the_last_plan_moved_on(student):
    """MPC: the planner's guesses are zeros at first, then the last plan without its first action; reset forgets."""
    guesses, plan = [], np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])

    def counting(s, guess):
        guesses.append(np.array(guess, dtype=float))
        return plan + 100 * (len(guesses) - 1)

    controller = student.mpc.MPC(counting, 3, 2)
    for step in range(4):
        if step == 3:
            controller.reset()
        controller.act(np.zeros(1))
    wanted = [np.zeros((3, 2)), [[2, 20], [3, 30], [0, 0]], [[102, 120], [103, 130], [0, 0]], np.zeros((3, 2))]
    if len(guesses) != 4:
        raise Mismatch(f"mpc.MPC.act called the planner {len(guesses)} times in 4 steps, expected once in each")
    for name, got, guess in zip(("0", "1", "2", "3, after reset()"), guesses, wanted, strict=True):
        look = "what is kept between two steps, and that reset() forgets it"
        guess = np.array(guess, dtype=float)
        assert_close(f"mpc.MPC: guess in step {name}", got, guess, rtol=SINGLE, look=look, show=True)


@exercise("1.4", weight=2)
def test_run_plays_the_table_of_the_handout(student):
    """run: with the planner of the example asked in every step, the ball passes 4, 3, 1, 0, 0 in spite of the gust."""
    env = Line(gust=1.0)
    answer = student.mpc.run(env, lambda s: straight(s, None)[0], 4)
    judge("mpc.run", answer, [4, 3, 1, 0, 0], [-2, -2, -1, 0])
    if env.resets != 1:
        raise Mismatch(f"mpc.run reset the environment {env.resets} times, expected once, at the beginning")


@exercise("1.4")
def test_run_ends_with_the_episode(student):
    """run: no step is made after one that was terminated or truncated, nor after `steps`."""
    for how in ("terminated", "truncated"):
        env = Line(end=2, how=how)
        judge(f"mpc.run, {how} after 2 steps", student.mpc.run(env, lambda s: -s / 2, 5), [4, 2, 1], [-2, -1])
    judge("mpc.run for one step", student.mpc.run(Line(), lambda s: -s / 2, 1), [4, 2], [-2])


@exercise("1.4")
def test_an_open_loop_does_not_notice_the_gust(student):
    """run_open_loop: -2, -2, 0 is played as it is, and the gust leaves the ball at 1."""
    answer = student.mpc.run_open_loop(Line(gust=1.0), np.array([[-2.0], [-2.0], [0.0]]))
    judge("mpc.run_open_loop", answer, [4, 3, 1, 1], [-2, -2, 0])
    answer = student.mpc.run_open_loop(Line(end=2), np.array([[-2.0], [-1.0], [-1.0]]))
    judge("mpc.run_open_loop, truncated after 2 steps", answer, [4, 2, 1], [-2, -1])
