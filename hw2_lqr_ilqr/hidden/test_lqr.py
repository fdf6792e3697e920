"""Hidden tests of exercise 2.1. The weights add up to its points.

Problems are affine, change with time and have cross terms: on the textbook problem (constant, f = 0, c = 0,
no cross terms) more than half of the known mistakes leave every number right. What is expected comes from
`oracles`, which share no formula with the recursion. `state_value` is judged at exact minimisers only, where
V = Q_xx + Q_xu K and v = q_x + Q_xu k are right as well.
"""

from __future__ import annotations

import numpy as np
import oracles

from course.systems.lq import random_problem
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

FLAT, TALL = (5, 2, 3), (6, 4, 2)  # T, n, m with n < m and n > m
SHAPES = [FLAT, TALL, (4, 3, 1), (4, 1, 2), (3, 1, 1)]


def positive(rng, size):
    """Draw a symmetric positive-definite matrix, eigenvalues between 1 and about 5."""
    A = rng.normal(size=(size, size))
    return np.eye(size) + A @ A.T / size


def numbers(name, got, shape, dims):
    """Check shape and numbers of a result that the test goes on to compute with; return it as an array."""
    array = assert_shape(name, got, shape, dims)
    if np.max(np.abs(array), initial=0.0) > 1e9:
        raise Mismatch(f"{name} has entries beyond 1e9, expected numbers of the size of the problem's own")
    return array


def gain_numbers(K, k, T, n, m):
    """Check K and k of a backward pass for shape and numbers."""
    return (
        numbers("lqr.backward: K", K, (T, m, n), "[T, m, n]"),
        numbers("lqr.backward: k", k, (T, m), "[T, m]"),
    )


def values(V, v, T, n):
    """Check V and v of a backward pass for shape and numbers."""
    return (
        numbers("lqr.backward: V", V, (T + 1, n, n), "[T+1, n, n]"),
        numbers("lqr.backward: v", v, (T + 1, n), "[T+1, n]"),
    )


def one_step(rng, n, m):
    """Draw what one step of the recursion gets: F_t, f_t, C_t, c_t, V_next, v_next."""
    F, f, C, c = draw(rng, 2, n, m)
    return F[0], f[0], C[0], c[0], positive(rng, n), rng.normal(size=n)


def solve(student, *problem):
    """Call the student's backward pass with copies of F, f, C, c. Returns its K, k, V, v as handed back."""
    return fields(student.lqr.backward(*(np.array(part) for part in problem)), "K k V v", who="lqr.backward")


def draw(rng, T, n, m):
    """Draw a random problem: time-varying, affine, with cross terms. Returns F, f, C, c."""
    p = random_problem(rng, n=n, m=m, T=T)
    return p.F, p.f, p.C, p.c


@exercise("2.1", weight=2)
def test_Q_is_the_curvature_of_cost_plus_next_value(student, rng):
    """action_value: Q holds the second derivatives of the step's cost plus the value of the next state."""
    for n, m in [(2, 3), (4, 2)]:
        step = one_step(rng, n, m)
        expected, _ = oracles.action_value(*step)
        Q, _ = fields(student.lqr.action_value(*(np.array(a) for a in step)), "Q q", who="lqr.action_value")
        assert_shape("lqr.action_value: Q", Q, (n + m, n + m), "[n+m, n+m]")
        assert_close(
            "lqr.action_value: Q",
            Q,
            expected,
            rtol=SINGLE,
            look="1/2 y' V_next y with y = F_t z + f_t put in: what of it is quadratic in z?",
        )


@exercise("2.1", weight=2)
def test_q_is_the_slope_of_cost_plus_next_value(student, rng):
    """action_value: q is the gradient, at z = 0, of the step's cost plus the value of the next state."""
    for n, m in [(2, 3), (4, 2)]:
        step = one_step(rng, n, m)
        _, expected = oracles.action_value(*step)
        _, q = fields(student.lqr.action_value(*(np.array(a) for a in step)), "Q q", who="lqr.action_value")
        assert_shape("lqr.action_value: q", q, (n + m,), "[n+m]")
        assert_close(
            "lqr.action_value: q",
            q,
            expected,
            rtol=SINGLE,
            look="the three terms that are linear in z: from c_t, from V_next with f_t, and from v_next",
        )


@exercise("2.1", weight=2)
def test_gains_give_the_control_of_least_action_value(student, rng):
    """gains: u = K x + k is the control of least action value, whatever the state."""
    for n, m in [(2, 3), (4, 2), (3, 1), (1, 2)]:
        Q, q = positive(rng, n + m), rng.normal(size=n + m)
        expected = oracles.minimise(Q, q, n)
        K, k = fields(student.lqr.gains(np.array(Q), np.array(q), n), "K k", who="lqr.gains")
        assert_shape("lqr.gains: K", K, (m, n), "[m, n]")
        assert_shape("lqr.gains: k", k, (m,), "[m]")
        assert_close(
            "lqr.gains: K",
            K,
            expected.K,
            rtol=SINGLE,
            look="the gradient of the action value in u, which vanishes at u = K x + k, with plus signs",
        )
        assert_close(
            "lqr.gains: k",
            k,
            expected.k,
            rtol=SINGLE,
            look="the gradient of the action value in u: at x = 0 it vanishes at u = k",
        )


