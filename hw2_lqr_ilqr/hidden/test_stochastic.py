"""Hidden tests of exercise 2.3; those of draw_noise are in test_stochastic_noise.py. The weights add up to its points.

Every function gets what it needs from here: noise, policies and values are drawn or come from `stochastic_oracles`.
Problems are affine, change with time and have cross terms, with fewer states than controls, more, and as many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import stochastic_oracles as oracles

from course.systems.lq import random_problem
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

SHAPES = [(5, 3, 2), (4, 2, 3), (4, 2, 2)]  # T, n, m
CONTROLS_KNOW = "u_t = K_t x_t + k_t, of the state that its own run has reached when the control is chosen"


class Case(NamedTuple):
    """A problem, a policy that has nothing to do with its cost, first moments, and covariances of the noise."""

    x0: np.ndarray
    S0: np.ndarray
    F: np.ndarray
    f: np.ndarray
    C: np.ndarray
    c: np.ndarray
    K: np.ndarray
    k: np.ndarray
    Sigma: np.ndarray


def draw(rng, T, n, m):
    """Draw a case in which every term matters."""
    p = random_problem(rng, n=n, m=m, T=T)
    K, k = 0.5 * rng.normal(size=(T, m, n)) / np.sqrt(n), rng.normal(size=(T, m))
    G = rng.normal(size=(T + 1, n, n))
    spread = G @ np.swapaxes(G, 1, 2) / n + 0.2 * np.eye(n)
    return Case(p.x0, spread[0], p.F, p.f, p.C, p.c, K, k, spread[1:])


def copies(*arrays):
    return [np.array(a) for a in arrays]


def simulated(student, case, w):
    """Call the student's simulate. Returns x: [T+1, N, n], u: [T, N, m], checked."""
    (T, m, n), runs = case.K.shape, w.shape[1]
    answer = student.stochastic.simulate(*copies(case.x0, case.F, case.f, case.K, case.k, w))
    x, u = fields(answer, "x u", who="stochastic.simulate")
    look = "the last row: x ends with the state after the last control"
    x = assert_shape("stochastic.simulate: x", x, (T + 1, runs, n), "[T+1, N, n]", look=look)
    return x, assert_shape("stochastic.simulate: u", u, (T, runs, m), "[T, N, m]")


def judge_runs(student, case, w):
    """Compare the student's runs with the closed loop solved as one linear system."""
    x, u = simulated(student, case, w)
    expected_x, expected_u = oracles.run(case.x0, case.F, case.f, case.K, case.k, w)
    assert_close("stochastic.simulate: x[0]", x[0], expected_x[0], rtol=SINGLE, look="every run starts at x0")
    assert_close("stochastic.simulate: u", u, expected_u, rtol=SINGLE, look=CONTROLS_KNOW)
    look = "x_{t+1} = F_t [x_t; u_t] + f_t + w_t, where run i has the noise w[t, i]"
    assert_close("stochastic.simulate: x", x, expected_x, rtol=SINGLE, look=look)


@exercise("2.3", weight=1.25)
def test_runs_follow_policy_model_and_their_own_noise(student, rng):
    """simulate: u_t = K_t x_t + k_t and x_{t+1} = F_t [x_t; u_t] + f_t + w_t, in every step of every run."""
    for T, n, m in SHAPES:
        judge_runs(student, draw(rng, T, n, m), rng.normal(size=(T, 6, n)))


@exercise("2.3", weight=0.25)
def test_a_single_run_of_a_single_step(student, rng):
    """simulate: one run of one step has two states and one control, and its noise is in the last state."""
    judge_runs(student, draw(rng, 1, 3, 2), rng.normal(size=(1, 1, 3)))


