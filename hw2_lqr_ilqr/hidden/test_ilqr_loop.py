"""Hidden tests of exercise 2.5, fourth part: the loop, and what it asks of the callbacks it is given."""

from __future__ import annotations

import ilqr_oracles as oracles
import numpy as np
import scipy.linalg
from ilqr_bench import Bench, Problem, judge_costs, problem_of, solve, wavy

from course.systems import pendulum_a, pendulum_b
from course.testing import SINGLE, Mismatch, assert_close, exercise

WHO = "ilqr.ilqr"


def linear_quadratic(rng, T, n, m) -> Problem:
    """Draw a problem whose expansion is exact: constant dynamics, a cost that changes with time and has cross terms."""
    F, (_, C, c, C_final, c_final) = oracles.draw(rng, 1, n, m)[0][0], oracles.draw(rng, T, n, m)

    def cost(x, u):
        z = np.concatenate([x[:-1], u], axis=1)
        stages = 0.5 * np.einsum("ti,tij,tj", z, C, z) + np.sum(z * c)
        return float(stages + 0.5 * x[-1] @ C_final @ x[-1] + x[-1] @ c_final)

    def derive(x, u):
        z = np.concatenate([x[:-1], u], axis=1)
        slope = np.einsum("tij,tj->ti", C, z) + c
        return np.tile(F, (T, 1, 1)), C, slope, C_final, C_final @ x[-1] + c_final

    return Problem(n, m, T, rng.normal(size=n), lambda x, u: x @ F[:, :n].T + u @ F[:, n:].T, cost, derive)


def least(problem) -> float:
    """Minimise the cost of a linear-quadratic problem: its gradient in u is affine, so differences of it are exact."""
    size = problem.T * problem.m
    unit = np.eye(size)

    def gradient(v):
        u = v.reshape(problem.T, problem.m)
        return slope(problem, u).ravel()

    g = gradient(np.zeros(size))
    H = np.array([gradient(e) - g for e in unit])
    return problem.J(-scipy.linalg.solve(H, g).reshape(problem.T, problem.m))


def slope(problem, u):
    """Return dJ/du: [T, m], by sums over the derivatives of each state with respect to each control."""
    x, n = problem.rollout(u), problem.n
    F, _, c, _, c_final = problem.derive(x, u)
    g, moved = c[:, n:].copy(), np.zeros((n, 0))
    for t in range(problem.T):
        g[:t] += (c[t, :n] @ moved).reshape(t, problem.m)
        moved = np.concatenate([F[t][:, :n] @ moved, F[t][:, n:]], axis=1)
    return g + (c_final @ moved).reshape(problem.T, problem.m)


@exercise("2.5", weight=1.5)
def test_a_linear_quadratic_problem_takes_one_iteration(student, rng, reference):
    """ilqr: where the expansion is exact, the first accepted step leads to the least cost, from any controls."""
    for T, n, m in [(6, 3, 2), (5, 2, 3)]:
        problem = linear_quadratic(rng, T, n, m)
        bench, u = Bench(problem, reference), rng.normal(size=(T, m))
        answer = solve(student, bench, u)
        start, best = problem.J(u), least(problem)
        if not answer.J - best <= SINGLE * (start - best):
            raise Mismatch(f"{WHO} does not reach the least cost of a linear-quadratic problem")
        if not answer.converged:
            raise Mismatch(f"{WHO}: converged is False at the minimum of a linear-quadratic problem")
        if len(answer.costs) > 4 or not answer.costs[1] - best <= 10 * SINGLE * (start - best):
            raise Mismatch(
                f"{WHO} takes {len(answer.costs) - 1} iterations to solve a linear-quadratic problem, expected one\n"
                "  look at: mu, which starts at 0; alpha, which starts at 1; and when the loop stops"
            )
        judge_costs(bench, u, answer)


