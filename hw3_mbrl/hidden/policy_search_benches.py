"""Objectives, an environment and the parts of Algorithm 4, on the grader's side: they note what is asked of them."""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import Mismatch, assert_shape, fields

COLUMNS = "s a r s_next done"


class Note:
    """Keeps the first complaint about what is asked; an answer is never refused by raising."""

    def __init__(self):
        self.complaint = ""

    def complain(self, text):
        self.complaint = self.complaint or text

    def numbers(self, who, name, value, shape, dims):
        """Return `value` as an array, or None after noting what is wrong with it."""
        try:
            return assert_shape(f"{who}: {name}", value, shape, dims)
        except Mismatch as problem:
            self.complain(str(problem))
            return None


class Objective(Note):
    """J and its alleged gradient, at most `most` times: two functions that have nothing to do with each other.

    lost: how many of its first answers are NaN, J and gradient. The gradient field bends, so that the path does too.
    """

    def __init__(self, rng, P, most, scale=1.0, lost=()):
        super().__init__()
        self.A, self.b = rng.normal(size=(P, P)) / np.sqrt(P), rng.normal(size=P)
        self.w, self.phase = rng.normal(size=P), rng.uniform(0, 6)
        self.P, self.most, self.scale, self.lost = P, most, scale, lost
        self.asked = []

    def value(self, theta, count=-1):
        """Return J and the gradient [P] of the call with this number."""
        if count in self.lost:
            return float("nan"), np.full(self.P, np.nan)
        J = -4.0 + np.sin(self.w @ theta * 4.0 + self.phase)
        return float(J), self.scale * (self.b + 2.0 * np.tanh(self.A @ theta))

    def answer(self, theta=None):
        """Return J and the gradient. This is the `objective` that the student's loop is given."""
        who = "policy_search.improve called objective(theta)"
        theta = self.numbers(who, "theta", theta, (self.P,), "[P]")
        if theta is not None and len(self.asked) >= self.most:
            self.complain(f"policy_search.improve called objective more than {self.most} times: steps + 1")
        if theta is None or self.complaint:
            return float("nan"), np.full(self.P, np.nan)
        self.asked.append(theta)
        return self.value(theta, len(self.asked) - 1)


class World(Note, gymnasium.Env):
    """A nonlinear environment whose episodes end as told, and which keeps what happened.

    ends: for each episode how many steps it has, and whether it is `terminated` then or cut off.
    """

    def __init__(self, rng, n, m, ends):
        Note.__init__(self)
        self.A, self.B, self.v = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n + m)
        self.starts = rng.normal(size=(len(ends) + 1, n))
        self.n, self.m, self.ends = n, m, ends
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (n,), np.float64)
        self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (m,), np.float64)
        self.episodes, self.events = [], []
        self.s, self.running = None, False

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.complain("policy_search.collect called env.reset with a seed: then every episode begins alike")
        if len(self.episodes) >= len(self.ends):
            self.complain(f"more than {len(self.ends)} episodes were begun in the environment: real ones are expensive")
            return np.full(self.n, np.nan), {}
        self.events.append("reset")
        self.s, self.running = self.starts[0 if seed is not None else len(self.episodes) + 1], True
        self.episodes.append([])
        return self.s.copy(), {}

    def step(self, action=None):
        a = self.numbers("policy_search.collect called env.step(a)", "a", action, (self.m,), "[m]")
        if not self.running:
            self.complain("policy_search.collect made a step before reset, or after the episode had ended")
        if self.complaint:
            return np.full(self.n, np.nan), float("nan"), True, True, {}
        length, terminated = self.ends[len(self.episodes) - 1]
        reward = 2.0 + float(self.v @ np.tanh(np.concatenate([self.s, a])))
        s_next = np.tanh(self.A @ self.s + self.B @ a) + 0.2 * len(self.episodes[-1])
        over = len(self.episodes[-1]) + 1 == length
        self.episodes[-1].append((self.s, a, reward, s_next, over and terminated))
        self.s, self.running = s_next, not over
        return s_next.copy(), reward, over and terminated, over and not terminated, {}

    def data(self, k):
        """Return the columns s, a, r, s_next, done of episode k."""
        return [np.array(column) for column in zip(*self.episodes[k], strict=True)]