@exercise("2.3", weight=0.5)
def test_no_control_knows_the_noise_to_come(student, rng):
    """simulate: noise in step t shows in x_{t+1} first, is answered by u_{t+1}, and stays in its own run."""
    T, n, m = 5, 3, 2
    case, w = draw(rng, T, n, m), rng.normal(size=(T, 4, n))
    kicked = w.copy()
    kicked[2, 1] += rng.uniform(1.0, 2.0, size=n)
    (x, u), (y, v) = simulated(student, case, w), simulated(student, case, kicked)
    moved_x, moved_u = np.abs(y - x).max(axis=2), np.abs(v - u).max(axis=2)
    small = SINGLE * (1 + np.max(np.abs(x)) + np.max(np.abs(u)))
    if np.any(moved_x[:3] > small) or np.any(moved_u[:3] > small):
        raise Mismatch(
            "stochastic.simulate: noise of step t changed u[t] or x[t], expected it in x[t+1] first\n"
            "  look at: the order in a step: the control is chosen from x[t], then the noise is drawn"
        )
    others = np.array([0, 2, 3])
    if np.any(moved_x[:, others] > small) or np.any(moved_u[:, others] > small):
        raise Mismatch("stochastic.simulate: noise of one run changed another run, expected runs that do not meet")
    if not (moved_x[3:, 1] > 0).all() or not moved_u[3, 1] > 0:
        raise Mismatch("stochastic.simulate: noise changed no later state or control of its run, expected an answer")


def judge_number(name, got, expected, scale, look):
    """Compare numbers to `SINGLE` of the largest, or of the size of their parts, where these cancel."""
    got = assert_shape(name, got, np.shape(expected), "[N]" if np.shape(expected) else "")
    if not np.max(np.abs(got - expected)) <= SINGLE * scale:
        assert_close(name, got, expected, rtol=SINGLE, look=look)


@exercise("2.3", weight=0.75)
def test_each_run_is_charged_for_its_states_and_controls(student, rng):
    """total_costs: for each run, the sum of 1/2 z_t' C_t z_t + z_t' c_t over its steps."""
    for T, n, m in SHAPES:
        case, x, u = draw(rng, T, n, m), rng.normal(size=(T + 1, 6, n)), rng.normal(size=(T, 6, m))
        J = student.stochastic.total_costs(*copies(x, u, case.C, case.c))
        look = "z_t = [x_t; u_t] of the same step, the half, which stands before the quadratic part only, and the sums"
        judge_number("stochastic.total_costs: J", J, oracles.costs(x, u, case.C, case.c), T, look)


@exercise("2.3", weight=0.25)
def test_the_last_state_costs_nothing(student, rng):
    """total_costs: with T = 1 there is one cost, of x_0 and u_0; the state that u_0 leads to is free."""
    case, x, u = draw(rng, 1, 3, 2), rng.normal(size=(2, 4, 3)), rng.normal(size=(1, 4, 2))
    J = student.stochastic.total_costs(*copies(x, u, case.C, case.c))
    look = "which states are paid for: x[0] … x[T-1]"
    judge_number("stochastic.total_costs: J for T = 1", J, oracles.costs(x, u, case.C, case.c), 1, look)


@exercise("2.3", weight=1)
def test_noise_cost_is_the_mean_of_what_noise_adds_to_a_run(student, rng):
    """noise_cost: what noise adds, on average, to the cost of a run under the optimal policy."""
    for T, n, m in SHAPES:
        case = draw(rng, T, n, m)
        K, k, V = oracles.optimal(case.F, case.f, case.C, case.c)
        expected = oracles.noise_cost(case.F, case.f, case.C, case.c, K, k, case.Sigma)
        got = student.stochastic.noise_cost(*copies(V, case.Sigma))
        look = "the mean of 1/2 w' V w for noise w: the half, the trace, the sum over all steps, and which V"
        assert_close("stochastic.noise_cost", got, expected, rtol=SINGLE, look=look)


@exercise("2.3", weight=0.5)
def test_noise_of_the_last_step_costs_nothing(student, rng):
    """noise_cost: the last noise moves only x_T, which no stage has to pay for; with T = 1 there is no other."""
    for T in (1, 2):
        case = draw(rng, T, 3, 2)
        K, k, V = oracles.optimal(case.F, case.f, case.C, case.c)
        expected = oracles.noise_cost(case.F, case.f, case.C, case.c, K, k, case.Sigma)
        got = student.stochastic.noise_cost(*copies(V, case.Sigma))
        look = "the state that w_t moves, and the index of its value"
        scale = np.trace(V[0] @ case.Sigma[0])
        judge_number(f"stochastic.noise_cost for T = {T}", got, expected, scale, look)


