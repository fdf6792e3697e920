"""Models and rewards of the grader's, for the roll-outs and the planner of exercise 3.6."""

from __future__ import annotations

import numpy as np
from algorithms_worlds import Note

from course.testing import Mismatch, StudentError, assert_shape


class Rollouts(Note):
    """A linear model and a quadratic reward; what plans earn follows from powers of the matrix."""

    def __init__(self, rng, n, m, N):
        self.A, self.B, self.c = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n)
        self.Q, self.w, self.v = rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=m)
        self.n, self.m, self.N, self.calls = n, m, N, 0

    def f(self, s=None, a=None):
        """Return the next states: the model that the student is given."""
        self.calls += 1
        s = self.numbers("algorithms.plan_returns called f(s, a): s", s, (self.N, self.n), "[N, n]")
        a = self.numbers("algorithms.plan_returns called f(s, a): a", a, (self.N, self.m), "[N, m]")
        if s is None or a is None:
            return np.full((self.N, self.n), np.nan)
        return s @ self.A.T + a @ self.B.T + self.c

    def reward(self, s=None, a=None):
        """Return what states and actions pay, with any leading axes."""
        try:
            return np.einsum("...i,ij,...j->...", s, self.Q, s) + np.asarray(s) @ self.w + np.asarray(a) @ self.v
        except (ValueError, TypeError, IndexError):
            self.complaint = self.complaint or "algorithms.plan_returns called reward(s, a) with shapes that do not fit"
            return np.nan

    def expected(self, s, A):
        """Return J: [N]; each state is a sum of what the start and all actions before contribute to it."""
        N, T, _ = A.shape
        powers = [np.linalg.matrix_power(self.A, k) for k in range(T)]
        push = A @ self.B.T + self.c
        states = np.array(
            [
                powers[t] @ s + sum((push[:, k] @ powers[t - 1 - k].T for k in range(t)), np.zeros((N, 1)))
                for t in range(T)
            ]
        )
        return np.sum(np.sum((states @ self.Q) * states, axis=-1) + states @ self.w, axis=0) + np.sum(
            A @ self.v, axis=1
        )


class Scored(Note):
    """A linear model and a reward with its best state and action somewhere; the actions asked about are kept."""

    def __init__(self, rng, n, m, N, T):
        self.n, self.m, self.N, self.T, self.elsewhere = n, m, N, T, False
        self.B = rng.normal(size=(n, m))
        self.begin(rng)

    def begin(self, rng):
        """Forget what was asked; another state, another best plan."""
        self.s, self.best = rng.normal(size=self.n), rng.normal(size=(self.n + self.m))
        self.actions, self.first = [], True

    def f(self, s=None, a=None):
        if not self._fits(s, a):
            return np.nan
        return 0.8 * s + a @ self.B.T

    def reward(self, s=None, a=None):
        """Return what states and actions pay, with any leading axes; keep the actions."""
        if not self._fits(s, a) or len(self.actions) > 200:
            return np.nan
        states = s if s.ndim == 2 else s.reshape(-1, self.n)[:1]
        self.elsewhere |= self.first and not np.allclose(states, self.s, rtol=1e-4, atol=1e-4)
        self.first = False
        self.actions.append(np.array(a))
        return -np.sum(np.square(s - self.best[: self.n]), axis=-1) - np.sum(
            np.square(a - self.best[self.n :]), axis=-1
        )

    def _fits(self, s, a):
        ok = all(
            type(x) is np.ndarray and x.ndim in (2, 3) and x.shape[-1] == k and x.dtype.kind == "f" and x.size < 1e5
            for x, k in ((s, self.n), (a, self.m))
        )
        if not ok or s.shape[:-1] != a.shape[:-1]:
            self.complaint = self.complaint or (
                "the planner called the model or the reward with something else than states [N, n] and actions [N, m]"
            )
            return False
        return True

    def candidates(self):
        """Return the sets of plans that were scored: a list of [N, T, m]."""
        N, sets, waiting = self.N, [], []
        for a in self.actions:
            if a.ndim == 3:
                whole = a if a.shape[:2] == (N, self.T) else np.moveaxis(a, 1, 0)
                sets += [whole] if whole.shape[:2] == (N, self.T) else []
            elif len(a) == N:
                waiting.append(a)
                if len(waiting) == self.T:
                    sets.append(np.stack(waiting, axis=1))
                    waiting = []
        if not sets:
            raise Mismatch(
                f"plan of algorithms.cem_planner: no set of N = {N} plans was scored, expected one an iteration"
            )
        return sets

    def scores(self, student):
        """Return what the last plans that were scored earn, [N]: truly, and by the student's own roll-outs."""
        A = self.candidates()[-1]
        states, total = np.repeat(self.s[None], len(A), axis=0), np.zeros(len(A))
        for t in range(self.T):
            total += self.reward(states, A[:, t])
            states = self.f(states, A[:, t])
        try:
            own = student.algorithms.plan_returns(self.f, self.reward, self.s.copy(), A.copy())
            return [total, assert_shape("own", own, (len(A),))]
        except (Mismatch, StudentError):
            return [total]


def uniform_distance(u):
    """Return the largest distance between the distribution of the columns of u: [N, m] and the uniform one on 0..1."""
    x = np.sort(u, axis=0)
    at = np.arange(1, len(x) + 1)[:, None] / len(x)
    return float(max(np.max(np.abs(at - x)), np.max(np.abs(at - 1 / len(x) - x))))
