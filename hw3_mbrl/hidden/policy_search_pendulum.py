"""The pendulum with a motor of 6 N m, a model that is fitted in a millisecond, and back-propagation through it.

Everything is plain arithmetic with derivatives by hand: an experiment of 8 rounds costs half a second.
"""

from __future__ import annotations

import math

import numpy as np
from policy_search_benches import COLUMNS, Note

from course.envs import SystemEnv
from course.systems import swingup_pendulum
from course.testing import Mismatch, assert_shape, fields

TORQUE, STEPS, HIDDEN = 6.0, 40, 60


class Model:
    """s_next = s + C' [tanh(W x + b); x; 1] with x = [cos, sin, speed / 8, torque / 6]; only C is fitted."""

    def __init__(self, rng, s, a, s_next):
        self.W, self.b = 2.5 * rng.normal(size=(HIDDEN, 4)), rng.uniform(-1, 1, HIDDEN)
        x = np.stack([np.cos(s[:, 0]), np.sin(s[:, 0]), s[:, 1] / 8, a[:, 0] / TORQUE], axis=1)
        F = np.concatenate([np.tanh(x @ self.W.T + self.b), x, np.ones((len(x), 1))], axis=1)
        self.C = np.linalg.solve(F.T @ F + 1e-6 * np.eye(F.shape[1]), F.T @ (s_next - s))

    def step(self, s, torque):
        """Return the next state [2] and its derivatives in the state [2, 2] and in the torque [2]."""
        cos, sin = math.cos(s[0]), math.sin(s[0])
        x = np.array([cos, sin, s[1] / 8, torque / TORQUE])
        h, (on_h, on_x) = np.tanh(self.W @ x + self.b), (self.C[:HIDDEN], self.C[HIDDEN:-1])
        slope = ((1 - h * h)[:, None] * on_h).T @ self.W + on_x.T
        in_s = np.eye(2) + np.stack([cos * slope[:, 1] - sin * slope[:, 0], slope[:, 2] / 8], axis=1)
        return s + h @ on_h + x @ on_x + self.C[-1], in_s, slope[:, 3] / TORQUE


def policy(theta, s):
    """Return the torque and its derivatives in theta [4] and in the state [2]."""
    cos, sin = math.cos(s[0]), math.sin(s[0])
    x = np.array([cos, sin, s[1] / 8, 1.0])
    squashed = math.tanh(theta @ x)
    slope = TORQUE * (1 - squashed * squashed)
    return TORQUE * squashed, slope * x, slope * np.array([cos * theta[1] - sin * theta[0], theta[2] / 8])


def J_and_gradient(model, theta):
    """Return the predicted return of an episode and its derivative [4]; NaN if the model runs away."""
    s, ds, total, gradient = np.array([math.pi, 0.0]), np.zeros((2, 4)), 0.0, np.zeros(4)
    for _ in range(STEPS):
        if not np.abs(s).max() < 1e3:
            return float("nan"), np.full(4, np.nan)
        torque, in_theta, in_s = policy(theta, s)
        da = in_theta + in_s @ ds
        angle = (s[0] + math.pi) % (2 * math.pi) - math.pi
        total -= angle * angle + 0.1 * s[1] ** 2 + 0.001 * torque**2
        gradient -= 2 * angle * ds[0] + 0.2 * s[1] * ds[1] + 0.002 * torque * da
        s, f_s, f_a = model.step(s, torque)
        ds = f_s @ ds + np.outer(f_a, da)
    return total, gradient


