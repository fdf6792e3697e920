"""Hidden tests of exercise 2.6: `curvature` and `backward`. The weights of this file and of test_ddp_method.py and
test_ddp_newton.py add up to the exercise's points.

Dynamics and costs are random and nonlinear, have cross terms and n != m, and their derivatives are torch's. What is
expected comes from `ddp_oracles`, which differentiates whole costs and never contracts a second derivative. Problems
are drawn again until every Q_uu lies between 0.5 and 100: there single precision leaves errors near 1e-6.
"""

from __future__ import annotations

import ddp_oracles as oracles
import numpy as np
from ddp_checks import NAMES, ask, both_ways, compare, compare_either, unpack

from course.testing import SINGLE, Mismatch, assert_close, exercise

# ---------------------------------------------------------------- curvature


@exercise("2.6", weight=1.5)
def test_curvature_is_the_hessian_of_slope_times_step(student, rng, once):
    """curvature: the Hessian of v' step(z), all of it: in x, in u, and in x and u together."""

    def prepare():
        rows = []
        for n, m in [(3, 2), (2, 3), (4, 1), (1, 2)]:
            problem, z, v = oracles.draw(rng, n, m), oracles.tensor(rng.normal(size=n + m)), rng.normal(size=n)

            def step(z, problem=problem, n=n):
                return problem.step(z[:n], z[n:])

            def sloped(z, step=step, v=v):
                return oracles.tensor(v) @ step(z)

            rows.append((oracles.hessian(step)(z).numpy(), v, oracles.hessian(sloped)(z).numpy()))
        return rows

    look = "which axis of D_t is summed: the first one, i, as D_t[i] is the Hessian of component i"
    for D_t, v, expected in once(prepare):
        answer = student.ddp.curvature(np.array(D_t), np.array(v))
        assert_close("ddp.curvature", answer, expected, rtol=SINGLE, look=look)


# ---------------------------------------------------------------- backward, without mu


@exercise("2.6", weight=1)
def test_a_single_step_is_newtons(student, rng, reference, once):
    """backward: with T = 1, K and k lead to the minimum of the cost's exact quadratic, and V, v are its value."""

    def prepare():
        case = oracles.case(rng, 1, 3, 2)
        return case, oracles.recursion(case.problem, case.x, case.u)

    case, expected = once(prepare)
    compare(unpack(ask(student, reference, case.parts), *case.sizes), expected, "K k V v")


@exercise("2.6", weight=1.5)
def test_every_gain_minimises_the_cost_to_come_to_second_order(student, rng, reference, once):
    """backward: K[t] and k[t] of every step minimise stage plus value of the real next state, to second order."""

    def prepare():
        case = oracles.case(rng, 6, 3, 2)
        return case, oracles.recursion(case.problem, case.x, case.u)

    case, expected = once(prepare)
    look = "the second-order term in Q_t: its slope is v of the state that step t leads to, and it has no factor"
    compare(unpack(ask(student, reference, case.parts), *case.sizes), expected, "K k", look=look)


@exercise("2.6", weight=1)
def test_the_value_is_the_cost_of_following_the_feedback(student, rng, reference, once):
    """backward: v[0], V[0] are first and second derivative, in x_0, of what the feedback pays in the real system."""

    def prepare():
        case = oracles.case(rng, 5, 3, 2)
        ours = oracles.recursion(case.problem, case.x, case.u)
        run = oracles.closed_loop_cost(case.problem, case.x, case.u, ours.K, ours.k)
        start = oracles.tensor(case.x[0])

        def paid(x0):
            return run(x0, 0.0)

        return case, ours, oracles.hessian(paid)(start).numpy(), oracles.grad(paid)(start).numpy()

    case, ours, V, v = once(prepare)
    got = unpack(ask(student, reference, case.parts), *case.sizes)
    look = "the value function: it starts from the final cost, and takes the bend of the dynamics along"
    assert_close("ddp.backward: V[0]", got["V"][0], V, rtol=SINGLE, look=look)
    assert_close("ddp.backward: v[0]", got["v"][0], v, rtol=SINGLE, look=look)
    compare(got, ours, "V v", look=look)


@exercise("2.6", weight=1)
def test_the_expected_change_is_exact_to_second_order(student, rng, reference, once):
    """backward: without mu, linear and quadratic are first and second derivative of J in the step length alpha."""

    def prepare():
        case = oracles.case(rng, 5, 2, 2)
        ours = oracles.recursion(case.problem, case.x, case.u)
        run = oracles.closed_loop_cost(case.problem, case.x, case.u, ours.K, ours.k)
        start = oracles.tensor(case.x[0])

        def paid(alpha):
            return run(start, alpha)

        zero = oracles.tensor(0.0)
        return case, float(oracles.grad(paid)(zero)), float(oracles.hessian(paid)(zero))

    case, linear, quadratic = once(prepare)
    got = unpack(ask(student, reference, case.parts), *case.sizes)
    look = "the sums of k'q_u and of k'Q_uu k over all steps, without a 1/2 and without mu"
    assert_close("ddp.backward: linear", got["linear"], linear, rtol=SINGLE, look=look)
    assert_close("ddp.backward: quadratic", got["quadratic"], quadratic, rtol=SINGLE, look=look)


