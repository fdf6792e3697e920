"""Hidden tests of exercise 2.7, collocation. With test_transcription.py, the weights add up to its points.

Sparse matrices stay with the student and are read by `dense`; arrays serve as well, but not where the number of entries
is asked for. What a solver finds is judged by this side's dynamics and costs, and any solver may find it.
"""

from __future__ import annotations

import numpy as np
import transcription_oracles as oracles
from transcription_benches import Bench, Pendulum, Smooth, dense, nonzeros

from course.systems import pendulum_a
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

SIZES = [(4, 2, 3), (5, 4, 2), (3, 3, 1), (1, 2, 2)]  # T, n, m
BEST = 59.117744  # J* of pendulum-A, agreed by iLQR, DDP, FDDP of crocoddyl and IPOPT


def record(reference, blocks):
    """Return what the student's functions are handed."""
    return reference.expansion.Expansion(*blocks)


@exercise("2.7")
def test_defects_are_what_a_trajectory_breaks_of_the_dynamics(student, rng):
    """defects: row t is x_{t+1} - step(x_t, u_t): zero on a roll-out, and with this sign elsewhere."""
    for T, n, m in [(5, 3, 2), (1, 2, 3)]:
        system = Smooth(rng, n, m)
        bench = Bench(system, None, T)
        u, x0, off = rng.normal(size=(T, m)), rng.normal(size=n), rng.normal(size=(T + 1, n))
        rolled = system.roll(x0, u[None])[0]
        look = "the times: defects_t has x_{t+1} and what u_t makes of x_t; the state that came minus the one due"
        for x in (rolled, rolled + off):
            with complaints_of(bench):
                got = student.transcription.defects(bench.step, np.array(x), np.array(u))
            got = assert_shape("transcription.defects", got, (T, n), "[T, n]")
            if x is rolled and not np.max(np.abs(got)) <= 1e-2:  # 1e-6 in single precision
                raise Mismatch(f"transcription.defects of a roll-out are not zero\n  look at: {look}")
            if x is not rolled:
                expected = np.array([x[t + 1] - system.step(x[t], u[t]) for t in range(T)])
                assert_close("transcription.defects", got, expected, rtol=SINGLE, look=look)