@exercise("2.5", weight=1.5)
def test_J_never_rises(student, rng, reference, once):
    """ilqr: J of the trajectories that are expanded never rises, each is expanded once, and costs are their J."""
    for problem, u in once(lambda: [hard(rng, reference) for _ in range(1)]):
        bench = Bench(problem, reference)
        answer = solve(student, bench, u, backward=bench.backward, iterations=8)
        judge_costs(bench, u, answer)
        if not answer.J < 0.95 * problem.J(u):
            raise Mismatch(f"{WHO} does not lower J by a twentieth in 8 iterations, expected a good deal more")


def hard(rng, reference):
    """Draw a problem and controls where the full step raises J at once, and on the way of a search many times."""
    for _ in range(500):
        problem = wavy(rng, T=10)
        u = rng.normal(size=(problem.T, problem.m))
        x = problem.rollout(u)
        gains = reference.ilqr.backward(reference.expansion.Expansion(*problem.derive(x, u)), 0.0)
        full = reference.ilqr.forward(x[0], x, u, gains.K, gains.k, 1.0, problem.move)
        if not problem.cost(*full) > 1.1 * problem.cost(x, u):
            continue
        bench = Bench(problem, reference)
        if problem.J(
            reference.ilqr.ilqr(x[0], u, bench.step, bench.cost, bench.expand, iterations=12).u
        ) < 0.6 * problem.cost(x, u):
            return problem, u
    raise RuntimeError("no hard problem found: the test is at fault")


@exercise("2.5", weight=1)
def test_the_loop_stops_when_it_has_converged(student, rng, reference):
    """ilqr: it stops long before the limit of iterations, with converged = True; at the limit converged is False."""
    problem = problem_of(pendulum_a())
    bench = Bench(problem, reference)
    answer = solve(student, bench, np.zeros((problem.T, 1)), backward=bench.backward)
    if not answer.converged:
        raise Mismatch(
            f"{WHO}: converged is False after {len(answer.costs) - 1} iterations at the minimum, expected True"
        )
    if not bench.mus:
        raise Mismatch(f"{WHO} was given a function as backward=, and never called it")
    if max(bench.mus) > 0.5:
        raise Mismatch(f"{WHO} raised mu on pendulum-A, where every pass succeeds, expected mu to stay (nearly) 0")
    if len(bench.mus) > 60 or len(answer.costs) > 30:
        raise Mismatch(f"{WHO} made {len(bench.mus)} backward passes where 5 are enough\n  look at: when it stops")
    bench = Bench(problem_of(pendulum_b()), reference)
    answer = solve(student, bench, np.zeros((100, 1)), tolerance=1e-2, backward=bench.backward)
    if not answer.converged or len(answer.costs) > 30:
        raise Mismatch(
            f"{WHO} with tolerance = 0.01: {len(answer.costs) - 1} iterations and converged = {answer.converged}, "
            "expected True after about 20\n  look at: the argument tolerance, which says how little is too little"
        )
    for limit in (1, 3):
        bench, u = Bench(problem_of(pendulum_b()), reference), np.zeros((100, 1))
        answer = solve(student, bench, u, backward=bench.backward, iterations=limit)
        if answer.converged or len(answer.costs) > limit + 1 or len(bench.nominals) > limit + 1:
            raise Mismatch(
                f"{WHO} with iterations = {limit}: got {len(answer.costs) - 1} iterations and converged = "
                f"{answer.converged}, expected at most {limit} and False: pendulum-B takes about 50"
            )
        if not answer.J < problem_of(pendulum_b()).J(u):
            raise Mismatch(f"{WHO} with iterations = {limit} returns controls that are no better than the first")


@exercise("2.5", weight=0.5)
def test_a_small_promise_under_much_mu_is_no_convergence(student, rng, reference):
    """ilqr: where only a large mu gives gains, and they promise next to nothing for it, converged is False."""
    problem = problem_of(pendulum_a(2))._replace(x0=rng.uniform([1.0, -1.0], [2.5, 1.0]))
    bench, u = Bench(problem, reference), rng.normal(size=(2, 1))

    def cramped(E=None, mu=None):
        gains = bench.backward(E, mu)
        if gains is None or bench.mus[-1] < 1e-2:
            return None
        s = 1e-13  # of the step: all that such a mu leaves
        return gains._replace(k=s * gains.k, linear=s * gains.linear, quadratic=s**2 * gains.quadratic)

    answer = solve(student, bench, u, backward=cramped, iterations=8)
    if not len(bench.mus):
        raise Mismatch(f"{WHO} was given a function as backward=, and never called it")
    if answer.converged:
        raise Mismatch(
            f"{WHO}: converged is True far from a minimum, where mu is large and promises are small for that reason\n"
            "  look at: when the loop says so; only with mu = 0 does a small promise mean that nothing is left to gain"
        )


