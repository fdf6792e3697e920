"""Models and policies of the grader's for exercise 3.8, which note what is asked of them."""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import Transitions

from course.testing import Mismatch, assert_shape

MOST = 100_000  # rows that a callback answers in one test


def flags(who, value, N):
    """Return a column of booleans."""
    if type(value) is not np.ndarray or value.dtype != bool or value.shape != (N,):
        raise Mismatch(f"{who} is no array of {N} booleans, expected bool [{N}]")
    return value


class Note:
    """Keeps the first complaint about what is asked; an answer is never refused by raising."""

    def __init__(self):
        self.complaint, self.rows = "", 0

    def complain(self, text):
        self.complaint = self.complaint or text

    def batch(self, who, **columns):
        """Return the columns, name=(value, width or None), as arrays of equally many rows; None after a complaint."""
        arrays, count = [], None
        for name, (value, width) in columns.items():
            if type(value) is not np.ndarray or value.ndim != (1 if width is None else 2):
                shape = getattr(value, "shape", None) if type(value) is np.ndarray else type(value).__name__
                wanted = "[N]" if width is None else f"[N, {width}]"
                return self.complain(f"{who}: {name} is {shape}, expected an array {wanted}: all rows in one call")
            count = len(value) if count is None else count
            try:
                whole = width is None and name in ("s", "a", "s_next")
                shape = (count,) if width is None else (count, width)
                arrays.append(assert_shape(f"{who}: {name}", value, shape, integer=whole))
            except Mismatch as problem:
                return self.complain(str(problem))
        self.rows += count
        if self.rows > MOST:
            return self.complain(f"{who}: asked for more than {MOST} rows in one test")
        return arrays


class Smooth(Note):
    """A made-up nonlinear model and policy; about a quarter of the steps are the last of their episode."""

    def __init__(self, rng, n, m, often=0.25):
        super().__init__()
        self.n, self.m = n, m
        self.A, self.B, self.K = rng.normal(size=(n, n)), rng.normal(size=(m, n)), rng.normal(size=(n, m))
        self.c, self.w, self.u = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n + m)
        s = rng.normal(size=(500, n))
        self.limit = np.inf
        s_next = self.truth(s, self.choose(s))[1]
        self.limit = np.quantile(s_next @ self.w, 1 - often) if often else np.inf
        self.asked, self.chosen = [], 0

    def truth(self, s, a):
        s_next = 2.5 + 2.0 * np.tanh(s @ self.A + a @ self.B + self.c)  # away from 0: float32 must pass
        return 4.0 + 3.0 * np.sin(np.hstack([s, a]) @ self.u), s_next, s_next @ self.w > self.limit

    def choose(self, s):
        return 2.0 + 1.5 * np.sin(s @ self.K + 0.3)

    def model(self, s=None, a=None):
        pair = self.batch("model(s, a) was called", s=(s, self.n), a=(a, self.m))
        if pair is None:
            return np.full(1, np.nan), np.full((1, self.n), np.nan), np.ones(1, bool)
        self.asked.append(pair)
        return self.truth(*pair)

    def policy(self, s=None):
        state = self.batch("policy(s) was called", s=(s, self.n))
        if state is None:
            return np.full((1, self.m), np.nan)
        self.chosen += 1
        return self.choose(*state)

    def first_states(self, rng, N):
        return rng.normal(size=(N, self.n))

    def data(self, rng, N):
        """Return N transitions whose actions are not the policy's."""
        s, a = self.first_states(rng, N), rng.normal(size=(N, self.m))
        r, s_next, done = self.truth(s, a)
        return Transitions(s, a, r, s_next, done)


class Finite(Note):
    """A deterministic table world: next state, reward and end of each pair; a policy; the exact values."""

    def __init__(self, rng, S, A, ends=0.15):
        super().__init__()
        self.S, self.A = S, A
        self.next = rng.integers(S, size=(S, A))
        self.r = rng.normal(size=(S, A)) * 2.0
        self.done = rng.random((S, A)) < ends
        self.pi = rng.integers(A, size=S)
        self.moved = 0  # steps that the model made

    def model(self, s=None, a=None):
        pair = self.pairs("model(s, a) was called", s, a)
        if pair is None:
            return np.full(1, np.nan), np.zeros(1, int), np.ones(1, bool)
        self.moved += len(pair[0])
        return self.truth(*pair)

    def truth(self, s, a):
        return self.r[s, a], self.next[s, a], self.done[s, a]

    def policy(self, s=None):
        pair = self.pairs("policy(s) was called", s)
        return np.zeros(1, int) if pair is None else self.pi[pair[0]]

    def choose(self, s):
        return self.pi[s]

    def pairs(self, who, s, a=None):
        """Return states and actions as an index, or None after noting what is wrong with them."""
        named = {"s": (s, None)} if a is None else {"s": (s, None), "a": (a, None)}
        arrays = self.batch(who, **named)
        if arrays is None:
            return None
        if any(
            len(x) and not (0 <= x.min() and x.max() < top) for x, top in zip(arrays, (self.S, self.A), strict=False)
        ):
            return self.complain(f"{who} with a state or an action that does not exist")
        return tuple(arrays)

    def data(self, rng, N):
        s, a = rng.integers(self.S, size=N), rng.integers(self.A, size=N)
        return Transitions(s, a, self.r[s, a], self.next[s, a], self.done[s, a])

    def values(self, gamma):
        """Return Q of the policy [S, A], from one linear system over all pairs."""
        pairs = np.arange(self.S * self.A)
        s, a = pairs // self.A, pairs % self.A
        M = np.eye(len(pairs))
        follow = self.next[s, a] * self.A + self.pi[self.next[s, a]]
        M[pairs, follow] -= gamma * ~self.done[s, a]
        return np.linalg.solve(M, self.r[s, a]).reshape(self.S, self.A)

    def optimum(self, gamma):
        """Return the optimal Q [S, A] by value iteration."""
        Q = np.zeros((self.S, self.A))
        for _ in range(600):
            Q = self.r + gamma * np.where(self.done, 0.0, Q.max(1)[self.next])
        return Q


class Moves(Note):
    """A function of states and actions as a callback: its answers, and a complaint about what is no state or action."""

    def __init__(self, who, function, n, m):
        super().__init__()
        self.who, self.function, self.n, self.m, self.calls = who, function, n, m, 0

    def answer(self, s=None, a=None):
        self.calls += 1
        pair = self.batch(f"{self.who}(s, a) was called", s=(s, self.n), a=(a, self.m))
        return np.full((1, self.n), np.nan) if pair is None else self.function(*pair)


class Acts(Note):
    """A policy as a callback: actions = function(s, number of the call)."""

    def __init__(self, function, n, m):
        super().__init__()
        self.function, self.n, self.m, self.calls = function, n, m, 0

    def answer(self, s=None):
        self.calls += 1
        state = self.batch("policy(s) was called", s=(s, self.n))
        return np.full((1, self.m), np.nan) if state is None else self.function(*state, self.calls - 1)
