"""What exercise 1.2 is judged by: a model and an objective on the grader's side, and what uniform numbers look like.

Nothing here ever raises on what a student's code passes: a request that makes no sense is noted in `complaint` and
answered by NaN.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from course.testing import Mismatch, assert_shape


class LinearModel:
    """A linear model with a reward that mixes state and action; takes a batch of any size."""

    def __init__(self, rng, n, m):
        self.n, self.m, self.complaint = n, m, ""
        self.F = rng.normal(size=(n, n + m)) / np.sqrt(n + m)
        self.C, self.c = rng.normal(size=(n + m, n + m)), rng.normal(size=n + m)
        self.D, self.e = rng.normal(size=(n, n)), rng.normal(size=n)

    def step(self, s=None, a=None):
        """Return the next states."""
        z = self._joined("step", s, a)
        return np.full(self.n, np.nan) if z is None else z @ self.F.T

    def reward(self, s=None, a=None):
        """Return the rewards."""
        z = self._joined("reward", s, a)
        return np.nan if z is None else np.einsum("ki,ij,kj->k", z, self.C, z) + z @ self.c

    def final(self, s=None):
        """Return the rewards of the last states."""
        s = self._batch("final", "s", s, self.n)
        return np.nan if s is None else np.einsum("ki,ij,kj->k", s, self.D, s) + s @ self.e

    def returns(self, s0, A, with_final):
        """Score plans A [N, T, m] by solving for the states of all times at once. Returns J: [N]."""
        N, T, _ = A.shape
        M, B = self.F[:, : self.n], self.F[:, self.n :]
        system = np.eye((T + 1) * self.n) - np.kron(np.eye(T + 1, k=-1), M)
        right = np.concatenate([np.tile(s0, (N, 1, 1)), A @ B.T], axis=1).reshape(N, -1)
        s = np.linalg.solve(system, right.T).T.reshape(N, T + 1, self.n)
        z = np.concatenate([s[:, :T], A], axis=2)
        J = np.sum(z @ self.C * z, axis=(1, 2)) + np.sum(z @ self.c, axis=1)
        last = s[:, T]
        return J + with_final * (np.sum(last @ self.D * last, axis=1) + last @ self.e)

    def _joined(self, who, s, a):
        """Return [s, a] for every candidate, [k, n+m]; a single row goes with any number of others."""
        s, a = self._batch(who, "s", s, self.n), self._batch(who, "a", a, self.m)
        if s is None or a is None:
            return None
        if len(s) != len(a) and 1 not in (len(s), len(a)):
            self.complain(f"{who}(s, a) with {len(s)} states and {len(a)} actions, expected N of both")
            return None
        k = max(len(s), len(a))
        return np.concatenate([np.broadcast_to(s, (k, self.n)), np.broadcast_to(a, (k, self.m))], axis=1)

    def _batch(self, who, letter, x, size):
        if type(x) is np.ndarray and x.ndim == 2 and len(x) <= 10_000:
            try:
                return np.clip(assert_shape(letter, x, (len(x), size)), -1e6, 1e6)
            except Mismatch as problem:
                self.complain(f"{who} with what it cannot use: {problem}")
        else:
            dims = "n" if letter == "s" else "m"
            shape = x.shape if type(x) is np.ndarray else "no shape, as it is no array"
            self.complain(f"{who} with {letter} of shape {shape}, expected [N, {dims}]: a row for each candidate")
        return None

    def complain(self, what):
        self.complaint = self.complaint or f"shooting.returns called {what}"


class Script:
    """A model whose states are written down beforehand: step number t leads every candidate to states[t+1].

    It counts what it is asked, and adds up in `paid` what it answers for rewards. Which state a reward is paid for is
    not its business.
    """

    def __init__(self, rng, N, T, n, m):
        self.shape, self.states = (N, T, n, m), rng.normal(size=(T + 1, N, n))
        self.states[0] = self.states[0, 0]  # all start from one state
        self.weights, self.paid = rng.normal(size=n + m), np.zeros(N)
        self.calls, self.complaint = {"step": 0, "reward": 0, "final": 0}, ""

    def step(self, s=None, a=None):
        """Return the states that are written down for the next time."""
        N, T, n, m = self.shape
        whole = self._count("step", ("s", s, (N, n), "[N, n]"), ("a", a, (N, m), "[N, m]"))
        t = self.calls["step"] - 1
        if not whole or t >= T:
            return np.full((N, n), np.nan)
        if not np.allclose(s, self.states[t], rtol=1e-4, atol=1e-4):
            self.complain("step with other states than it returned the time before (N times s0, the first time)")
            return np.full((N, n), np.nan)
        return self.states[t + 1].copy()

    def reward(self, s=None, a=None):
        """Return rewards: bounded, and no two alike."""
        N, _, n, m = self.shape
        if not self._count("reward", ("s", s, (N, n), "[N, n]"), ("a", a, (N, m), "[N, m]")):
            return np.full(N, np.nan)
        return self._pay(np.sin(np.concatenate([s, a], axis=1) @ self.weights))

    def final(self, s=None):
        """Return rewards of the last states."""
        N, _, n, _ = self.shape
        if not self._count("final", ("s", s, (N, n), "[N, n]")):
            return np.full(N, np.nan)
        return self._pay(np.tanh(np.asarray(s, dtype=float)).sum(axis=1))

    def _pay(self, rewards):
        self.paid += rewards
        return rewards

    def _count(self, who, *arguments) -> bool:
        """Note a call, and say whether its arguments are the whole batch."""
        self.calls[who] += 1
        for letter, x, shape, dims in arguments:
            try:
                assert_shape(f"its {letter}", x, shape, dims)
            except Mismatch as problem:
                self.complain(f"{who} with something else than the whole batch: {problem}")
                return False
        return True

    def complain(self, what):
        self.complaint = self.complaint or f"shooting.returns called {what}"


class Objective:
    """An objective on the grader's side that remembers its N candidates, in the order in which they come.

    score(rows: [k, T, m], first: number of the first of them) -> [k]. Candidates may come all at once or in parts, and
    a candidate may be asked about again: what counts the calls is `calls`.
    """

    def __init__(self, N, T, m, score):
        self.N, self.T, self.m, self.score = N, T, m, score
        self.candidates, self.scores = np.zeros((0, T, m)), np.zeros(0)
        self.calls, self.complaint = 0, ""

    def answer(self, A=None):
        """Score candidates. This is the `objective` that the student's function is given."""
        self.calls += 1
        wanted = (self.N, self.T, self.m)
        if type(A) is not np.ndarray or A.shape[1:] != wanted[1:] or not 0 < len(A) <= self.N:
            got = f"an array of shape {A.shape}" if type(A) is np.ndarray else "something that is no array"
            return self._refuse(f"with {got}, expected candidates of shape {wanted} = [N, T, m]")
        try:
            rows = assert_shape("its A", A, (len(A), self.T, self.m), "[N, T, m]")
        except Mismatch as problem:
            return self._refuse(f"with what it cannot use: {problem}", len(A))
        first = len(self.candidates)
        if first == self.N:
            return self._again(rows)
        if first + len(rows) > self.N:
            return self._refuse(f"about more than N = {self.N} candidates", len(rows))
        J = np.array(self.score(rows, first), dtype=float)
        self.candidates, self.scores = np.concatenate([self.candidates, rows]), np.append(self.scores, J)
        return J

    def _again(self, rows):
        """Score candidates that were scored before."""
        number = {row.tobytes(): i for i, row in reversed(list(enumerate(self.candidates)))}
        known = [number.get(row.tobytes()) for row in rows]
        if None in known:
            return self._refuse(f"about more than N = {self.N} candidates", len(rows))
        return self.scores[known]

    def _refuse(self, what, size=1):
        self.complaint = self.complaint or f"shooting.random_shooting called the objective {what}"
        return np.full(size, np.nan)


