"""Worlds, experts and fits of the grader's for exercise 3.9: they note what is asked of them, and how often."""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import Mismatch, assert_shape

MOST = 3000  # steps or questions that are answered


class Note:
    """Keeps the first complaint about what is asked; an answer is never refused by raising."""

    def __init__(self):
        self.complaint = ""

    def numbers(self, name, value, shape, dims):
        """Return `value` as an array, or None after noting what is wrong with it."""
        try:
            return assert_shape(name, value, shape, dims)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return None


class World(Note, gymnasium.Env):
    """N copies of a smooth system with rewards between -2 and 2; each episode has other starts. Notes all that happens.

    ends: "terminated" or "truncated", what is said after L steps. path: one entry for each reset, with the states
    [L+1, N, n], actions [L, N, m] and rewards [L, N] as lists.
    """

    def __init__(self, rng, who, N, n, m, L, ends="truncated"):
        Note.__init__(self)
        self.who, self.N, self.n, self.m, self.L, self.ends = who, N, n, m, L, ends
        self.A, self.B = rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=(m, n))
        self.of_state, self.of_action, self.starts = rng.normal(size=n), rng.normal(size=m), rng.normal(size=(N, n))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (N, n), np.float64)
        self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (N, m), np.float64)
        self.path, self.late, self.calls = [], 0, 0

    def reset(self, seed=None, options=None):
        s = self.starts + np.sin(1.0 + len(self.path))
        self.path.append(([s], [], []))
        return s.copy(), {}

    def step(self, action=None):
        a = self.numbers(f"{self.who} called env.step(a): a", action, (self.N, self.m), "[N, m]")
        self.calls += 1
        if a is None or not self.path or self.calls > MOST:
            nothing = np.full(self.N, np.nan)
            return np.full((self.N, self.n), np.nan), float("nan"), True, True, {"rewards": nothing}
        states, actions, rewards = self.path[-1]
        self.late += len(actions) >= self.L
        s = states[-1]
        rewards.append(np.tanh(s @ self.of_state) + np.cos(a @ self.of_action))
        states.append(np.tanh(s @ self.A + a @ self.B) + 0.1 * len(actions))
        actions.append(a)
        over = len(actions) >= self.L
        ends = {name: over and self.ends == name for name in ("terminated", "truncated")}
        info = {"rewards": rewards[-1].copy()}
        return states[-1].copy(), float(rewards[-1].mean()), ends["terminated"], ends["truncated"], info

    def check(self, rounds):
        """Raise Mismatch unless `rounds` full episodes were played, each to its end and no further."""
        if len(self.path) != rounds:
            raise Mismatch(
                f"{self.who} reset the environment {len(self.path)} times, expected {rounds} times: N episodes at once "
                "in each"
            )
        lengths = sorted({len(actions) for _, actions, _ in self.path})
        if lengths != [self.L] * bool(rounds) or self.late:
            raise Mismatch(
                f"{self.who} made {lengths} steps after a reset, expected {self.L}: an episode is over when the "
                "environment says terminated or truncated, and not before"
            )

    def states(self, k):
        """Return the states [L, N, n] of round k in which an action was taken."""
        return np.array(self.path[k][0][:-1])

    def returns(self):
        """Return the mean total reward of an episode of each round."""
        return np.array([np.sum(np.mean(rewards, axis=1)) for _, _, rewards in self.path])


class Expert(Note):
    """Says what it would do; notes the states that it was asked about."""

    def __init__(self, rng, n, m):
        super().__init__()
        self.K, self.n, self.m, self.asked = rng.normal(size=(n, m)), n, m, []

    def act(self, s):
        """Return what the expert does in the states s [..., n]."""
        return 2.0 * np.sin(s @ self.K) + 0.5

    def answer(self, s=None):
        """Answer the student's loop."""
        N = len(s) if type(s) is np.ndarray and s.ndim == 2 else 1
        s = self.numbers("mbmf.dagger called expert(s): s", s, (N, self.n), "[N, n]")
        if s is None or len(self.asked) >= MOST:
            return np.full((N, self.m), np.nan)
        self.asked.append(s)
        return self.act(s)


class Fits(Note):
    """A made-up fit: a policy that depends on all labels it was given. Notes the labels, and who was asked what."""

    def __init__(self, rng, n, m):
        super().__init__()
        self.n, self.m, self.W = n, m, rng.normal(size=(n, m))
        self.labels, self.asked = [], []

    def answer(self, s=None, a=None):
        """Fit, for the student's loop; returns a policy."""
        count = len(s) if type(s) is np.ndarray and s.ndim == 2 else 1
        s = self.numbers("mbmf.dagger called fit(s, a): s", s, (count, self.n), "[K, n]")
        a = self.numbers("mbmf.dagger called fit(s, a): a", a, (count, self.m), "[K, m]")
        known = s is not None and a is not None and len(self.labels) < MOST
        gain, index = np.cos(s.sum() + a.sum() + len(s)) if known else np.nan, len(self.labels)
        if known:
            self.labels.append((s, a))

        def act(s=None):
            N = len(s) if type(s) is np.ndarray and s.ndim == 2 else 1
            s = self.numbers("mbmf.dagger called the fitted act(s): s", s, (N, self.n), "[N, n]")
            if s is None or len(self.asked) >= MOST:
                return np.full((N, self.m), np.nan)
            self.asked.append((index, s))
            return self.policy(gain, s)

        return act

    def policy(self, gain, s):
        return np.tanh(s @ self.W) + gain

    def gain(self, index):
        """Return what decides the policy of one fit."""
        s, a = self.labels[index]
        return np.cos(s.sum() + a.sum() + len(s))