def judge_moments(student, case, part):
    """Compare the student's mean or S with those of the stacked linear system."""
    T, _, n = case.K.shape
    given = case.x0, case.S0, case.F, case.f, case.K, case.k, case.Sigma
    mean, S = fields(student.stochastic.moments(*copies(*given)), "mean S", who="stochastic.moments")
    expected_mean, expected_S = oracles.moments(*given)
    if part == "mean":
        assert_shape("stochastic.moments: mean", mean, (T + 1, n), "[T+1, n]")
        look = "the mean of x_{t+1} = F_t [x_t; u_t] + f_t + w_t with u_t = K_t x_t + k_t: noise has mean zero"
        assert_close("stochastic.moments: mean", mean, expected_mean, rtol=SINGLE, look=look)
    else:
        S = assert_shape("stochastic.moments: S", S, (T + 1, n, n), "[T+1, n, n]")
        look = "the covariance of the first state is S0"
        assert_close("stochastic.moments: S[0]", S[0], case.S0, rtol=SINGLE, look=look)
        look = "what a deviation of x_t is multiplied by in a step, feedback included, and the noise of that step"
        assert_close("stochastic.moments: S", S, expected_S, rtol=SINGLE, look=look)


@exercise("2.3", weight=0.5)
def test_the_mean_moves_like_a_run_without_noise(student, rng):
    """moments: mean[t] is the mean of x_t, from mean[0] = x0 on."""
    for T, n, m in SHAPES:
        judge_moments(student, draw(rng, T, n, m), "mean")


@exercise("2.3", weight=1)
def test_the_covariance_is_that_of_the_closed_loop(student, rng):
    """moments: S[t] is the covariance of x_t, from S[0] = S0 on, under the policy and with all noise so far."""
    for T, n, m in SHAPES:
        judge_moments(student, draw(rng, T, n, m), "S")


@exercise("2.3", weight=0.25)
def test_moments_without_feedback_are_those_of_open_loop(student, rng):
    """moments: with K = 0 the list of controls k is played, and the system alone decides how states spread."""
    case = draw(rng, 4, 3, 2)
    case = case._replace(K=np.zeros_like(case.K), S0=np.zeros_like(case.S0))
    judge_moments(student, case, "S")


def judge_expected_cost(student, case):
    """Compare the student's expected cost with an average over points, which is exact for quadratic costs."""
    mean, S = oracles.moments(case.x0, case.S0, case.F, case.f, case.K, case.k, case.Sigma)
    given = mean, S, case.K, case.k, case.C, case.c
    expected = oracles.expected_cost(*given)
    look = "the mean of z'Cz over z = [x; Kx + k]: that of its mean, and what the covariance of all of z adds to it"
    scale = len(case.K)
    judge_number("stochastic.expected_cost", student.stochastic.expected_cost(*copies(*given)), expected, scale, look)


@exercise("2.3", weight=0.75)
def test_the_expected_cost_counts_the_spread_of_states_and_controls(student, rng):
    """expected_cost: the mean cost of a run under any linear policy, with cross terms between x and u."""
    for T, n, m in SHAPES:
        judge_expected_cost(student, draw(rng, T, n, m))


@exercise("2.3", weight=0.25)
def test_the_expected_cost_of_open_loop(student, rng):
    """expected_cost: with K = 0 the controls do not vary, and the spread of the states alone adds to the cost."""
    case = draw(rng, 4, 3, 2)
    judge_expected_cost(student, case._replace(K=np.zeros_like(case.K)))


@exercise("2.3", weight=0.25)
def test_the_expected_cost_without_any_noise(student, rng):
    """expected_cost: without noise, and from a certain first state, it is the cost of the only run there is."""
    case = draw(rng, 4, 2, 3)
    judge_expected_cost(student, case._replace(S0=np.zeros_like(case.S0), Sigma=np.zeros_like(case.Sigma)))
