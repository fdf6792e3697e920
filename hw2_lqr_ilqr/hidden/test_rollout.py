"""Hidden tests of exercise 2.2. The weights add up to its points.

Gains are drawn here, never computed by the student. The dynamics of `rollout` live on this side: what the
student's loop asks for, and how often, is written down as it asks.
"""

from __future__ import annotations

import numpy as np
import oracles

from course.systems.lq import random_problem
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


def draw(rng, T, n, m):
    """Draw a linear model, and gains that have nothing to do with its cost."""
    p = random_problem(rng, n=n, m=m, T=T)
    return p.F, p.f, 0.5 * rng.normal(size=(T, m, n)) / np.sqrt(n), rng.normal(size=(T, m))


def check_forward(student, rng, T, n, m):
    """Compare a forward recursion with the closed loop solved as one linear system."""
    x0, model_and_gains = rng.normal(size=n), draw(rng, T, n, m)
    expected_x, expected_u = oracles.closed_loop(x0, *model_and_gains)
    answer = student.lqr.forward(np.array(x0), *(np.array(part) for part in model_and_gains))
    x, u = fields(answer, "x u", who="lqr.forward")
    assert_shape("lqr.forward: x", x, (T + 1, n), "[T+1, n]", look="the last row: x ends after the last control")
    assert_shape("lqr.forward: u", u, (T, m), "[T, m]")
    assert_close("lqr.forward: u", u, expected_u, rtol=SINGLE, look="u_t = K_t x_t + k_t, all of step t")
    assert_close("lqr.forward: x", x, expected_x, rtol=SINGLE, look="x_{t+1} = F_t [x_t; u_t] + f_t")


@exercise("2.2", weight=2)
def test_forward_follows_policy_and_linear_model(student, rng):
    """forward: every control is K_t x_t + k_t and every next state is F_t [x_t; u_t] + f_t."""
    check_forward(student, rng, T=7, n=4, m=2)
    check_forward(student, rng, T=6, n=2, m=3)


@exercise("2.2", weight=0.5)
def test_forward_applies_the_last_control(student, rng):
    """forward: with T = 1 there are one control and two states, x[0] = x_0 and the state it leads to."""
    check_forward(student, rng, T=1, n=3, m=1)


class Bench:
    """A nonlinear system on the grader's side that changes with time and notes what it is asked.

    It never raises: a request that makes no sense is noted in `complaint` and answered by NaN.
    """

    def __init__(self, rng, T, n, m):
        self.A, self.B, self.phase = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n)
        self.T, self.n, self.m = T, n, m
        self.times, self.reached, self.complaint = [], [], ""

    def answer(self, x=None, u=None, t=None):
        """Return the next state. This is the `dynamics` that the student's loop is given."""
        try:
            x = assert_shape("x", x, (self.n,), "[n]")
            u = assert_shape("u", u, (self.m,), "[m]")
            if not isinstance(t, int | np.integer) or not 0 <= t < self.T:
                raise Mismatch(f"t is not one of the steps 0 … {self.T - 1}")
        except Mismatch as problem:
            self.complaint = self.complaint or f"lqr.rollout called dynamics(x, u, t), but {problem}"
            return np.full(self.n, np.nan)
        y = self.step(x, u, int(t))
        if len(self.times) <= self.T:
            self.times.append(int(t))
            self.reached.append(y)
        return y

    def step(self, x, u, t):
        """Move the state: bounded, nonlinear, different in every step, and kicked halfway."""
        kick = 2.0 if t == self.T // 2 else 0.0
        pushed = np.tanh(self.A @ x / np.sqrt(self.n) + self.B @ u / self.m)
        return pushed + 0.3 * np.sin(t + self.phase) + kick


def roll(student, rng, T, n, m):
    """Run the student's rollout on a bench. Returns the bench, x0, K, k and the answer."""
    _, _, K, k = draw(rng, T, n, m)
    x0, bench = rng.normal(size=n), Bench(rng, T, n, m)
    answer = student.lqr.rollout(np.array(x0), bench.answer, np.array(K), np.array(k))
    if bench.complaint:
        raise Mismatch(bench.complaint)
    return bench, x0, K, k, answer


@exercise("2.2")
def test_rollout_asks_the_dynamics_once_a_step_in_order(student, rng):
    """rollout: dynamics(x, u, t) is called exactly T times, for t = 0, 1, … T-1, and x holds what it returned."""
    for T, n, m in [(8, 3, 2), (1, 2, 3)]:
        bench, x0, K, k, answer = roll(student, rng, T, n, m)
        if len(bench.times) != T:
            count = len(bench.times) if len(bench.times) <= T else f"more than {T}"
            raise Mismatch(
                f"lqr.rollout called the dynamics {count} times, expected T = {T}; "
                "a real system takes one step per control, there is no trying out"
            )
        if bench.times != list(range(T)):
            raise Mismatch(
                "lqr.rollout called the dynamics with other times than 0, 1, … T-1 in order; "
                "the third argument is the time of the step that is being taken"
            )
        x, u = fields(answer, "x u", who="lqr.rollout")
        assert_shape("lqr.rollout: u", u, (T, m), "[T, m]")
        assert_close("lqr.rollout: u[0]", u[0], K[0] @ x0 + k[0], rtol=SINGLE, look="u_0 = K_0 x_0 + k_0")
        look = "what is stored: x[0] is x0, and x[t+1] is what the dynamics returned in step t"
        assert_close("lqr.rollout: x", x, np.array([x0, *bench.reached]), rtol=SINGLE, look=look)


@exercise("2.2", weight=1.5)
def test_rollout_answers_the_state_that_was_reached(student, rng, reference):
    """rollout: every control is K_t x_t + k_t of the state really reached, in a nonlinear system."""
    for T, n, m in [(8, 3, 2), (6, 2, 3)]:
        bench, x0, K, k, answer = roll(student, rng, T, n, m)
        x, u = fields(answer, "x u", who="lqr.rollout")
        expected_x, expected_u = reference.lqr.rollout(x0, bench.step, K, k)
        assert_shape("lqr.rollout: x", x, (T + 1, n), "[T+1, n]", look="the last row: x ends after the last control")
        assert_shape("lqr.rollout: u", u, (T, m), "[T, m]")
        look = "the state in use: u_t answers x_t as the dynamics returned it, and what they return is x_{t+1}"
        assert_close("lqr.rollout: u", u, expected_u, rtol=SINGLE, look=look)
        assert_close("lqr.rollout: x", x, expected_x, rtol=SINGLE, look=look)
