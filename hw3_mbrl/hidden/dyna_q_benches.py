"""Environments and an agent of the tests' own for 3.3: what a loop asked of them, in which order, is written down."""

from __future__ import annotations

import contextlib
import zlib
from typing import NamedTuple

import gymnasium
import numpy as np

from course.mazes import SUTTON, Maze, is_action
from course.testing import Mismatch, StudentError

STATES, ACTIONS = 9, 5
UNKNOWN = "something else"


class Agent(NamedTuple):
    """The three functions that `run` asks an agent for."""

    act: object
    learn: object
    plan: object


class Bench(gymnasium.Env):
    """Draws every observation and reward anew; episode k ends after ends[k] = (steps, "terminated" or "truncated").

    log: what was asked for, one tuple each: ("reset",), ("act", s), ("step", a), ("learn", s, a, r, s_next, done),
    ("plan",).  expected: the same, as it should have been, for an episode's cut-off after `steps`.

    wild: actions, and how long an episode lasts, follow from everything that was asked before. Nothing is judged then,
    but the lengths that `run` returns tell apart what loops have asked for.
    """

    observation_space = gymnasium.spaces.Discrete(STATES)
    action_space = gymnasium.spaces.Discrete(ACTIONS)

    def __init__(self, rng, ends, steps, wild=False):
        self.ends, self.steps, self.complaint, self.wild, self.digest = ends, steps, "", wild, 0
        most = sum(min(length, steps) for length, _ in ends) + len(ends) + 2
        self.states = rng.integers(STATES, size=3 * most).tolist()
        self.actions = rng.integers(ACTIONS, size=3 * most).tolist()
        self.rewards = rng.uniform(1, 3, size=3 * most).tolist()
        self.most, self.log, self.expected, self.lengths = 8 * most, [], [], []
        self.seen = self.asked = self.made = 0
        self.over = True
        self.agent = Agent(self.act, self.learn, self.plan)

    def write(self, *entry):
        if len(self.log) < self.most:
            self.log.append(entry)
            self.digest = zlib.crc32(repr(entry).encode(), self.digest)
        elif not self.complaint:
            self.complaint = "dyna_q.run does not stop: it asks for far more than `episodes` episodes take"

    def observe(self):
        self.seen += 1
        return self.states[(self.seen - 1) % len(self.states)]

    def reset(self, seed=None, options=None):
        self.write("reset")
        self.expected.append(("reset",))
        self.lengths.append(0)
        self.s, self.over = self.observe(), False
        return self.s, {}

    def act(self, s=None):
        self.write("act", whole(s))
        self.asked += 1
        if self.wild:
            return self.digest % ACTIONS
        return self.actions[(self.asked - 1) % len(self.actions)]

    def step(self, action=None):
        self.write("step", whole(action))
        if self.over or self.complaint or not is_action(action, ACTIONS) or self.made >= self.most:
            self.complaint = self.complaint or (
                "dyna_q.run made a step in an episode that was over, or before the first reset"
                if self.over
                else "dyna_q.run called env.step with something that is not the action that agent.act returned"
            )
            return 0, float("nan"), True, True, {}
        a = self.actions[self.made % len(self.actions)]
        r, s_next = self.rewards[self.made % len(self.rewards)], self.observe()
        self.made += 1
        self.lengths[-1] += 1
        length, how = self.ends[min(len(self.lengths), len(self.ends)) - 1]
        ended = self.lengths[-1] >= length or (self.wild and self.digest % 7 == 0)
        terminated, truncated = ended and "terminated" in how, ended and "truncated" in how
        self.over = ended or self.lengths[-1] >= self.steps
        self.expected += [("act", self.s), ("step", a), ("learn", self.s, a, r, s_next, terminated), ("plan",)]
        self.s = s_next
        return s_next, r, terminated, truncated, {}

    def learn(self, s=None, a=None, r=None, s_next=None, done=None):
        self.write("learn", whole(s), whole(a), number(r), whole(s_next), truth(done))

    def plan(self):
        self.write("plan")

    def judge(self, who):
        """Compare the log with what it should be, and name the first difference."""
        if len(self.lengths) != len(self.ends):
            raise Mismatch(f"{who} reset the environment {len(self.lengths)} times, expected once for each episode")
        for k, (got, wanted) in enumerate(zip(self.log, self.expected, strict=False)):
            if got[0] != wanted[0]:
                before = self.log[k - 1][0] if k else "nothing"
                raise Mismatch(
                    f"{who} did `{got[0]}` after `{before}`, expected `{wanted[0]}`\n"
                    "  look at: the order in a step: act, env.step, learn, plan, once each"
                )
            if got != wanted and got[0] == "learn" and got[:5] == wanted[:5]:
                raise Mismatch(
                    f"{who}: learn got done = {got[5]}, expected {wanted[5]}\n"
                    "  look at: which of `terminated` and `truncated` says that nothing comes after s_next"
                )
            if got != wanted:
                raise Mismatch(
                    f"{who}: `{got[0]}` got other arguments than what the environment and the agent returned in this "
                    "step\n  look at: which state is s and which is s_next, and which observation is the newest"
                )
        if len(self.log) != len(self.expected):
            raise Mismatch(f"{who} did not finish its last step, expected act, env.step, learn, plan in every one")


class WatchedMaze(Maze):
    """The maze of the handout, turned or mirrored: the same walk for everybody, other numbers. Notes complaints."""

    def __init__(self, rng, most):
        grid = np.array([list(row) for row in SUTTON.split()])
        grid = np.rot90(grid, rng.integers(4))
        grid = grid[:, :: (1, -1)[rng.integers(2)]]
        super().__init__("\n".join("".join(row) for row in grid))
        self.most, self.complaint, self.lengths = most, "", []

    def reset(self, *, seed=None, options=None):
        self.lengths.append(0)
        if len(self.lengths) > self.most:
            self.complaint = self.complaint or "dyna_q.run does not stop resetting the environment"
        return super().reset(seed=None)

    def step(self, action=None):
        if self._state is None or not is_action(action, self.A) or self.calls >= self.most:
            self.complaint = self.complaint or (
                "dyna_q.run made a step although no episode was running"
                if self._state is None
                else f"dyna_q.run used all {self.most} real steps that it may use here, many times what is needed"
                if self.calls >= self.most
                else f"dyna_q.run called env.step with no whole number between 0 and {self.A - 1}"
            )
            self._state = None
            return 0, float("nan"), True, True, {}
        self.lengths[-1] += 1
        return super().step(action)


def unjudged(call, *arguments):
    """Call a function of the student's; whatever comes of it stays without consequence."""
    with contextlib.suppress(StudentError, Mismatch, AttributeError, TypeError):
        return call(*arguments)


def whole(value):
    """Return a whole number as an int, anything else as a word."""
    return int(value) if is_action(value, 1 << 40) else UNKNOWN


def number(value):
    if type(value) in (int, float) or isinstance(value, np.floating):
        return float(value)
    return UNKNOWN


def truth(value):
    if type(value) is bool or isinstance(value, np.bool_):
        return bool(value)
    return bool(value) if whole(value) in (0, 1) else UNKNOWN