@exercise("2.5", weight=0.5)
def test_the_loop_gives_up_where_no_mu_helps(student, rng, reference):
    """ilqr: where the backward pass always answers None, it gives up: the first trajectory, converged = False."""
    problem = problem_of(pendulum_a(3))
    bench, u = Bench(problem, reference), rng.normal(size=(3, 1))

    def never(E=None, mu=None):
        bench.backward(E, mu)
        return None

    answer = solve(student, bench, u, backward=never)
    judge_costs(bench, u, answer)
    if answer.converged or not bench.mus:
        raise Mismatch(
            f"{WHO}: the backward pass said None {len(bench.mus)} times, and converged is {answer.converged}; expected "
            "False, after some 20 times\n  look at: what follows when mu is beyond 1e10"
        )


@exercise("2.5", weight=0.5)
def test_an_optimal_start_stays(student, rng, reference, once):
    """ilqr: from controls that are the best already it stops at once, with the same trajectory and converged = True."""
    problem = problem_of(pendulum_a(40))._replace(x0=rng.uniform([2.0, -1.0], [3.0, 1.0]))

    def best():
        expand = lambda x, u: reference.expansion.Expansion(*problem.derive(x, u))  # noqa: E731
        return reference.ilqr.ilqr(problem.x0, np.zeros((40, 1)), problem.move, problem.cost, expand, tolerance=1e-13).u

    u, bench = once(best), Bench(problem, reference)
    answer = solve(student, bench, u)
    look = "a step that promises next to nothing is not needed: the loop is done"
    assert_close(f"{WHO} from the best controls: u", answer.u, u, rtol=10 * SINGLE, look=look)
    if not answer.converged or len(answer.costs) > 3:
        raise Mismatch(
            f"{WHO} from the best controls: {len(answer.costs) - 1} iterations and converged = {answer.converged}, "
            f"expected 0 and True\n  look at: {look}"
        )


@exercise("2.5", weight=1)
def test_the_backward_pass_is_the_one_it_is_given(student, rng, reference):
    """ilqr: backward= replaces the backward pass in every iteration, and K, k of the answer are its last ones."""
    problem = problem_of(pendulum_a(30))._replace(x0=rng.uniform([1.0, -1.0], [2.5, 1.0]))
    bench, u = Bench(problem, reference), rng.normal(size=(30, 1))

    def shorter(E=None, mu=None):
        gains = bench.backward(E, mu)
        if gains is None:
            return None
        s = 0.5  # half of the best step: the expected change is that of du = K dx + k with half of k
        bench.last = gains._replace(k=s * gains.k, linear=s * gains.linear, quadratic=s**2 * gains.quadratic)
        return bench.last

    answer = solve(student, bench, u, backward=shorter, iterations=4)
    if len(bench.mus) < 1:
        raise Mismatch(f"{WHO} was given a function as backward=, and never called it")
    if not 2 <= len(bench.nominals) <= 5:
        raise Mismatch(f"{WHO} with a backward pass of the test's own and iterations = 4: it did not make 4 iterations")
    look = "the argument `backward`: all gains come from it, and the last ones are returned"
    assert_close(f"{WHO} with another backward pass: K", answer.K, bench.last.K, rtol=SINGLE, look=look)
    assert_close(f"{WHO} with another backward pass: k", answer.k, bench.last.k, rtol=SINGLE, look=look)
    judge_costs(bench, u, answer)


