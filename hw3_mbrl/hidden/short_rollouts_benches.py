"""Worlds of the grader's for exercise 3.8: models, policies and learners that note what is asked of them."""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import Transitions, depth, rows_of

from course.testing import Mismatch, assert_close, assert_shape, fields

COLUMNS = "s a r s_next done"
MOST = 100_000  # rows that a callback answers in one test


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

    def starts(self, rng, N):
        return rng.normal(size=(N, self.n))

    def data(self, rng, N):
        """Return N transitions whose actions are not the policy's."""
        s, a = self.starts(rng, N), rng.normal(size=(N, self.m))
        r, s_next, done = self.truth(s, a)
        return Transitions(s, a, r, s_next, done)


def flags(who, value, N):
    """Return a column of booleans."""
    if type(value) is not np.ndarray or value.dtype != bool or value.shape != (N,):
        raise Mismatch(f"{who} is no array of {N} booleans, expected bool [{N}]")
    return value


def judge_steps(who, answer, runs, k, rtol):
    """Compare a list of Transitions, one for each depth, with roll-outs that were run one by one."""
    if type(answer) not in (list, tuple) or hasattr(answer, "_fields"):
        raise Mismatch(f"{who} returned {type(answer).__name__}, expected a list of {k} Transitions, one for each step")
    longest = max((len(run) for run in runs), default=0)
    if not longest <= len(answer) <= k:  # steps in which nobody runs any more may be missing
        raise Mismatch(f"{who} returned a list of {len(answer)}, expected one entry for each of the {k} steps")
    for j, entry in enumerate(answer):
        expected = depth(runs, j)
        got = fields(entry, COLUMNS, who=f"{who}: step {j}")
        for name, value, wanted in zip(COLUMNS.split(), got, expected or [None] * 5, strict=True):
            judge_column(f"{who}: step {j}, {name}", value, name, wanted, rtol)


def judge_column(who, value, name, wanted, rtol):
    if wanted is None:
        if type(value) is not np.ndarray or len(value):
            raise Mismatch(f"{who} has rows, but all roll-outs have ended before this step: done is final")
        return
    look = f"which roll-outs take this step (not those that are done), and in which states: {len(wanted)} rows"
    if name == "done":
        if not np.array_equal(flags(who, value, len(wanted)), wanted):
            raise Mismatch(f"{who} is not what the model said of these steps")
        return
    assert_shape(who, value, wanted.shape, look=look, integer=wanted.dtype.kind in "iub")
    assert_close(who, value, wanted, rtol=rtol, look=look)


class Finite(Note):
    """A deterministic table world: next state, reward and end of each pair; a policy; the exact values."""

    def __init__(self, rng, S, A, ends=0.15):
        super().__init__()
        self.S, self.A = S, A
        self.next = rng.integers(S, size=(S, A))
        self.r = rng.normal(size=(S, A)) * 2.0
        self.done = rng.random((S, A)) < ends
        self.pi = rng.integers(A, size=S)

    def model(self, s=None, a=None):
        pair = self.pairs("model(s, a) was called", s, a)
        if pair is None:
            return np.full(1, np.nan), np.zeros(1, int), np.ones(1, bool)
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


class Learner(Note):
    """Sequential Q-learning of ours on what it is handed; keeps the batches."""

    def __init__(self, S, A, alpha, gamma):
        super().__init__()
        self.S, self.A, self.alpha, self.gamma, self.calls = S, A, alpha, gamma, 0

    def learn(self, Q=None, D=None):
        who = "learn(Q, D) was called"
        self.calls += 1
        try:
            Q = np.array(assert_shape(f"{who}: Q", Q, (self.S, self.A)))
            s, a, r, s_next, done = self.read(D, who)
        except Mismatch as problem:
            self.complain(str(problem))
            return np.full((self.S, self.A), np.nan)
        for i in range(len(r)):
            goal = r[i] + (0.0 if done[i] else self.gamma * Q[s_next[i]].max())
            Q[s[i], a[i]] += self.alpha * (goal - Q[s[i], a[i]])
        return Q

    def read(self, D, who):
        s, a, r, s_next, done = fields(D, COLUMNS, who=who)
        pairs = self.batch(who, s=(s, None), a=(a, None), r=(r, None), s_next=(s_next, None))
        if pairs is None:
            raise Mismatch(self.complaint)
        for x, top in ((pairs[0], self.S), (pairs[1], self.A), (pairs[3], self.S)):
            if len(x) and not (0 <= x.min() and x.max() < top):
                raise Mismatch(f"{who} with a state or an action that does not exist")
        return *pairs, flags(f"{who}: done", done, len(pairs[0]))


class Imagining(Smooth):
    """Model, policy and learner for `dyna`: Q [n, m] steers the policy, and every batch moves it; notes all of it."""

    def __init__(self, rng, n, m, often=0.25):
        super().__init__(rng, n, m, often)
        self.mix, self.updates, self.tables = rng.normal(size=(2 * n + m + 2, n * m)), [], []

    def act(self, Q, s):
        return 2.0 + 1.5 * np.sin(s @ Q + 0.3)

    def steer(self, Q=None, s=None):
        """Return actions. This is the `policy` that dyna is given."""
        state, Q = self.batch("policy(Q, s) was called", s=(s, self.n)), self.read(Q, "policy(Q, s) was called")
        if state is None or Q is None:
            return np.full((1, self.m), np.nan)
        if not np.allclose(Q, self.tables[-1], rtol=1e-4, atol=1e-4):
            self.complain("policy(Q, s) was called with a Q that is not the one learnt last")
        return self.act(Q, *state)

    def read(self, Q, who):
        try:
            return assert_shape(f"{who}: Q", Q, (self.n, self.m))
        except Mismatch as problem:
            return self.complain(str(problem))

    def learn(self, Q=None, D=None):
        """Return another Q, which depends on the bag of the transitions. This is the `learn` that dyna is given."""
        who = "learn(Q, D) was called"
        Q = self.read(Q, who)
        batch = self.transitions(D, who)
        if Q is None or batch is None or len(self.updates) > 50:
            return np.full((self.n, self.m), np.nan)
        self.updates.append((self.tables[-1], batch, self.asked))
        self.asked = []
        self.tables.append(0.5 * Q + 0.5 * np.tanh(rows_of(*batch).mean(0) @ self.mix).reshape(self.n, self.m))
        return self.tables[-1].copy()

    def transitions(self, D, who):
        try:
            s, a, r, s_next, done = fields(D, COLUMNS, who=who)
        except Mismatch as problem:
            return self.complain(str(problem))
        rows = self.batch(who, s=(s, self.n), a=(a, self.m), r=(r, None), s_next=(s_next, self.n))
        if rows is None:
            return None
        try:
            return Transitions(*rows, flags(f"{who}: done", done, len(rows[0])))
        except Mismatch as problem:
            return self.complain(str(problem))
