"""Learners of the grader's for exercise 3.8: what `dyna` hands to them is read with care, and kept."""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import Transitions, rows_of
from short_rollouts_worlds import Note, Smooth, flags

from course.testing import Mismatch, assert_shape, fields

COLUMNS = "s a r s_next done"


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