def hill(rng, T=40) -> Problem:
    """Draw a swing-up whose cost bends downwards where the pendulum hangs: 1 - cos(theta) in place of theta^2 / 2."""

    def move(x, u):
        theta, speed = x[..., 0], x[..., 1]
        return np.stack([theta + 0.05 * speed, speed + 0.05 * (9.81 * np.sin(theta) + u[..., 0])], axis=-1)

    def cost(x, u):
        stages = np.sum(2 * (1 - np.cos(x[:-1, 0])) + 0.05 * x[:-1, 1] ** 2) + 0.01 * np.sum(u**2)
        return float(stages + 20 * (1 - np.cos(x[-1, 0])) + x[-1, 1] ** 2)

    def derive(x, u):
        C = np.zeros((T, 3, 3))
        C[:, 0, 0], C[:, 1, 1], C[:, 2, 2] = 2 * np.cos(x[:-1, 0]), 0.1, 0.02
        c = np.stack([2 * np.sin(x[:-1, 0]), 0.1 * x[:-1, 1], 0.02 * u[:, 0]], axis=1)
        C_final, c_final = np.diag([20 * np.cos(x[-1, 0]), 2.0]), np.array([20 * np.sin(x[-1, 0]), 2 * x[-1, 1]])
        return oracles.differences(move, np.concatenate([x[:-1], u], axis=1), 2), C, c, C_final, c_final

    return Problem(2, 1, T, rng.uniform([1.8, 0.0], [2.5, 1.0]), move, cost, derive)


@exercise("2.5", weight=1)
def test_mu_answers_failures_and_successes(student, rng, reference):
    """ilqr: a backward pass that says None is asked again with more mu, and after accepted steps with less."""
    for needed, uphill in ((1e-8, False), (1e-2, False), (30.0, False), (1e-2, True)):
        problem = hill(rng, T=6)._replace(x0=rng.uniform([0.3, -1.0], [1.0, 1.0]))
        bench, u = Bench(problem, reference), np.zeros((6, 1))

        def stubborn(E=None, mu=None, bench=bench, needed=needed, uphill=uphill):
            gains = bench.backward(E, mu)
            if gains is None or len(bench.nominals) >= 2 or bench.mus[-1] >= needed:
                return gains
            return gains._replace(k=-gains.k) if uphill else None  # uphill: no line search finds a step

        answer = solve(student, bench, u, backward=stubborn)
        judge_costs(bench, u, answer)
        if len(answer.costs) < 2:
            raise Mismatch(
                f"{WHO} found no step: a backward pass that needs mu = {needed:g} was not asked with so much"
            )
        if not bench.lowered():
            raise Mismatch(f"{WHO}: mu was raised and never lowered, expected less of it after accepted steps")
        if not np.linalg.norm(slope(problem, answer.u)) <= 1e-3 * np.linalg.norm(slope(problem, u)):
            raise Mismatch(f"{WHO} stopped where J still has a slope\n  look at: when it stops, and how mu shrinks")
        if not answer.converged:
            look = "what follows a small promise with mu > 0"
            raise Mismatch(f"{WHO}: converged is False at a minimum\n  look at: {look}")


@exercise("2.5", weight=1.5)
def test_mu_grows_where_there_is_no_minimum(student, rng, reference):
    """ilqr: where the backward pass answers None, mu is raised until it does not, and lowered again later."""
    problem = hill(rng)
    bench, u = Bench(problem, reference), np.zeros((problem.T, 1))
    answer = solve(student, bench, u, backward=bench.backward)
    judge_costs(bench, u, answer)
    if bench.refused == len(bench.mus):
        raise Mismatch(f"{WHO}: mu was never large enough for a backward pass\n  look at: what follows a None")
    if not bench.lowered():
        raise Mismatch(f"{WHO}: mu was raised and never lowered, expected less of it after steps that were accepted")
    if not np.linalg.norm(slope(problem, answer.u)) <= 0.03 * np.linalg.norm(slope(problem, u)):
        raise Mismatch(
            f"{WHO} did not come to an end on a problem whose Q_uu is not positive definite on the way\n"
            "  look at: mu grows after a None and after a line search that found nothing, and shrinks after a step"
        )
