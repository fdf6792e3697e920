"""Nonlinear problems on the grader's side, for exercise 2.7: they note where they are asked, and bound it."""

from __future__ import annotations

import numpy as np
from transcription_oracles import slopes

from course.testing import Mismatch, assert_shape

MOST_CALLS, MOST_ROWS, MOST_EXPANSIONS = 30_000, 1_000_000, 2_000
KEPT = 50


def dense(name, value, shape, dims=""):
    """Return a matrix as an array: sparse matrices stay with the student and are asked for theirs."""
    if type(value) is not np.ndarray:
        found = _asked(value, "shape")
        if type(found) not in (tuple, list) or not all(type(size) is int for size in found):
            raise Mismatch(f"{name} is no matrix, expected one of scipy.sparse, of shape {shape} = {dims}")
        if tuple(found) != shape:
            raise Mismatch(f"{name} has shape {tuple(found)}, expected {shape} = {dims}")
        value = _asked(_asked(value, "toarray"))
    return assert_shape(name, value, shape, dims)


def nonzeros(value):
    """Return how many entries a sparse matrix stores, an array has; None for what is neither."""
    count = int(value.size) if type(value) is np.ndarray else _asked(value, "nnz")
    return int(count) if isinstance(count, int | np.integer) else None


def _asked(value, attribute=None):
    """Read an attribute, or call; None where that does not work, whatever the value is."""
    try:
        return value() if attribute is None else getattr(value, attribute)
    except Exception as error:
        if type(error).__module__.startswith("autograder"):
            raise  # time or memory is up
        return None


class Smooth:
    """A random smooth system with a cost that is not quadratic; the formulas take complex numbers as well."""

    def __init__(self, rng, n, m, *, gain=0.9):
        d = n + m
        A, G = rng.normal(size=(n, n)), rng.normal(size=(d, d))
        self.A = gain * A / max(abs(np.linalg.eigvals(A)))
        self.B, self.W = rng.normal(size=(n, m)), rng.normal(size=(n, d)) / np.sqrt(d)
        self.C, self.P = np.eye(d) + G @ G.T / d, 2 * np.eye(n) + 0.3 * np.ones((n, n))
        self.goal, self.n, self.m = rng.normal(size=d), n, m

    def step(self, x, u):
        z = np.concatenate([x, u], axis=-1)
        return x @ self.A.T + u @ self.B.T + 0.4 * np.sin(z @ self.W.T + 0.5)

    def stage(self, x, u):
        off = np.concatenate([x, u], axis=-1) - self.goal
        return 0.5 * np.sum((off @ self.C) * off, axis=-1) - 0.5 * np.sum(np.cos(off), axis=-1)

    def final(self, x):
        return 0.5 * np.sum((x @ self.P) * x, axis=-1) + np.sum(np.sin(x), axis=-1)

    def roll(self, x0, u):
        """Play rows of controls, u: [N, T, m]. Returns x: [N, T+1, n]."""
        x = [np.broadcast_to(x0, (len(u), self.n)) + 0 * u[:, 0, :1]]
        for t in range(u.shape[1]):
            x.append(self.step(x[-1], u[:, t]))
        return np.stack(x, axis=1)

    def total(self, x0, u):
        """Return J: [N] of rows of controls."""
        x = self.roll(x0, u)
        return self.stage(x[:, :-1], u).sum(axis=1) + self.final(x[:, -1])

    def expansion(self, make, x, u):
        """Differentiate along any trajectory; make: the class Expansion."""
        n = self.n
        z = np.concatenate([x[:-1], u], axis=1)

        def step(z):
            return self.step(z[:, :n], z[:, n:])

        F = slopes(step, z)
        c = slopes(lambda z: self.stage(z[:, :n], z[:, n:]), z)
        inner = (z - self.goal)[..., None] * np.eye(z.shape[1])
        C = self.C + 0.5 * np.cos(inner) * np.eye(z.shape[1])
        D = -0.4 * np.einsum("ti,ij,ik->tijk", np.sin(z @ self.W.T + 0.5), self.W, self.W)
        last = x[-1]
        return make(F, C, c, self.P - np.diag(np.sin(last)), self.P @ last + np.cos(last), D)