@exercise("2.7", weight=1.5)
def test_the_jacobian_of_the_defects_has_the_order_of_w(student, rng):
    """defect_jacobian: A is the derivative of the defects in the unknowns w = (u_0, x_1, u_1, …, u_{T-1}, x_T)."""
    for T, n, m in SIZES:
        E, nothing = oracles.blocks(rng, T, n, m), np.zeros((T, n))
        size = T * (n + m)

        def linear(w, E=E, nothing=nothing, n=n, m=m):
            return oracles.left_over(E, *oracles.split(w, n, m), nothing).reshape(len(w), -1)

        expected = linear(np.eye(size)).T
        A = student.transcription.defect_jacobian(np.array(E.F))
        A = dense("transcription.defect_jacobian", A, (T * n, size), "[T n, T d]")
        look = "row block t: minus A_t where x_t stands, minus B_t where u_t stands, the identity where x_{t+1} stands"
        assert_close("transcription.defect_jacobian", A, expected, rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_the_jacobian_of_the_defects_is_sparse(student, rng):
    """defect_jacobian: what is stored grows with T, not with T²: a long problem has few entries that are not zero."""
    T, n, m = 300, 3, 2
    F = rng.normal(size=(T, n, n + m))
    count = nonzeros(student.transcription.defect_jacobian(np.array(F)))
    if count is None:
        raise Mismatch("transcription.defect_jacobian: expected a matrix of scipy.sparse; it has an attribute nnz")
    most = 2 * T * n * (2 * n + m)
    if not T * n * (n + m) <= count <= most:
        raise Mismatch(
            f"transcription.defect_jacobian stores {count} entries for T = {T}, n = {n}, m = {m}; "
            f"it has T n (d + 1) = {T * n * (n + m + 1)} that are not zero\n"
            "  look at: the matrix's class: scipy.sparse, built from blocks or from rows, columns and values"
        )


@exercise("2.7", weight=0.5)
def test_the_curvature_of_the_dynamics_is_weighted_by_the_multipliers(student, rng):
    """constraint_curvature: the second derivatives of sum_t multipliers_t' (x_{t+1} - step(x_t, u_t)) in z_t."""
    for T, n, m in SIZES:
        system, multipliers = Smooth(rng, n, m), rng.normal(size=(T, n))
        z = rng.normal(size=(T, n + m))
        D = system.expansion(lambda *blocks: blocks[-1], np.vstack([z[:, :n], z[:1, :n]]), z[:, n:])

        def slope(z, s=system, multipliers=multipliers, n=n):
            return oracles.slopes(lambda z: -np.sum(multipliers * s.step(z[:, :n], z[:, n:]), axis=1), z)

        expected = np.stack([(slope(z + e) - slope(z - e)) / 2e-5 for e in 1e-5 * np.eye(n + m)], axis=-1)
        got = student.transcription.constraint_curvature(np.array(D), np.array(multipliers))
        assert_shape("transcription.constraint_curvature", got, (T, n + m, n + m), "[T, d, d]")
        look = "which axis of D is summed with the multipliers (the component i), and the sign of step in the defects"
        assert_close("transcription.constraint_curvature", got, expected, rtol=SINGLE, look=look)


@exercise("2.7")
def test_the_kkt_matrix_is_that_of_the_lagrangian(student, rng, reference):
    """kkt_matrix: the second derivatives of J + multipliers' defects, the unknowns first, then the multipliers."""
    for T, n, m in [(3, 2, 1), (2, 1, 3), (1, 3, 2)]:
        E = oracles.blocks(rng, T, n, m)
        expected, _ = oracles.lagrangian(E, np.zeros((T, n)))
        size = T * (2 * n + m)
        K = student.transcription.kkt_matrix(record(reference, E))
        K = dense("transcription.kkt_matrix", K, (size, size), "[T d + T n, T d + T n]")
        look = "[[H, A'], [A, 0]]: H without the rows and columns of x_0, E.C_final in its last corner"
        assert_close("transcription.kkt_matrix", K, expected, rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_collocation_is_well_conditioned(student, rng, reference):
    """kkt_matrix: for x' = a x + u its condition number is the handout's, and hardly grows with a."""
    name = "transcription.kkt_matrix: condition number for x' = a x + u"
    for a, T in [(rng.uniform(0.9, 1.25), int(rng.integers(20, 30))), (rng.uniform(0.8, 1.2), 12)]:
        E = oracles.scalar(a, T)
        expected, _ = oracles.lagrangian(E, np.zeros((T, 1)))
        K = student.transcription.kkt_matrix(record(reference, E))
        K = dense("transcription.kkt_matrix", K, (3 * T, 3 * T), "[T d + T n, T d + T n]")
        look = "the blocks: a matrix that multiplies along time is ill-conditioned, and this one does not"
        assert_close(name, np.array(oracles.spread(K)), np.array(oracles.spread(expected)), rtol=0.01, look=look)


@exercise("2.7")
def test_one_newton_step_solves_a_linear_quadratic_problem(student, rng, reference):
    """newton_step: it closes all gaps at the least cost, the same that shooting finds, from any trajectory."""
    for T, n, m in SIZES:
        E, gaps = oracles.blocks(rng, T, n, m), rng.normal(size=(T, n))
        dx, du, _ = oracles.best_step(E, gaps)
        answer = student.transcription.newton_step(record(reference, E), np.array(gaps))
        x, u, _ = fields(answer, "x u multipliers", who="transcription.newton_step")
        assert_shape("transcription.newton_step: x", x, (T + 1, n), "[T+1, n]")
        assert_shape("transcription.newton_step: u", u, (T, m), "[T, m]")
        look = "the right-hand side: minus the gradient of J in the order of w, then minus the gaps"
        assert_close("transcription.newton_step: u", u, du, rtol=SINGLE, look=look)
        assert_close("transcription.newton_step: x", x, dx, rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_multipliers_are_the_prices_of_the_gaps(student, rng, reference):
    """newton_step: multiplier [t, i] is what the least cost rises by if gap i of time t opens by one more."""
    for T, n, m in [(3, 2, 1), (2, 1, 2)]:
        E, gaps = oracles.blocks(rng, T, n, m), rng.normal(size=(T, n))
        expected = oracles.prices(E, gaps)
        answer = student.transcription.newton_step(record(reference, E), np.array(gaps))
        _, _, multipliers = fields(answer, "x u multipliers", who="transcription.newton_step")
        assert_shape("transcription.newton_step: multipliers", multipliers, (T, n), "[T, n]")
        look = "the last T n numbers of the solution, one row a time, without another sign"
        assert_close("transcription.newton_step: multipliers", multipliers, expected, rtol=SINGLE, look=look)


def solve(student, reference, problem, x0, x, u):
    """Let the student's collocation solve a problem from a guess. Returns x, u and the bench that was asked."""
    bench = Bench(problem, reference.expansion.Expansion, len(u))
    x, u = np.array(x), np.array(u)
    with complaints_of(bench):
        answer = student.transcription.collocation(
            np.array(x0), x, u, bench.step, bench.stage, bench.final, bench.expand
        )
    T, n, m = len(u), problem.n, problem.m
    got_x, got_u = fields(answer, "x u", who="transcription.collocation")
    got_x = assert_shape("transcription.collocation: x", got_x, (T + 1, n), "[T+1, n]")
    got_u = assert_shape("transcription.collocation: u", got_u, (T, m), "[T, m]")
    if not np.max(np.abs(got_x[0] - x0)) <= 1e-6:
        raise Mismatch("transcription.collocation: x[0] is not x0\n  look at: the first state: it is given, not free")
    gap = np.max(np.abs(got_x[1:] - problem.step(got_x[:-1], got_u)))
    if not gap <= 1e-6:
        raise Mismatch(
            f"transcription.collocation: the largest defect is {gap:.1g}, expected 1e-6 or less\n"
            "  look at: the constraint: all T n defects, equal to zero; the solver's tolerances"
        )
    return got_x, got_u, bench


def total(problem, x, u):
    """Return J of a trajectory."""
    return float(np.sum(problem.stage(x[:-1], u)) + problem.final(x[-1]))


def between(bench, x0, x):
    """Refuse a loop that asked expand at the guess and then at roll-outs only: shooting, or no search at all."""
    move = bench.problem.step
    gaps = [float(np.max(np.abs(at[1:] - move(at[:-1], u)))) for at, u in bench.asked]
    other = [np.max(np.abs(at[1:] - x[1:])) > 1e-3 for at, _ in bench.asked]
    if not any(gap > 1e-5 and moved for gap, moved in zip(gaps, other, strict=True)):
        raise Mismatch(
            "transcription.collocation: on its way expand was asked at roll-outs only, which is shooting\n"
            "  look at: the unknowns: states AND controls, with the dynamics as a constraint that holds in the end"
        )


def starts_at(bench, x, u):
    """Refuse a loop that never looked at its guess: collocation begins at a trajectory that breaks the dynamics."""
    for asked_x, asked_u in bench.asked[:5]:
        if np.allclose(asked_x[1:], x[1:], atol=1e-5) and np.allclose(asked_u, u, atol=1e-5):
            return
    raise Mismatch(
        "transcription.collocation does not begin at the guess: expand was not asked there at first\n"
        "  look at: what minimize gets as its start: states and controls of the guess, in the order of w"
    )


@exercise("2.7")
def test_collocation_finds_a_minimum_of_a_nonlinear_problem(student, rng, reference):
    """collocation: on a random problem defects vanish, and no change of the controls is cheaper to first order."""
    for T, n, m in [(6, 3, 2), (5, 2, 3)]:
        system, x0 = Smooth(rng, n, m), rng.normal(size=n)
        x, u = rng.normal(size=(T + 1, n)), rng.normal(size=(T, m))
        got_x, got_u, bench = solve(student, reference, system, x0, x, u)
        starts_at(bench, x, u)
        between(bench, x0, x)

        def cost(w, s=system, x0=x0, T=T, m=m):
            return s.total(x0, w.reshape(-1, T, m))

        slope = oracles.slopes(cost, got_u.reshape(1, -1))[0]
        before = oracles.slopes(cost, u.reshape(1, -1))[0]
        if not np.max(np.abs(slope)) <= 1e-3 * np.max(np.abs(before)):
            raise Mismatch(
                "transcription.collocation: the controls found are no minimum, J still has a slope there\n"
                "  look at: cost and gradient, of all T stages and of the final state, in the order of w"
            )


@exercise("2.7", weight=1.5)
def test_collocation_swings_the_pendulum_up_from_a_straight_line(student, reference):
    """collocation: the pendulum's least cost is reached from a straight line that breaks the dynamics everywhere."""
    task = pendulum_a()
    line = np.linspace(task.x0, task.goal, task.T + 1)
    guess = np.zeros((task.T, task.m))
    x, u, bench = solve(student, reference, Pendulum(task), task.x0, line, guess)
    starts_at(bench, line, guess)
    between(bench, task.x0, line)
    J = task.cost(x, u)
    if not abs(J / BEST - 1) <= 1e-4:
        raise Mismatch(
            f"transcription.collocation: J = {J:.4f} for the pendulum, which is not its least cost\n"
            "  look at: J (all T stages and the final cost), its derivatives, and where the solver stopped and why"
        )
