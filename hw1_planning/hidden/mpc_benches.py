"""Planners, policies and environments of the grader's for exercise 1.4: they note what is asked, and how often."""

from __future__ import annotations

import gymnasium
import numpy as np
from planner_oracles import Regulator

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, fields

MOST = 1000  # of what a student's loop asks for, that is written down or kept


class Note:
    """Keeps the first complaint about what is asked; an answer is never refused by raising."""

    def __init__(self):
        self.complaint = ""

    def numbers(self, who, name, value, shape, dims):
        """Return `value` as an array, or None after noting what is wrong with it."""
        try:
            return assert_shape(f"{who}: {name}", value, shape, dims)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return None

    def check(self):
        if self.complaint:
            raise Mismatch(self.complaint)


class Planner(Note):
    """A made-up planner: its plan depends on the state, on the guess and on how often it was asked."""

    def __init__(self, rng, n, T, m):
        super().__init__()
        self.of_state, self.of_guess = rng.normal(size=(T, m, n)), rng.normal(size=(T * m, T * m)) / np.sqrt(T * m)
        self.drift = rng.normal(size=(T, m))
        self.n, self.T, self.m = n, T, m
        self.calls, self.states, self.guesses, self.plans = 0, [], [], []

    def answer(self, s=None, guess=None):
        """Return a plan. This is the `plan` that the student's controller is given."""
        who = "mpc.MPC.act called plan(s, guess)"
        self.calls += 1
        s = self.numbers(who, "s", s, (self.n,), "[n]")
        guess = self.numbers(who, "guess", guess, (self.T, self.m), "[T, m]")
        if s is None or guess is None:
            return np.full((self.T, self.m), np.nan)
        plan = self.propose(s, guess)
        if len(self.plans) < MOST:
            self.states.append(s)
            self.guesses.append(guess)
            self.plans.append(plan)
        return plan.copy()

    def propose(self, s, guess):
        return np.sin(self.of_state @ s + (self.of_guess @ guess.ravel()).reshape(self.T, self.m) + self.drift)

    def expect_calls(self, count):
        self.check()
        if self.calls != count:
            raise Mismatch(
                f"mpc.MPC.act called the planner {self.calls} times in {count} steps, expected once in each: "
                "every step has a plan of its own"
            )


class Exact(Planner):
    """The exact planner of a linear-quadratic problem: it needs no guess."""

    def __init__(self, rng, n, T, m, radius):
        super().__init__(rng, n, T, m)
        self.problem = Regulator(rng, n, m, T, radius)

    def propose(self, s, guess):
        return self.problem.plan(s)


class Bench(Note, gymnasium.Env):
    """A nonlinear environment that is kicked halfway, and notes everything that happens in it."""

    def __init__(self, rng, n, m, *, terminated=None, truncated=None):
        Note.__init__(self)
        self.A, self.B, self.phase = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n)
        self.weights, self.K = rng.normal(size=(n + m,)), rng.normal(size=(m, n))
        self.n, self.m, self.ends = n, m, {"terminated": terminated, "truncated": truncated}
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (n,), np.float64)
        self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (m,), np.float64)
        self.resets, self.steps, self.late = 0, 0, 0
        self.states, self.actions, self.rewards, self.asked = [], [], [], []

    def reset(self, seed=None, options=None):
        self.resets += 1
        s = np.sin(3.0 * self.resets + self.phase)
        if self.resets == 1:
            self.states.append(s)
        return s.copy(), {}

    def step(self, action=None):
        a = self.numbers("mpc.run called env.step(a)", "a", action, (self.m,), "[m]")
        if a is None or not self.states or self.steps >= MOST:
            self.steps += 1
            return np.full(self.n, np.nan), float("nan"), self.steps > MOST, False, {}
        self.late += any(end is not None and self.steps >= end for end in self.ends.values())
        s = self.states[-1]
        self.steps += 1
        self.states.append(np.tanh(self.A @ s + self.B @ a) + 0.3 * np.sin(self.steps + self.phase))
        if self.steps == 4:
            self.states[-1] += 2.0
        self.actions.append(a)
        self.rewards.append(float(self.weights @ np.tanh(np.concatenate([s, a]))))
        done = {name: self.steps == end for name, end in self.ends.items()}
        return self.states[-1].copy(), self.rewards[-1], done["terminated"], done["truncated"], {}

    def policy(self, s=None):
        """Return an action. This is the `act` that the student's loop is given."""
        s = self.numbers("mpc.run called act(s)", "s", s, (self.n,), "[n]")
        if s is None:
            return np.zeros(self.m)
        if len(self.asked) < MOST:
            self.asked.append(s)
        return np.sin(self.K @ s)

    def expect(self, who, steps, answer):
        """Judge how the environment was used, then whether the Episode [L+1, n], [L, m], [L] tells what happened."""
        self.check()
        if self.resets != 1:
            raise Mismatch(f"{who} reset the environment {self.resets} times, expected once, at the beginning")
        if self.late:
            raise Mismatch(f"{who} made a step after the environment had ended the episode (terminated or truncated)")
        if self.steps != steps:
            raise Mismatch(f"{who} made {min(self.steps, MOST)} steps in the environment, expected {steps}")
        states, actions, rewards = fields(answer, "states actions rewards", who=who)
        look = "its length: an episode of L steps has L + 1 states, L actions and L rewards"
        assert_shape(f"{who}: states", states, (steps + 1, self.n), "[L+1, n]", look=look)
        assert_shape(f"{who}: actions", actions, (steps, self.m), "[L, m]", look=look)
        assert_shape(f"{who}: rewards", rewards, (steps,), "[L]", look=look)
        look = "states[0] is what reset returned, states[t + 1] what step t returned"
        assert_close(f"{who}: states", states, np.array(self.states), rtol=SINGLE, look=look)
        look = "actions[t]: it is the action that step t was given"
        assert_close(f"{who}: actions", actions, np.array(self.actions), rtol=SINGLE, look=look)
        look = "rewards[t]: it is what the environment paid for actions[t]"
        assert_close(f"{who}: rewards", rewards, np.array(self.rewards), rtol=SINGLE, look=look)
