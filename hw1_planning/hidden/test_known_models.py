"""Hidden tests of exercise 1.6: everything that is quickly computed. `test_through_mujoco` has the experiments.

Right-hand sides, roll-outs and rewards that a function is given live on this side. The weights of both files add
up to the points of 1.6.
"""

from __future__ import annotations

import numpy as np
from model_oracles import Steps, car_rate, series
from scipy.integrate import solve_ivp

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise


@exercise("1.6")
def test_the_car_moves_as_its_wheels_roll(student, rng):
    """bicycle: x', y' and heading' are those of the arc on which the car rolls, forwards and backwards."""
    for shape in [(40,), (3, 5), ()]:
        L = rng.uniform(1.5, 4.0)
        s = rng.uniform(-3, 3, (*shape, 3))
        a = rng.uniform(-1, 1, (*shape, 2)) * [2.0, 0.6]
        got = student.known_models.bicycle(np.array(s), np.array(a), L)
        who = f"known_models.bicycle for s {s.shape}"
        assert_shape(who, got, s.shape, "[..., 3]")
        look = "each of the three rates: v along the heading, v across it, and how fast the front wheels turn the car"
        assert_close(who, got, car_rate(s, a, L), rtol=SINGLE, look=look)


def follow(rate, s, time, steps):
    """Integrate by Kutta's method of order 3: a fixed number of calls, whatever they answer. Returns [steps + 1, n]."""
    h, run = time / steps, [s]
    for _ in range(steps):
        k1 = rate(s)
        k2 = rate(s + h / 2 * k1)
        k3 = rate(s + h * (2 * k2 - k1))
        s = s + h / 6 * (k1 + 4 * k2 + k3)
        run.append(s)
    return np.array(run)


@exercise("1.6", weight=0.5)
def test_constant_steering_traces_a_circle(student, rng):
    """bicycle: with the wheels held at delta the car runs around one point at the distance L / tan(delta)."""
    for turn in (1.0, -1.0):
        L, v, delta = rng.uniform(2, 4), rng.uniform(0.5, 2), turn * rng.uniform(0.2, 0.6)
        radius, start = L / np.tan(delta), rng.uniform(-2, 2, 3)
        centre = start[:2] + radius * np.array([-np.sin(start[2]), np.cos(start[2])])

        def rate(s, a=(v, delta), L=L):
            return assert_shape("known_models.bicycle", student.known_models.bicycle(s, np.array(a), L), (3,), "[3]")

        run = follow(rate, start, 2 * np.pi * abs(radius) / v, steps=80)
        away = np.linalg.norm(run[:, :2] - centre, axis=1)
        look = "heading' = v tan(delta) / L: the car's circle has the radius L / tan(delta), to the left for delta > 0"
        assert_close(
            "known_models.bicycle: distance from the centre", away, np.full(len(run), abs(radius)), rtol=1e-3, look=look
        )
        assert_close(
            "known_models.bicycle: heading after a lap", run[-1, 2], start[2] + turn * 2 * np.pi, rtol=1e-3, look=look
        )


class Rate:
    """A right-hand side ds/dt = f(s, a) on this side, for any leading axes; notes what it is asked."""

    def __init__(self, f, n, a, size):
        self.f, self.n, self.a, self.size, self.complaint = f, n, a, size, ""

    def answer(self, s=None, a=None):
        try:
            if type(s) is not np.ndarray or type(a) is not np.ndarray:
                raise Mismatch(f"s is a {type(s).__name__} and a is a {type(a).__name__}, expected arrays")
            if s.size > self.size:
                raise Mismatch(f"s has shape {s.shape}: more states than rk4 was given")
            s = assert_shape("s", s, (*s.shape[:-1], self.n), "[..., n]")
            assert_close("a", a, self.a, rtol=1e-6, look="the action: it is held over the whole step")
            return self.f(s, self.a)
        except Mismatch as problem:
            self.complaint = self.complaint or f"known_models.rk4 called rate(s, a), but {problem}"
            return np.full(s.shape if type(s) is np.ndarray and s.size <= self.size else (self.n,), np.nan)


