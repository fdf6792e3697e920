"""Hidden tests of exercise 2.5, second part: the forward pass, and the first nominal of the next plan.

Gains are drawn here. The system lives on this side, and what is asked of it is written down as it is asked.
"""

from __future__ import annotations

import numpy as np
from ilqr_bench import Bench, Problem

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

SHAPES = [(7, 3, 2), (5, 2, 3), (1, 3, 1)]  # T, n, m


def draw(rng, T, n, m):
    """Draw a bounded nonlinear system, a trajectory of it from a random start, and gains."""
    A, B, phase = rng.normal(size=(n, n)), rng.normal(size=(n, m)), rng.normal(size=n)

    def move(x, u):
        return np.tanh(x @ A.T / np.sqrt(n) + u @ B.T / m) + 0.3 * np.sin(phase + x)

    problem = Problem(n, m, T, rng.normal(size=n), move, None, None)
    u = rng.normal(size=(T, m))
    return problem, problem.rollout(u), u, 0.5 * rng.normal(size=(T, m, n)) / np.sqrt(n), rng.normal(size=(T, m))


def run(student, problem, reference, x0, x, u, K, k, alpha):
    """Call the student's forward pass on a bench. Returns the bench, x and u."""
    bench, T = Bench(problem, reference), problem.T
    with complaints_of(bench):
        answer = student.ilqr.forward(*(np.array(part) for part in (x0, x, u, K, k)), alpha, bench.step)
    new_x, new_u = fields(answer, "x u", who="ilqr.forward")
    new_x = assert_shape("ilqr.forward: x", new_x, (T + 1, problem.n), "[T+1, n]")
    return bench, new_x, assert_shape("ilqr.forward: u", new_u, (T, problem.m), "[T, m]")


def played(problem, x0, x, u, K, k, alpha):
    """Play the policy in the system: u_t = u_t + alpha k_t + K_t (x_t - x_t)."""
    state, states, controls = x0, [x0], []
    for t in range(problem.T):
        controls.append(u[t] + K[t] @ (state - x[t]) + alpha * k[t])
        state = problem.move(state, controls[-1])
        states.append(state)
    return np.array(states), np.array(controls)


@exercise("2.5")
def test_a_step_of_length_zero_changes_nothing(student, rng, reference):
    """forward: with alpha = 0 and the nominal's own x_0, the nominal trajectory comes out again."""
    for shape in SHAPES:
        problem, x, u, K, k = draw(rng, *shape)
        _, new_x, new_u = run(student, problem, reference, x[0], x, u, K, k, 0.0)
        look = "u_t = nominal u_t + alpha k_t + K_t (x_t - nominal x_t): all but the first term is zero here"
        assert_close("ilqr.forward with alpha = 0: u", new_u, u, rtol=SINGLE, look=look)
        assert_close("ilqr.forward with alpha = 0: x", new_x, x, rtol=SINGLE, look=look)


@exercise("2.5")
def test_feedback_acts_whatever_the_step_length(student, rng, reference):
    """forward: with alpha = 0 and another x_0, u_t answers the deviation with K_t, in full; alpha scales k alone."""
    for shape in SHAPES:
        problem, x, u, K, k = draw(rng, *shape)
        x0 = x[0] + rng.normal(size=problem.n)
        for alpha in (0.0, 0.25):
            _, new_x, new_u = run(student, problem, reference, x0, x, u, K, k, alpha)
            true_x, true_u = played(problem, x0, x, u, K, k, alpha)
            who = f"ilqr.forward from another x_0, alpha = {alpha}"
            look = "the deviation: the new state minus the NOMINAL state of the same time, times K_t, without alpha"
            assert_close(f"{who}: u", new_u, true_u, rtol=SINGLE, look=look)
            assert_close(f"{who}: x", new_x, true_x, rtol=SINGLE, look=look)


@exercise("2.5")
def test_the_policy_meets_the_real_system(student, rng, reference):
    """forward: from the nominal's x_0, u_t = nominal u_t + alpha k_t + K_t times the deviation really reached."""
    for shape in SHAPES:
        problem, x, u, K, k = draw(rng, *shape)
        for alpha in (1.0, 0.5):
            _, new_x, new_u = run(student, problem, reference, x[0], x, u, K, k, alpha)
            true_x, true_u = played(problem, x[0], x, u, K, k, alpha)
            look = "all of step t: u_t, K_t, k_t and the nominal x_t; the first step is t = 0"
            assert_close(f"ilqr.forward with alpha = {alpha}: u", new_u, true_u, rtol=SINGLE, look=look)
            assert_close(f"ilqr.forward with alpha = {alpha}: x", new_x, true_x, rtol=SINGLE, look=look)