@exercise("2.1", weight=2)
def test_V_is_the_action_value_with_the_control_put_in(student, rng):
    """state_value: V is the quadratic part of the least action value, as a function of the state."""
    judge_state_value(student, rng, "V")


@exercise("2.1", weight=2)
def test_v_is_the_action_value_with_the_control_put_in(student, rng):
    """state_value: v is the linear part of the least action value, as a function of the state."""
    judge_state_value(student, rng, "v")


def judge_state_value(student, rng, part):
    """Compare V or v at exact minimisers, for n < m and n > m.

    The first call, at gains that are not minimisers, is not judged: only there do some mistakes part ways,
    which helps to tell a student which one was made.
    """
    for n, m in [(2, 3), (4, 2)]:
        Q, q = positive(rng, n + m), rng.normal(size=n + m)
        expected = oracles.minimise(Q, q, n)
        off = expected.K + rng.normal(size=(m, n)), expected.k + rng.normal(size=m)
        student.lqr.state_value(np.array(Q), np.array(q), *off)
        answer = student.lqr.state_value(np.array(Q), np.array(q), np.array(expected.K), np.array(expected.k))
        V, v = fields(answer, "V v", who="lqr.state_value")
        if part == "V":
            assert_shape("lqr.state_value: V", V, (n, n), "[n, n]")
            assert_close(
                "lqr.state_value: V",
                V,
                expected.V,
                rtol=SINGLE,
                look="1/2 z' Q z with u = K x + k put in: what of it is quadratic in x?",
            )
        else:
            assert_shape("lqr.state_value: v", v, (n,), "[n]")
            assert_close(
                "lqr.state_value: v",
                v,
                expected.v,
                rtol=SINGLE,
                look="1/2 z' Q z + z' q with u = K x + k put in: what of it is linear in x?",
            )


@exercise("2.1")
def test_backward_returns_every_step_and_ends_with_no_cost(student, rng):
    """backward: K and k for T steps, V and v for T+1 states, and nothing left to pay at the last state."""
    T, n, m = TALL
    K, k, V, v = solve(student, *draw(rng, T, n, m))
    gain_numbers(K, k, T, n, m)
    V, v = values(V, v, T, n)
    if np.any(V[T]) or np.any(v[T]):
        raise Mismatch("lqr.backward: V[T], v[T] are not zero; no cost follows the last stage, t = T-1")
    if not all(np.any(V[t]) and np.any(v[t]) for t in range(T)):
        raise Mismatch("lqr.backward: V[t], v[t] are zero before the end; every stage t = 0 … T-1 has a cost")


@exercise("2.1")
def test_backward_solves_a_single_stage(student, rng):
    """backward: with T = 1 there is no future, and only the cost of one step counts."""
    for n, m in [(2, 3), (3, 1)]:
        F, f, C, c = draw(rng, 1, n, m)
        expected = oracles.minimise(C[0], c[0], n)
        for name, got, part in zip("KkVv", solve(student, F, f, C, c), expected, strict=True):
            after = np.zeros((1, *part.shape)) if name in "Vv" else np.zeros((0, *part.shape))
            both = np.concatenate([part[None], after])
            assert_close(
                f"lqr.backward: {name} for T = 1",
                got,
                both,
                rtol=SINGLE,
                look="the last stage: it has a cost of its own, and V[T] = 0, v[T] = 0 come after it",
            )


@exercise("2.1")
def test_a_long_horizon_reaches_the_stationary_regulator(student, rng):
    """backward: far from the end of a constant problem, K and V settle at the infinite-horizon regulator."""
    T, n, m = 120, 3, 2
    contraction = 1.0
    while contraction > 0.9:  # what is left of the end after T steps, contraction^(2T), must be nothing
        F, _, C, _ = draw(rng, 1, n, m)
        expected_K, expected_V = oracles.stationary(F[0], C[0])
        contraction = max(abs(np.linalg.eigvals(F[0, :, :n] + F[0, :, n:] @ expected_K)))
    constant = np.repeat(F, T, 0), np.zeros((T, n)), np.repeat(C, T, 0), np.zeros((T, n + m))
    K, _, V, _ = solve(student, *constant)
    K = assert_shape("lqr.backward: K", K, (T, m, n), "[T, m, n]")
    V = assert_shape("lqr.backward: V", V, (T + 1, n, n), "[T+1, n, n]")
    look = "Q_t, K_t and V_t, as f = 0 and c = 0 here; K[0] and V[0] belong to the first step"
    assert_close("lqr.backward: K[0] of a long horizon", K[0], expected_K, rtol=SINGLE, look=look)
    assert_close("lqr.backward: V[0] of a long horizon", V[0], expected_V, rtol=SINGLE, look=look)