@exercise("2.6", weight=0.5)
def test_backward_is_ilqrs_where_the_dynamics_do_not_bend(student, rng, reference, once):
    """backward: for affine dynamics D is zero, and gains and values are those of LQR."""

    def prepare():
        case = oracles.case(rng, 4, 2, 3, affine=True)
        return case, oracles.recursion(case.problem, case.x, case.u)

    case, expected = once(prepare)
    compare(unpack(ask(student, reference, case.parts), *case.sizes), expected, NAMES)


@exercise("2.6", weight=0.5)
def test_backward_works_for_any_number_of_states_and_controls(student, rng, reference, once):
    """backward: gains and values are right for fewer states than controls, one control, one state."""

    def prepare():
        cases = [oracles.case(rng, T, n, m) for T, n, m in [(3, 2, 3), (3, 3, 1), (2, 1, 2)]]
        return [(case, oracles.recursion(case.problem, case.x, case.u)) for case in cases]

    for case, expected in once(prepare):
        T, n, m = case.sizes
        got = unpack(ask(student, reference, case.parts), T, n, m)
        compare(got, expected, "K k V v", look=f"the sizes, here n = {n} and m = {m}: the blocks of Q are cut at n")


# ---------------------------------------------------------------- backward, with mu


@exercise("2.6", weight=1)
def test_mu_holds_the_gains_back_and_leaves_the_values_true(student, rng, reference, once):
    """backward: at mu > 0, K and k come from Q_uu + mu I, or from V + mu I in Q_uu and Q_ux; the rest is without mu."""

    def prepare():
        case = oracles.case(rng, 5, 3, 2)
        return case, [(mu, both_ways(case, mu)) for mu in (1.0, 6.0)]

    case, expected = once(prepare)
    for mu, either in expected:
        compare_either(unpack(ask(student, reference, case.parts, mu), *case.sizes), either, NAMES)


TOO_BENT = {
    "one eigenvalue below zero, no diagonal entry": [[1.0, 2.0], [2.0, 1.0]],
    "both eigenvalues below zero": [[-1.0, 0.2], [0.2, -2.0]],
    "one eigenvalue just below zero": [[2.0, 0.0], [0.0, -0.02]],
}
FINE = [[2.0, 0.6], [0.6, 0.5]]  # eigenvalues 0.3 and 2.2


def with_curvature(case, expected, t, wanted):
    """Give the stage cost of step t another curvature in u, so that Q_uu there becomes `wanted`."""
    T, n, m = case.sizes
    extra = np.zeros((T, m, m))
    extra[t] = np.array(wanted) - oracles.action_curvature(case, expected, t)
    F, C, *rest = case.parts
    C = np.array(C)
    C[:, n:, n:] += extra
    return (F, C, *rest), extra


@exercise("2.6", weight=1)
def test_backward_gives_none_where_no_minimum_exists(student, rng, reference, once):
    """backward: None if Q_uu + mu I of any step has an eigenvalue below zero, gains if all are above."""

    def prepare():
        case = oracles.case(rng, 4, 3, 2)
        expected = oracles.recursion(case.problem, case.x, case.u)
        bent = [
            (kind, t, with_curvature(case, expected, t, Q_uu)[0]) for kind, Q_uu in TOO_BENT.items() for t in (3, 1, 0)
        ]
        return case, bent, with_curvature(case, expected, 0, FINE)[0]

    case, bent, fine = once(prepare)
    for kind, t, parts in bent:
        if any(ask(student, reference, parts, mu) is not None for mu in (0.0, 1e-4)):
            raise Mismatch(
                f"ddp.backward returned something at mu = 0 where Q_uu of step t = {t} has {kind}; expected None"
                "\n  look at: the test for positive definite, in every step: no step down is a minimum there"
            )
    unpack(ask(student, reference, fine), *case.sizes)  # numbers are judged elsewhere: here they nearly cancel


@exercise("2.6", weight=1)
def test_a_large_mu_always_gives_gains(student, rng, reference, once):
    """backward: where Q_uu is not positive definite, a mu that is large enough gives gains after all."""

    def prepare():
        case = oracles.case(rng, 4, 3, 2)
        expected = oracles.recursion(case.problem, case.x, case.u)
        rows = []
        for Q_uu in TOO_BENT.values():
            parts, extra = with_curvature(case, expected, 2, Q_uu)
            mu = large_enough(case, extra)
            rows.append((parts, mu, both_ways(case, mu, extra)))
        return case, rows

    case, rows = once(prepare)
    for parts, mu, either in rows:
        compare_either(unpack(ask(student, reference, parts, mu), *case.sizes), either, "K k V v")


def large_enough(case, extra):
    """Find a power of ten that makes the regularised Q_uu of every step positive definite, both ways."""
    problem, n = case.problem, case.problem.n
    for mu in 10.0 ** np.arange(1, 9):
        least = []
        for on_value, values in enumerate(both_ways(case, mu, extra)):
            for t in range(len(case.u)):
                V, held = (values.V[t + 1] + mu * np.eye(n), 0.0) if on_value else (values.V[t + 1], mu)
                Q, _ = oracles.action_value(problem, case.x[t], case.u[t], case.x[t + 1], V, values.v[t + 1])
                least.append(np.min(np.linalg.eigvalsh(Q[n:, n:] + extra[t])) + held)
        if min(least) > 0.5:
            return float(mu)
    raise RuntimeError("no mu up to 1e8 makes Q_uu positive definite: draw another problem")