@exercise("2.5", weight=0.5)
def test_the_system_takes_one_step_for_each_control(student, rng, reference):
    """forward: step is called T times, each time with the state that it returned before, and x holds these states."""
    for shape in SHAPES:
        problem, x, u, K, k = draw(rng, *shape)
        x0 = x[0] + 0.5 * rng.normal(size=problem.n)
        bench, new_x, new_u = run(student, problem, reference, x0, x, u, K, k, 0.7)
        if bench.calls != problem.T:
            raise Mismatch(f"ilqr.forward called step {min(bench.calls, 1000)} times, expected T = {problem.T}")
        states, controls = (np.array(part) for part in zip(*bench.asked, strict=True))
        if states.shape != (problem.T, problem.n):
            raise Mismatch("ilqr.forward called step with batches, expected x [n] and u [m]: one state at a time")
        look = "step(x_t, u_t) with x_t as step returned it, from t = 0 on"
        assert_close(
            "ilqr.forward: x that step gets", states, np.array([x0, *bench.reached[:-1]]), rtol=SINGLE, look=look
        )
        assert_close("ilqr.forward: x", new_x, np.array([x0, *bench.reached]), rtol=SINGLE, look=look)
        assert_close("ilqr.forward: u", new_u, controls, rtol=SINGLE, look="u: the controls that step got")


def warm(student, problem, reference, x0, x, u, K):
    """Call the student's warm start on a bench."""
    bench, T = Bench(problem, reference), problem.T
    with complaints_of(bench):
        answer = student.ilqr.warm_start(*(np.array(part) for part in (x0, x, u, K)), bench.step)
    new_x, new_u = fields(answer, "x u", who="ilqr.warm_start")
    new_x = assert_shape("ilqr.warm_start: x", new_x, (T + 1, problem.n), "[T+1, n]")
    return new_x, assert_shape("ilqr.warm_start: u", new_u, (T, problem.m), "[T, m]")


@exercise("2.5")
def test_a_warm_start_on_the_plan_is_the_plan_shifted(student, rng, reference):
    """warm_start: if the system went where it was planned, the old plan from its second step on, last control twice."""
    for shape in SHAPES:
        problem, x, u, K, _ = draw(rng, *shape)
        new_x, new_u = warm(student, problem, reference, x[1], x, u, K)
        shifted = np.concatenate([u[1:], u[-1:]])
        end = problem.move(x[-1], u[-1])
        look = "row t is step t + 1 of the old plan; after it is used up, the last control once more"
        assert_close("ilqr.warm_start: u", new_u, shifted, rtol=SINGLE, look=look)
        assert_close("ilqr.warm_start: x", new_x, np.array([*x[1:], end]), rtol=SINGLE, look=look)


@exercise("2.5")
def test_a_warm_start_off_the_plan_uses_the_old_gains(student, rng, reference):
    """warm_start: from any other x_0 the old gains K, shifted with the plan, answer the deviation from it."""
    for shape in SHAPES:
        problem, x, u, K, _ = draw(rng, *shape)
        x0 = x[1] + rng.normal(size=problem.n)
        new_x, new_u = warm(student, problem, reference, x0, x, u, K)
        rows = [*range(1, problem.T), problem.T - 1]
        states = np.concatenate([x[1:], x[-1:]])
        true_x, true_u = played(problem, x0, states, u[rows], K[rows], np.zeros_like(u), 1.0)
        look = "new row t: u_{t+1} + K_{t+1} (x_t - old x_{t+1}), with the real system; k is not used"
        assert_close("ilqr.warm_start: x[0]", new_x[0], x0, rtol=SINGLE, look="it starts where the system is now")
        assert_close("ilqr.warm_start: u", new_u, true_u, rtol=SINGLE, look=look)
        assert_close("ilqr.warm_start: x", new_x, true_x, rtol=SINGLE, look=look)