@exercise("2.1", weight=2)
def test_backward_finds_the_feedback_of_a_changing_problem(student, rng):
    """backward: every K[t] and V[t] is that of the optimal plan from t, whatever changes with time."""
    T, n, m = TALL
    problem = draw(rng, T, n, m)
    expected = oracles.optimal(*problem)
    K, _, V, _ = solve(student, *problem)
    assert_close(
        "lqr.backward: K",
        K,
        expected.K,
        rtol=SINGLE,
        look="the indices: step t uses F[t], C[t] and V[t+1], and its answer is stored at t",
    )
    V = assert_shape("lqr.backward: V", V, (T + 1, n, n), "[T+1, n, n]")
    assert_close(
        "lqr.backward: V[:T]",
        V[:T],
        expected.V,
        rtol=SINGLE,
        look="what V[t] means: the value before the control of step t is chosen",
    )


@exercise("2.1", weight=2)
def test_backward_finds_the_affine_part_of_a_changing_problem(student, rng):
    """backward: every k[t] and v[t] is that of the optimal plan from t, with drift f and linear cost c."""
    T, n, m = TALL
    problem = draw(rng, T, n, m)
    expected = oracles.optimal(*problem)
    _, k, _, v = solve(student, *problem)
    assert_close(
        "lqr.backward: k",
        k,
        expected.k,
        rtol=SINGLE,
        look="what f, c and the later v add to q_t: they act through k even at x = 0",
    )
    v = assert_shape("lqr.backward: v", v, (T + 1, n), "[T+1, n]")
    assert_close(
        "lqr.backward: v[:T]",
        v[:T],
        expected.v,
        rtol=SINGLE,
        look="what v[t] means: the slope, at x = 0, of the cost to come",
    )


@exercise("2.1")
def test_backward_works_for_any_number_of_states_and_controls(student, rng):
    """backward: gains and values are right for fewer states than controls, one control, one state."""
    for T, n, m in SHAPES:
        problem = draw(rng, T, n, m)
        expected = oracles.optimal(*problem)
        K, k, V, v = solve(student, *problem)
        look = f"the sizes, here n = {n} and m = {m}: the blocks of Q are cut at n, and K, k are filled in every step"
        assert_close("lqr.backward: K", K, expected.K, rtol=SINGLE, look=look)
        assert_close("lqr.backward: k", k, expected.k, rtol=SINGLE, look=look)
        V, v = values(V, v, T, n)
        assert_close("lqr.backward: V[:T]", V[:T], expected.V, rtol=SINGLE, look=look)
        assert_close("lqr.backward: v[:T]", v[:T], expected.v, rtol=SINGLE, look=look)


@exercise("2.1")
def test_the_closed_loop_plays_the_cheapest_controls(student, rng):
    """backward: no other controls are cheaper than those that your gains choose along the way."""
    T, n, m = TALL
    problem = draw(rng, T, n, m)
    x0 = rng.normal(size=n)
    K, k, _, _ = solve(student, *problem)
    K, k = gain_numbers(K, k, T, n, m)
    _, u = oracles.closed_loop(x0, *problem[:2], K, k)
    H, g = oracles.coefficients(lambda u: oracles.total_cost(x0, u.reshape(T, m), *problem), T * m)
    best = -np.linalg.solve(H, g).reshape(T, m)
    assert_close(
        "lqr.backward: u in the closed loop of your gains",
        u,
        best,
        rtol=SINGLE,
        look="K and k along the way: the total cost falls when some of these controls are changed",
    )


@exercise("2.1")
def test_the_value_is_what_following_the_gains_costs(student, rng):
    """backward: V[0], v[0] say how the cost of following your gains depends on the first state."""
    T, n, m = FLAT
    problem = draw(rng, T, n, m)
    K, k, V, v = solve(student, *problem)
    K, k = gain_numbers(K, k, T, n, m)
    V, v = values(V, v, T, n)

    def paid(x0):
        return oracles.total_cost(x0, oracles.closed_loop(x0, *problem[:2], K, k)[1], *problem)

    expected_V, expected_v = oracles.coefficients(paid, n)
    look = "what V and v mean: the cost of a run with your K and k is another quadratic function of x_0"
    assert_close("lqr.backward: V[0]", V[0], expected_V, rtol=SINGLE, look=look)
    assert_close("lqr.backward: v[0]", v[0], expected_v, rtol=SINGLE, look=look)