class Pendulum:
    """The pendulum of a task, with derivatives by hand."""

    def __init__(self, task):
        self.step, self.stage, self.final, self.task = task.step, task.stage, task.final, task
        self.n, self.m = task.n, task.m

    def expansion(self, make, x, u):
        T, dt = len(u), self.task.dt
        lift = 9.81 * dt * np.exp(1j * x[:-1, 0])  # cosine and sine
        F = np.tile([[1.0, dt, 0.0], [0.0, 1.0, dt]], (T, 1, 1))
        F[:, 1, 0] = lift.real
        D = np.zeros((T, 2, 3, 3))
        D[:, 1, 0, 0] = -lift.imag
        weights = np.concatenate([self.task.Q, self.task.R])
        C, c = np.tile(np.diag(weights), (T, 1, 1)), weights * np.concatenate([x[:-1], u], axis=1)
        return make(F, C, c, np.diag(self.task.Q_final), self.task.Q_final * x[-1], D)


class Bench:
    """Serves a problem to a solver: notes the first complaint, answers NaN to it, and counts."""

    def __init__(self, problem, make, T):
        self.problem, self.make, self.T = problem, make, T
        self.calls = self.rows = self.expansions = 0
        self.asked, self.complaint = [], ""

    def step(self, x=None, u=None):
        """Return the next states of one or many. This is the `step` that the student's code is given."""
        pair = self._pair("step", x, u)
        return self.problem.step(*pair) if pair else np.full(np.shape(x) if _small(x) else (1,), np.nan)

    def stage(self, x=None, u=None):
        pair = self._pair("stage", x, u)
        return self.problem.stage(*pair) if pair else np.nan

    def final(self, x=None):
        x = self._numbers("final", "x", x, (self.problem.n,))
        return self.problem.final(x) if x is not None else np.nan

    def expand(self, x=None, u=None):
        T, n, m = self.T, self.problem.n, self.problem.m
        self.expansions += 1
        if self.expansions > MOST_EXPANSIONS:
            self._complain(f"called expand more than {MOST_EXPANSIONS} times; SciPy's solvers need fewer than 200 here")
        x = self._exactly("x", x, (T + 1, n), "[T+1, n]")
        u = self._exactly("u", u, (T, m), "[T, m]")
        if x is None or u is None or self.complaint:
            x, u = np.full((T + 1, n), np.nan), np.full((T, m), np.nan)
            return self.problem.expansion(self.make, x, u)
        if len(self.asked) < KEPT:
            self.asked.append((x, u))
        return self.problem.expansion(self.make, x, u)

    def _complain(self, text):
        self.complaint = self.complaint or f"transcription.collocation {text}"

    def _exactly(self, letter, value, shape, dims):
        try:
            return assert_shape(f"{letter}", value, shape, dims)
        except Mismatch as problem:
            self._complain(f"called expand(x, u), but {problem}")
            return None

    def _pair(self, who, x, u):
        x = self._numbers(who, "x", x, (self.problem.n,))
        u = None if x is None else self._numbers(who, "u", u, (self.problem.m,))
        if x is None or u is None:
            return None
        if x.shape[:-1] != u.shape[:-1]:
            self._complain(f"called {who}(x, u) with x of shape {x.shape} and u of shape {u.shape}")
            return None
        return x, u

    def _numbers(self, who, letter, value, ends):
        """Return `value` as an array whose last axis is right, and count its rows; None after a complaint."""
        self.calls += 1
        shape = getattr(value, "shape", ()) if isinstance(value, np.ndarray) else ()
        if not shape or shape[-1:] != ends or value.ndim > 3:
            self._complain(f"called {who} with {letter} of shape {tuple(shape)}, expected [..., {ends[0]}]")
            return None
        self.rows += value.size // ends[0]
        if self.calls > MOST_CALLS or self.rows > MOST_ROWS:
            self._complain("asked step, stage and final for far more than any of SciPy's solvers needs")
            return None
        try:
            return assert_shape(f"transcription.collocation called {who}: {letter}", value, shape)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return None


def _small(value):
    return isinstance(value, np.ndarray) and value.size <= 100_000
