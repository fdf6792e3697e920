"""An environment, a learner and a planner for exercise 3.6: they note what is asked of them, and when.

Nothing here learns. What `fit` returns follows from every row that it is given, what `plan` returns from model, state
and guess, and where the world goes from the action: who asks for the wrong thing once is somewhere else ever after.
Nothing here raises on nonsense either: it notes a `complaint` and answers NaN.
"""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, fields

MOST = 500  # real steps, fits or plans that are written down
COLUMNS = "s a r s_next done"


class Note:
    """Keeps the first complaint about what is asked; an answer is never refused by raising."""

    complaint = ""

    def numbers(self, who, value, shape, dims):
        """Return `value` as an array, or None after noting what is wrong with it."""
        try:
            return assert_shape(who, value, shape, dims)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return None


class World(Note, gymnasium.Env):
    """A bounded nonlinear world, with another start in every episode. ends: {episode: (steps, how)}."""

    def __init__(self, rng, n=3, m=2, ends=None, allowed=MOST):
        self.n, self.m, self.ends, self.allowed = n, m, ends or {}, allowed
        self.A, self.B, self.phase = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n)
        self.weights, self.K = 3 * rng.normal(size=n + m), rng.normal(size=(m, n))
        low = -rng.uniform(1.0, 3.0, m)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (n,), np.float64)
        self.action_space = gymnasium.spaces.Box(low, low + rng.uniform(4.0, 7.0, m), dtype=np.float64)
        self.rows, self.episode, self.t, self.late = [], [], 0, 0
        self.resets, self.asked, self.state = 0, [], None

    def reset(self, seed=None, options=None):
        self.resets, self.t = self.resets + 1, 0
        self.state = np.sin(3.0 * self.resets + self.phase)
        return self.state.copy(), {}

    def step(self, action=None):
        a = self.numbers("env.step(a): a", action, (self.m,), "[m]")
        if self.state is None:
            self.complaint = self.complaint or "env.step was called before env.reset"
        if len(self.rows) >= self.allowed:
            self.complaint = self.complaint or f"more than the {self.allowed} real steps allowed were made"
        if self.complaint or a is None:
            return np.full(self.n, np.nan), float("nan"), True, True, {}
        s, (end, how) = self.state, self.ends.get(self.resets - 1, (0, ""))
        self.late += bool(end) and self.t >= end
        self.state = np.tanh(self.A @ s + self.B @ a) + 0.3 * np.sin(len(self.rows) + self.phase)
        self.t += 1
        r = float(self.weights @ np.tanh(np.concatenate([s, a])))
        over = bool(end) and self.t >= end
        self.rows.append((s, a, r, self.state, over and how == "terminated"))
        self.episode.append(self.resets - 1)
        return self.state.copy(), r, over and how == "terminated", over and how == "truncated", {}

    def policy(self, s=None):
        """Return an action. This is the `act` that the student's loop is given."""
        s = self.numbers("act(s): s", s, (self.n,), "[n]")
        if s is None:
            return np.full(self.m, np.nan)
        if len(self.asked) < MOST:
            self.asked.append(s)
        return np.sin(self.K @ s)

    def columns(self, first=0, last=None):
        """Return s, a, r, s_next, done of the real steps first to last."""
        return tuple(np.array(column) for column in zip(*self.rows[first:last], strict=True))

    def returns(self):
        """Return the sum of the rewards of each episode."""
        return np.bincount(self.episode, weights=[row[2] for row in self.rows])

    def expect(self, who, resets, steps):
        """Judge how much of the real world was used."""
        if self.resets != resets:
            raise Mismatch(f"{who} reset the environment {self.resets} times, expected {resets}: once in each episode")
        if self.late:
            raise Mismatch(f"{who} made a step after the environment had ended the episode (terminated or truncated)")
        if len(self.rows) != steps:
            raise Mismatch(f"{who} made {len(self.rows)} real steps, expected {steps}")


def judge_rows(who, D, columns):
    """Compare Transitions with the columns s, a, r, s_next, done that they should have, row by row."""
    looks = {
        "s": "s: the state in which the action was taken, episodes and steps in the order in which they happened",
        "a": "a: what the environment was given in that step",
        "r": "r: what the environment paid for that step",
        "s_next": "s_next: what that very step returned",
        "done": "done: True where the state reached is terminal; an episode that is truncated is cut off, not done",
    }
    for name, got, wanted in zip(COLUMNS.split(), fields(D, COLUMNS, who=who), columns, strict=True):
        assert_close(f"{who}: {name}", got, wanted, rtol=SINGLE, look=looks[name])


def added(D, columns):
    """Return the columns of D and below them others."""
    return tuple(np.concatenate(parts) for parts in zip(D, columns, strict=True))


class Fitted:
    """What `fit` returned: a model with a number. As a function it is a poor one, and nobody has to call it."""

    def __init__(self, number, trace, matrix):
        self.number, self.trace, self.matrix = number, trace, matrix

    def __call__(self, s=None, a=None):
        if type(s) is not np.ndarray or s.shape[-1:] != (len(self.matrix),) or s.dtype.kind != "f":
            return np.full(len(self.matrix), np.nan)
        return s @ self.matrix