def step(student, f, s, a, dt):
    """Take one step with the student's rk4. Returns the next state as an array of the shape of s."""
    rate = Rate(f, s.shape[-1], a, s.size)
    with complaints_of(rate):
        got = student.known_models.rk4(rate.answer, np.array(s), np.array(a), dt)
    return assert_shape("known_models.rk4", got, s.shape, "[..., n]")


@exercise("1.6", weight=1.5)
def test_rk4_is_right_up_to_the_fourth_power_of_dt(student, rng):
    """rk4: on a linear system one step is the power series of its solution up to dt^4, no more and no less."""
    for shape, n, m, dt in [((6,), 3, 2, 0.7), ((), 2, 1, 0.4), ((2, 3), 4, 1, 1.0)]:
        M, B = rng.normal(size=(n, n)), rng.normal(size=(n, m))
        s, a = rng.normal(size=(*shape, n)), rng.normal(size=(*shape, m))
        got = step(student, lambda s, a, M=M, B=B: s @ M.T + a @ B.T, s, a, dt)
        # s' = M s + B a with constant a is one linear system in (s, a).
        both = np.block([[M, B], [np.zeros((m, n + m))]])
        expected = np.concatenate([s, a], axis=-1) @ series(both, dt, 4)[:n].T
        look = "where the rate is asked: at s, twice in the middle, each time with the newest slope, and at the end"
        assert_close("known_models.rk4 on a linear system", got, expected, rtol=SINGLE, look=look)


def swing(s, a):
    """A driven pendulum with strong drag."""
    return np.stack([s[..., 1], -3 * np.sin(s[..., 0]) - 0.1 * s[..., 1] ** 3 + a[..., 0]], axis=-1)


def hunt(s, a):
    """Predators, prey, and somebody who feeds the prey."""
    prey, predators = s[..., 0], s[..., 1]
    return np.stack([prey * (1 - predators) + a[..., 0], predators * (prey - 1)], axis=-1)


@exercise("1.6")
def test_rk4_has_order_four(student, rng):
    """rk4: with half the step, sixteen times less is wrong after the same time."""
    for f, s in [(swing, np.array([1.0, 1.5])), (hunt, np.array([1.3, 0.6]))]:
        s, a, span = s + 0.1 * rng.random(2), np.array([0.3]), 1.6
        exact = solve_ivp(lambda _, s, f=f, a=a: f(s, a), (0, span), s, method="DOP853", rtol=1e-12, atol=1e-12).y[
            :, -1
        ]
        errors = []
        for steps in (6, 12):
            x = s
            for _ in range(steps):
                x = step(student, f, x, a, span / steps)
            errors.append(float(np.linalg.norm(x - exact)))
        # Orders over 300 starts each: 4.00 to 4.05, in single precision 3.99 to 4.11; with one wrong slope 1.9 to 2.0.
        order = np.log2(errors[0] / errors[1]) if errors[1] > 0 else np.inf
        if not 3.7 <= order <= 4.4:
            raise Mismatch(
                f"known_models.rk4: half the step divides the error by {2**order:.1f}, an order of {order:.1f}; "
                "expected 16, order 4\n  look at: the points where the rate is asked, and the weights 1, 2, 2, 1"
            )