def random_data(rng, N, n, m):
    """Draw the columns of N transitions of earlier."""
    return [rng.normal(size=(N, n)), rng.normal(size=(N, m)), rng.normal(size=N), rng.normal(size=(N, n)),
            rng.random(N) < 0.3]  # fmt: skip


def columns(who, D, N, n, m):
    """Return the columns of Transitions, checked for their shapes."""
    look = "the number of transitions"
    s, a, r, s_next, done = fields(D, COLUMNS, who=who)
    return [
        assert_shape(f"{who}: s", s, (N, n), "[N, n]", look=look),
        assert_shape(f"{who}: a", a, (N, m), "[N, m]"),
        assert_shape(f"{who}: r", r, (N,), "[N]"),
        assert_shape(f"{who}: s_next", s_next, (N, n), "[N, n]"),
        assert_shape(f"{who}: done", done, (N,), "bool [N]", integer=True),
    ]


class Parts(Note):
    """Made-up `fit`, `climb` and `act`: what each returns depends on all that it got so far."""

    def __init__(self, rng, world, P, rounds):
        super().__init__()
        self.world, self.P, self.rounds = world, P, rounds
        n, m = world.n, world.m
        self.of_data = rng.normal(size=(3, 2 * n + m + 2))
        self.of_model, self.of_theta = rng.normal(size=(P, 3)), rng.normal(size=(P, P)) / np.sqrt(P)
        self.K = rng.normal(size=(m, P, n)) / np.sqrt(P)
        self.fitted, self.models, self.improved, self.played = [], [], [], []

    def fit(self, D=None):
        """Return a model, which is three numbers here: nobody but `climb` looks into it."""
        try:
            N = np.shape(getattr(D, "r", np.zeros(0)))
            got = columns(
                "policy_search.algorithm4 called fit(D)", D, N[0] if len(N) == 1 else 0, self.world.n, self.world.m
            )
        except Mismatch as problem:
            self.complain(str(problem))
            return np.full(3, np.nan)
        if len(self.fitted) >= self.rounds:
            self.complain("policy_search.algorithm4 called fit more often than once in a round")
            return np.full(3, np.nan)
        self.world.events.append("fit")
        self.fitted.append(got)
        flat = np.concatenate([np.reshape(column, (len(got[2]), -1)) for column in got], axis=1)
        flat = flat * np.cos(np.arange(len(flat)))[:, None]  # the order counts
        self.models.append(np.tanh(self.of_data @ flat.sum(axis=0)) + 0.1 * len(self.fitted))
        return self.models[-1].copy()

    def climb(self, f=None, theta=None):
        """Return new parameters [P]."""
        who = "policy_search.algorithm4 called climb(f, theta)"
        f, theta = (
            self.numbers(who, "f", f, (3,), "what fit returned"),
            self.numbers(who, "theta", theta, (self.P,), "[P]"),
        )
        if len(self.improved) >= self.rounds:
            self.complain("policy_search.algorithm4 called climb more often than once in a round")
        if self.complaint:
            return np.full(self.P, np.nan)
        self.world.events.append("climb")
        better = np.sin(self.of_model @ f + self.of_theta @ theta + len(self.improved))
        self.improved.append((f, theta, better))
        return better.copy()

    def act(self, theta=None, s=None):
        """Return an action [m]."""
        who = "policy_search.algorithm4 called act(theta, s)"
        theta = self.numbers(who, "theta", theta, (self.P,), "[P]")
        s = self.numbers(who, "s", s, (self.world.n,), "[n]")
        if theta is None or s is None or len(self.played) > 1000:
            return np.full(self.world.m, np.nan)
        a = np.tanh(np.einsum("mpn,p,n->m", self.K, theta, s))
        self.played.append((theta, s, a))
        return a