class Laboratory(Note, SystemEnv):
    """The real pendulum, and all parts of Algorithm 4 that a student's loop needs.

    ENOUGH: what the last episode must earn in one of 5 experiments. Of 100 of the reference's, 8 rounds each, 2 end
    below (-275 and -222), all others between -94.8 and -93.5; exact: -93.5. That is 2 %, and 8.1 % at most with a
    confidence of 99 %: five in a row fail once in 3e8, or once in 280 000 at that end. Without aggregation 18 of 20 end
    below, the worst at -278.
    """

    ENOUGH = -97.0

    def __init__(self, rng, rounds):
        Note.__init__(self)
        SystemEnv.__init__(self, swingup_pendulum(TORQUE), STEPS)
        self.rng, self.rounds = np.random.default_rng(rng.integers(1 << 62)), rounds
        self.theta = 0.1 * rng.normal(size=4)  # with 0.3 three times as many experiments end in a bad corner
        self.seed, self.fits, self.climbs, self.rewards = rng.integers(1 << 62), 0, 0, []
        self.newest, self.due = np.full(4, np.nan), np.full(1, np.nan)  # the last answers of climb and of act

    def random_data(self):
        """Return the columns of three episodes with torques of at most 1 N m."""
        system, rows = self.system, []
        for _ in range(3):
            s = np.array(system.start)
            for _ in range(STEPS):
                a = self.rng.uniform(-1, 1, 1)
                s_next = system.step(s, a)
                rows.append((s, a, float(system.reward(s, a)), s_next, False))
                s = s_next
        return [np.array(column) for column in zip(*rows, strict=True)]

    def step(self, action=None):
        a = self.numbers("policy_search.collect called env.step(a)", "a", action, (1,), "[m]")
        if self.calls >= self.rounds * STEPS:
            self.complain(f"policy_search.algorithm4 took more than {self.rounds * STEPS} real steps: rounds episodes")
        if a is not None and not np.allclose(a, self.due, rtol=1e-4, atol=1e-4):
            self.complain("policy_search.algorithm4 called env.step(a) with another action than act returned")
        if a is None or self._state is None or self.complaint:
            return np.full(2, np.nan), float("nan"), True, True, {}
        s, reward, *rest = SystemEnv.step(self, a)
        self.rewards.append(reward)
        return s, reward, *rest

    def returns(self):
        """Return the sums of rewards of the episodes that were played to their end; -inf if there is none."""
        whole = len(self.rewards) // STEPS * STEPS
        return np.array(self.rewards[:whole]).reshape(-1, STEPS).sum(axis=1) if whole else np.array([-np.inf])

    def act(self, theta=None, s=None):
        theta = self.numbers("policy_search.algorithm4 called act(theta, s)", "theta", theta, (4,), "[P]")
        s = self.numbers("policy_search.algorithm4 called act(theta, s)", "s", s, (2,), "[n]")
        if theta is None or s is None:
            return np.full(1, np.nan)
        if not np.allclose(theta, self.newest, rtol=1e-4, atol=1e-4):
            self.complain("policy_search.algorithm4 called act(theta, s) with another theta than climb returned last")
        self.due = np.array([policy(theta, s)[0]])
        return self.due.copy()

    def fit(self, D=None):
        """Return the weights C of a model: they are all that differs between two models of one experiment."""
        try:
            s, a, _, s_next, _ = fields(D, COLUMNS, who="policy_search.algorithm4 called fit(D)")
            N = min(len(np.atleast_1d(s)), 3 * STEPS + self.rounds * STEPS)
            shapes = [("s", s, (N, 2)), ("a", a, (N, 1)), ("s_next", s_next, (N, 2))]
            s, a, s_next = (assert_shape(f"policy_search.algorithm4: {name} of fit", *rest) for name, *rest in shapes)
        except Mismatch as problem:
            self.complain(str(problem))
        except TypeError:
            self.complain("policy_search.algorithm4 called fit(D), but D does not hold arrays")
        self.fits += 1
        if self.complaint or self.fits > self.rounds:
            return np.full((HIDDEN + 5, 2), np.nan)
        return Model(np.random.default_rng(self.seed), s, a, s_next).C

    def climb(self, f=None, theta=None):
        """Climb for 50 steps with Adam, clipped at length 1, and return the best parameters [4]."""
        who = "policy_search.algorithm4 called climb(f, theta)"
        C, theta = (
            self.numbers(who, "f", f, (HIDDEN + 5, 2), "as fit returned it"),
            self.numbers(who, "theta", theta, (4,), ""),
        )
        self.climbs += 1
        if self.complaint or self.climbs > self.rounds:
            return np.full(4, np.nan)
        model = Model(np.random.default_rng(self.seed), np.zeros((1, 2)), np.zeros((1, 1)), np.zeros((1, 2)))
        model.C = C
        best, highest, mean, square = theta, -np.inf, np.zeros(4), np.zeros(4)
        for k in range(1, 51):
            J, g = J_and_gradient(model, theta)
            best, highest = (theta, J) if J > highest else (best, highest)
            g = np.zeros(4) if not np.isfinite(g).all() else g / max(1.0, np.linalg.norm(g))
            mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
            theta = theta + 0.1 * mean / (1 - 0.9**k) / (np.sqrt(square / (1 - 0.999**k)) + 1e-8)
        self.newest = best
        return best.copy()
