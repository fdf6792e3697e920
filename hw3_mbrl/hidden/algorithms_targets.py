"""Learning from scratch under a student's loop: a real environment, a network of ours to fit, a planner of ours.

Fits and plans are slow, and the same for every right loop. So they are kept, and a fit or a plan that no right loop
asks for is refused before it is made.
"""

from __future__ import annotations

import gymnasium
import numpy as np
from algorithms_worlds import COLUMNS, Note

from course.testing import Mismatch, fields

KEPT = 4000  # plans and fits of one test that are kept


class Watched(Note, gymnasium.Env):
    """An environment whose real steps are counted, written down, and at most `allowed`; state: the present one, [n].

    budget: None, or a Budget; then every action must be the one that it has planned for this step.
    """

    def __init__(self, env, allowed):
        self.env, self.allowed, self.rows, self.episode, self.resets, self.state = env, allowed, [], [], 0, None
        self.observation_space, self.action_space, self.budget = env.observation_space, env.action_space, None

    @property
    def made(self):
        """How many real steps were made."""
        return len(self.rows)

    def reset(self, seed=None, options=None):
        if self.resets > self.allowed:
            return np.full(self.observation_space.shape, np.nan), {}
        self.resets, (self.state, _) = self.resets + 1, self.env.reset()
        return self.state.copy(), {}

    def step(self, action=None):
        a = self.numbers("env.step(a): a", action, self.action_space.shape, "[m]")
        if self.state is None:
            self.complaint = self.complaint or "env.step was called before env.reset"
        if self.made >= self.allowed:
            self.complaint = self.complaint or f"more real steps were made than the {self.allowed} that are allowed"
        if a is not None and self.budget is not None and not self.budget.planned(a):
            self.complaint = self.complaint or "env.step(a): a is not the action that was planned for this step"
        if self.complaint or a is None:
            return np.full(self.observation_space.shape, np.nan), float("nan"), False, True, {}
        s, (self.state, r, terminated, truncated, _) = self.state, self.env.step(a)
        self.rows.append((s, a, r, self.state, terminated))
        self.episode.append(self.resets - 1)
        return self.state.copy(), r, terminated, truncated, {}

    def columns(self):
        """Return s, a, r, s_next, done of all real steps; nothing where none was made."""
        n, m = self.observation_space.shape[0], self.action_space.shape[0]
        if not self.rows:
            return np.empty((0, n)), np.empty((0, m)), np.empty(0), np.empty((0, n)), np.empty(0, dtype=bool)
        return tuple(np.array(column) for column in zip(*self.rows, strict=True))

    def returns(self):
        """Return the sum of the rewards of each episode."""
        return np.bincount(self.episode, weights=[row[2] for row in self.rows], minlength=self.resets)


def random_data(make_record, env, episodes, steps, rng):
    """Return the transitions of random episodes of an environment that never terminates."""
    watched = Watched(env, episodes * steps)
    for _ in range(episodes):
        watched.reset()
        for _ in range(steps):
            watched.step(rng.uniform(env.action_space.low, env.action_space.high))
    return make_record(*watched.columns())


class Budget(Note):
    """Serves fit and plan for an environment that counts its steps.

    env: Watched. D: the data to begin with. make(D, seed) -> f: the network. search(f, s, guess, rng): the planner,
    with horizon T and m numbers in an action.
    """

    def __init__(self, rng, memory, env, D, make, search, T, m):
        self.memory, self.env, self.D, self.make, self.search = memory, env, D, make, search
        self.T, self.m, self.seed = T, m, int(rng.integers(1 << 40))
        self.fits, self.plans, self.f, self.used = 0, 0, None, {}
        self.newest, env.budget = (0, []), self  # newest: after how many real steps what was planned

    def fit(self, D=None):
        """Return a network fitted to D: the `fit` that the student's loop is given."""
        try:
            columns = fields(D, COLUMNS, who="fit(D): D")
            expected = [np.concatenate(parts) for parts in zip(self.D, self.env.columns(), strict=True)]
            for name, got, wanted in zip(COLUMNS.split(), columns, expected, strict=True):
                if type(got) is not np.ndarray or got.shape != wanted.shape or not np.allclose(got, wanted, 1e-4, 1e-4):
                    raise Mismatch(f"fit(D): {name} does not hold the given data and every real step after them")
        except Mismatch as problem:
            return self._refuse(str(problem))
        if self.plans == 0 and self.fits:
            return self._refuse("fit was asked again before anything was planned with what it had returned")
        self.fits, self.plans = self.fits + 1, 0
        key = "fit", self.env.made, expected[0].tobytes()
        self.f = self._kept(key, lambda: self.make(type(self.D)(*expected), self._seed()))
        return self.f

    def plan(self, f=None, s=None, guess=None):
        """Return actions [T, m]: the `plan` that the student's loop is given."""
        s = self.numbers("plan(f, s, guess): s", s, np.shape(self.env.state), "[n]")
        guess = self.numbers("plan(f, s, guess): guess", guess, (self.T, self.m), "[T, m]")
        if self.complaint or s is None or guess is None:
            return np.full((self.T, self.m), np.nan)
        if f is not self.f or not np.allclose(s, self.env.state, 1e-4, 1e-4):
            return self._refuse("plan(f, s, guess): f is not the model fitted last, or s not the state observed last")
        if self.used.get(self.env.made) == self.fits:
            return self._refuse("plan was asked twice about the same step with the same model")
        self.used[self.env.made], self.plans = self.fits, self.plans + 1
        key = "plan", self.env.made, s.tobytes(), guess.tobytes(), id(self.f)
        actions = self._kept(key, lambda: self.search(self.f, s, guess, np.random.default_rng(self._seed())))
        self.newest = self.env.made, actions
        return actions.copy()

    def planned(self, a):
        """Tell whether the newest plan has this action for the present step."""
        at, actions = self.newest
        t = self.env.made - at
        return t < len(actions) and np.allclose(a, actions[t], rtol=1e-4, atol=1e-4)

    def _seed(self):
        return [self.seed, self.env.made, self.fits]

    def _kept(self, key, compute):
        key = (self.seed, *key)
        if key not in self.memory and len(self.memory) < KEPT:
            self.memory[key] = compute()
        return self.memory[key] if key in self.memory else compute()

    def _refuse(self, complaint):
        self.complaint = self.complaint or complaint
        return np.full((self.T, self.m), np.nan)