def distance_from_uniform(u):
    """Return the largest distance between the shares of numbers `u` [k] below x and x itself, over all x in 0 … 1."""
    u, k = np.sort(u), len(u)
    return float(max(np.max(np.arange(1, k + 1) / k - u), np.max(u - np.arange(k) / k)))


def allowed_distance(k, chance):
    """Return what that distance exceeds with at most this `chance`, for k independent uniform numbers.

    Exact for every k, no approximation: Dvoretzky, Kiefer and Wolfowitz 1956, with Massart's constant (1990).
    """
    return float(np.sqrt(np.log(2 / chance) / (2 * k)))


def goes_with_another(z) -> bool:
    """Say whether rows of z [N, k], with entries around zero, are drawn in pairs: mirrored, or correlated.

    Mirrored rows are found in any order. Correlations are looked for between neighbours, first and last, both halves.
    For N >= 2000 and k = 6 independent, symmetric entries of standard deviation 0.29 or more: a row lies within 1e-3 of
    the mirror image of another with probability below 1e-6 * 1e-3 (volume 5e-18, density 1 at most, 4e6 pairs); each
    correlation has a standard deviation of 0.013 at most, 0.12 is 9 of them.
    """
    N, half = len(z), len(z) // 2
    distance, _ = cKDTree(z).query(-z)
    pairs = [(z[:half], z[::-1][:half]), (z[:half], z[half : 2 * half]), (z[: 2 * half : 2], z[1 : 2 * half : 2])]
    together = [abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) for one, other in [*pairs, (z[: N - 1], z[1:])]]
    return bool(np.min(distance) < 1e-3 or not max(together) <= 0.12)