class World:
    """A made-up simulator and its reward, on this side; counts the steps it simulates."""

    def __init__(self, rng, N, T, k, m):
        self.N, self.T, self.k, self.m, self.steps, self.complaint = N, T, k, m, 0, ""
        self.W, self.U = rng.normal(size=(k, k)), rng.normal(size=(k, m))
        self.of_before, self.of_after, self.of_action = rng.normal(size=k), rng.normal(size=k), rng.normal(size=m)

    def rollout(self, state=None, A=None):
        try:
            state = assert_shape("state", state, (self.k,), "[k]")
            count = len(A) if type(A) is np.ndarray and A.ndim and 0 < len(A) <= self.N else self.N
            A = assert_shape("A", A, (count, self.T, self.m), "[N, T, m]")
        except Mismatch as problem:
            self.complaint = self.complaint or f"known_models.simulated_returns called rollout(state, A), but {problem}"
            return np.full((1, 1, self.k), np.nan)
        self.steps += len(A) * self.T
        if self.steps > self.N * self.T:
            raise Mismatch(
                f"known_models.simulated_returns simulated more than the {self.N} plans of {self.T} steps "
                "that it was given: one roll-out of all plans has everything"
            )
        s, after = np.tile(state, (len(A), 1)), np.full((*A.shape[:2], self.k), np.nan)
        for t in range(A.shape[1]):
            s = np.tanh(s @ self.W.T + A[:, t] @ self.U.T)
            after[:, t] = s
        return after

    def reward(self, before=None, A=None, after=None):
        try:
            lead = A.shape[:-1] if type(A) is np.ndarray and A.ndim else ()
            if np.prod(lead) > self.N * self.T:
                raise Mismatch(f"A has shape {A.shape}, expected the {self.N} plans of {self.T} actions")
            before = assert_shape("before", before, (*lead, self.k), "[N, T, k]")
            A = assert_shape("A", A, (*lead, self.m), "[N, T, m]")
            after = assert_shape("after", after, (*lead, self.k), "[N, T, k]")
        except Mismatch as problem:
            who = "known_models.simulated_returns called reward(before, A, after)"
            self.complaint = self.complaint or f"{who}, but {problem}"
            return np.full((1, 1), np.nan)
        return before @ self.of_before + np.sin(2 * after @ self.of_after) + (A @ self.of_action) ** 2

    def value(self, state, actions):
        """Add up the rewards of one plan, step by step."""
        total = 0.0
        for a in actions:
            after = np.tanh(self.W @ state + self.U @ a)
            total += state @ self.of_before + np.sin(2 * after @ self.of_after) + (a @ self.of_action) ** 2
            state = after
        return total


@exercise("1.6", weight=2)
def test_a_plan_earns_the_rewards_of_all_its_steps(student, rng):
    """simulated_returns: each reward gets the states before and after its own action; J adds them up, plan by plan."""
    for N, T, k, m in [(5, 4, 3, 2), (4, 1, 2, 1), (1, 6, 4, 3)]:
        world, state, A = World(rng, N, T, k, m), rng.normal(size=k), rng.normal(size=(N, T, m))
        with complaints_of(world):
            J = student.known_models.simulated_returns(np.array(state), np.array(A), world.rollout, world.reward)
        if world.steps != N * T:
            raise Mismatch(
                f"known_models.simulated_returns simulated {world.steps} steps for {N} plans of {T}, expected {N * T}: "
                "a simulator's time is what planning costs; one roll-out of all plans has everything"
            )
        expected = np.array([world.value(state, actions) for actions in A])
        assert_shape("known_models.simulated_returns: J", J, (N,), "[N]")
        look = "before and after: row t of `before` is row t - 1 of `after`, and its first row is the state given"
        assert_close("known_models.simulated_returns: J", J, expected, rtol=SINGLE, look=look)


def judge_reward(name, function, steps):
    """Compare a reward with real steps of the environment: many at once, in two layouts, and a single one."""
    for at in (np.s_[:], np.s_[0], np.s_[1, 2]):
        before, a, after, paid = steps.before[at], steps.a[at], steps.after[at], steps.paid[at]
        got = function(before.copy(), a.copy(), after.copy())
        assert_shape(name, got, paid.shape, "[...]")
        look = "both parts, what is reached and what the action costs, and which of the two states each is about"
        assert_close(name, got, paid, rtol=SINGLE, look=look)


@exercise("1.6", weight=1.5)
def test_reacher_is_paid_as_the_environment_pays(student, rng, once):
    """reacher_reward: it is what Reacher-v5 pays for real steps, from the positions after each step."""
    steps = once(lambda: Steps("Reacher-v5", rng.integers(1000, size=4), 5, rng))
    judge_reward("known_models.reacher_reward", student.known_models.reacher_reward, steps)


@exercise("1.6")
def test_half_cheetah_is_paid_as_the_environment_pays(student, rng, once):
    """half_cheetah_reward: it is what HalfCheetah-v5 pays for real steps."""
    steps = once(lambda: Steps("HalfCheetah-v5", rng.integers(1000, size=4), 5, rng))
    judge_reward("known_models.half_cheetah_reward", student.known_models.half_cheetah_reward, steps)