class Learner(Note):
    """Serves `fit` and `plan` in a World and writes down with which data, when, and for which state they were asked."""

    def __init__(self, rng, world, D, T):
        self.world, self.D, self.T, self.n, self.m = world, D, T, world.n, world.m
        self.of_data, self.of_model = rng.normal(size=2 * world.n + world.m + 1), rng.normal(size=(T, world.m))
        self.of_state = rng.normal(size=(T, world.m, world.n))
        self.of_guess = rng.normal(size=(T * world.m, T * world.m)) / np.sqrt(T * world.m)
        self.matrix = rng.normal(size=(world.n, world.n)) / 3
        self.fits, self.plans, self.models = [], [], []  # fits: (steps made, columns); plans: (steps made, ...)

    def fit(self, D=None):
        """Return a model of the rows in D: this is the `fit` that the student's loop is given."""
        try:
            columns = fields(D, COLUMNS, who="fit(D): D")
            N = len(columns[0]) if type(columns[0]) is np.ndarray and columns[0].ndim == 2 else -1
            if not 0 < N <= MOST or len(self.fits) >= MOST:
                raise Mismatch(f"fit(D): D has {N} rows of states [n], expected 1 to {MOST}; or it was asked too often")
            shapes = (N, self.n), (N, self.m), (N,), (N, self.n), (N,)
            columns = tuple(
                assert_shape(f"fit(D): {name}", column if name != "done" else whole(column), shape)
                for name, column, shape in zip(COLUMNS.split(), columns, shapes, strict=True)
            )
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return Fitted(-1, np.nan, self.matrix)
        s, a, r, s_next, _ = columns
        values = np.concatenate([s, a, r[:, None], s_next], axis=1) @ self.of_data
        trace = float(np.sin(np.sum(np.sin(values + 0.1 * np.arange(N)))))
        self.fits.append((len(self.world.rows), columns))
        self.models.append(Fitted(len(self.models), trace, self.matrix))
        return self.models[-1]

    def plan(self, f=None, s=None, guess=None):
        """Return actions [T, m]: this is the `plan` that the student's loop is given."""
        s = self.numbers("plan(f, s, guess): s", s, (self.n,), "[n]")
        guess = self.numbers("plan(f, s, guess): guess", guess, (self.T, self.m), "[T, m]")
        if type(f) is not Fitted or f.number < 0:
            self.complaint = self.complaint or "plan(f, s, guess): f is not what fit returned; hand it on as it is"
        if self.complaint or s is None or guess is None or len(self.plans) >= MOST:
            return np.full((self.T, self.m), np.nan)
        inner = (
            self.of_state @ s + (self.of_guess @ guess.ravel()).reshape(self.T, self.m) + 2 * f.trace * self.of_model
        )
        plan = np.sin(inner)
        self.plans.append((len(self.world.rows), f.number, s, guess, plan))
        return plan.copy()

    def judge_fits(self, who, made, optional=()):
        """Compare when and with what `fit` was asked: once for each number of real steps in `made`."""
        fits = [fit for fit in self.fits if fit[0] not in optional]
        if [at for at, _ in fits] != list(made):
            times = ", ".join(str(at) for at, _ in fits[:8]) or "never"
            raise Mismatch(
                f"{who} asked fit after this many real steps: {times}; expected: {', '.join(map(str, made))}"
                "\n  look at: when the model is fitted, and that real steps are counted over all episodes"
            )
        for at, columns in fits:
            expected = added(self.D, self.world.columns(0, at)) if at else tuple(self.D)
            name = f"{who}: D that fit got after {at} real steps"
            judge_rows(name, columns, expected)

    def judge_plans(self, who, made, guesses, newest):
        """Compare when, for what and with which model `plan` was asked: once after each of these real steps."""
        if [at for at, *_ in self.plans] != list(made):
            raise Mismatch(
                f"{who} asked plan {len(self.plans)} times, expected {len(made)}"
                "\n  look at: when a plan is made: once an episode in Algorithms 1 and 2, in every step in Algorithm 3"
            )
        states = self.world.columns()[0]
        for (at, number, s, guess, _), wanted, model in zip(self.plans, guesses, newest, strict=True):
            where = f"{who}: after {at} real steps plan"
            if number != model:
                raise Mismatch(
                    f"{where} got the model of fit {number + 1}, expected that of fit {model + 1}, the newest"
                    "\n  look at: that a plan is made through the f that was fitted last"
                )
            assert_close(f"{where} got s", s, states[at], rtol=SINGLE, look="the state that was observed last")
            if not np.allclose(guess, wanted, rtol=SINGLE, atol=SINGLE):
                raise Mismatch(
                    f"{where} got another guess than expected"
                    "\n  look at: the guess: zeros as an episode begins; later in Algorithm 3 the last plan, moved on"
                )


def whole(column):
    """Return a bool column as numbers, anything else as it is."""
    return column.astype(float) if type(column) is np.ndarray and column.dtype.kind in "biu" else column
