"""Hidden tests of value_iteration, model_error and simulation_bound, exercise 3.2: exact, on drawn problems."""

from __future__ import annotations

import numpy as np
import planning_oracles as oracles
from scipy.spatial.distance import cityblock

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

ITERATION, ERROR, BOUND = (f"sample_planning.{name}" for name in ("value_iteration", "model_error", "simulation_bound"))


def table(reference, problem):
    """Return a problem as a fresh table."""
    return oracles.Problem(*(np.array(part) for part in problem))


def iterate(student, reference, problem, gamma, tolerance):
    """Call the student's value iteration. Returns Q, checked for shape."""
    Q = student.sample_planning.value_iteration(table(reference, problem), float(gamma), float(tolerance))
    return assert_shape(f"{ITERATION}: Q", Q, problem.R.shape, "[S, A]")


@exercise("3.2", weight=1.25)
def test_value_iteration_finds_what_the_best_policy_earns(student, reference, rng):
    """value_iteration: Q[s, a] is the reward of a in s, and what the best of all policies earns from there on."""
    for S, A, gamma in [(4, 3, 0.9), (3, 4, 0.6), (5, 2, 0.0)]:
        problem = oracles.draw(rng, S, A)
        Q = iterate(student, reference, problem, gamma, 1e-4)
        expected, _ = oracles.optimal_values(problem.P, problem.R, gamma)
        look = "R + gamma P max_a Q: the largest entry of the row of each next state, and rows of P as they are"
        assert_close(f"{ITERATION}: Q for gamma = {gamma}", Q, expected, rtol=SINGLE, look=look)


@exercise("3.2", weight=0.75)
def test_value_iteration_keeps_its_tolerance(student, reference, rng):
    """value_iteration: no entry of Q is further than `tolerance` from the solution, whatever the last change was."""
    for gamma, tolerance in [(0.9, 0.5), (0.97, 0.05), (0.5, 0.3), (0.998, 0.5)]:
        problem = oracles.draw(rng, 4, 2, ends=0.0, scale=1.0, shift=rng.choice([-5.0, 5.0]))
        Q = iterate(student, reference, problem, gamma, tolerance)
        error = np.max(np.abs(Q - oracles.optimal_values(problem.P, problem.R, gamma)[0]))
        if not error <= tolerance * (1 + 1e-3):
            raise Mismatch(
                f"{ITERATION}: with gamma = {gamma}, Q is {error:.3g} from the solution, expected {tolerance} at most\n"
                "  look at: when it stops: the sweeps still to come would add change * (gamma + gamma^2 + …)"
            )


@exercise("3.2", weight=0.75)
def test_the_error_of_a_model_is_that_of_its_worst_pair(student, reference, rng):
    """model_error: eps_P sums |differences| over the next states, eps_R is a |difference|; each of the worst pair."""
    for S, A in [(5, 3), (3, 4)]:
        model, truth = oracles.draw(rng, S, A), oracles.draw(rng, S, A)
        answer = student.sample_planning.model_error(table(reference, model), truth.P.copy(), truth.R.copy())
        eps_P, eps_R = fields(answer, "eps_P eps_R", who=ERROR)
        expected = max(cityblock(model.P[s, a], truth.P[s, a]) for s in range(S) for a in range(A))
        look = "the sum over s' of |P_model - P| for each pair, then the largest of these sums"
        assert_close(f"{ERROR}: eps_P", eps_P, expected, rtol=SINGLE, look=look)
        expected = max(abs(x - y) for x, y in zip(model.R.ravel(), truth.R.ravel(), strict=True))
        assert_close(f"{ERROR}: eps_R", eps_R, expected, rtol=SINGLE, look="the largest |R_model - R| of all pairs")


def bound(student, eps_P, eps_R, gamma, R_max):
    """Call the student's bound. Returns a number."""
    got = student.sample_planning.simulation_bound(float(eps_P), float(eps_R), float(gamma), float(R_max))
    return float(assert_shape(BOUND, got, ()))


@exercise("3.2", weight=0.25)
def test_no_model_is_further_off_than_the_bound(student, rng):
    """simulation_bound: no policy's value in the model differs from its value in truth by more than the bound."""
    for size in (1.0, 0.1, 0.001):
        S, A, gamma = 4, 3, rng.uniform(0.5, 0.98)
        truth, other = oracles.draw(rng, S, A), oracles.draw(rng, S, A)
        P, R = (1 - size) * truth.P + size * other.P, (1 - size) * truth.R + size * other.R
        policies = rng.dirichlet(np.full(A, 0.3), size=(50, S))
        values = [oracles.policy_values(*part, policies, gamma) for part in ((P, R), (truth.P, truth.R))]
        eps_P = np.abs(P - truth.P).sum(axis=2).max()
        errors = eps_P, np.abs(R - truth.R).max(), gamma, np.abs(truth.R).max()
        most = bound(student, *errors)
        if not np.max(np.abs(values[0] - values[1])) <= most * (1 + SINGLE):
            raise Mismatch(f"{BOUND}: a model is further off than the bound says\n  look at: both terms")
        if not most <= 100 * oracles.error_over_time(*errors):
            raise Mismatch(f"{BOUND}: it is far larger than it must be, and says nothing\n  look at: both terms")


@exercise("3.2", weight=0.4)
def test_some_models_are_as_far_off_as_the_bound(student, rng):
    """simulation_bound: it says no more than it must: there are models with small errors that reach it."""
    for gamma in (0.5, 0.9):
        R_max, shift, slip = rng.uniform(2.0, 5.0), rng.uniform(0.1, 0.5) * 1e-5, rng.uniform(0.1, 0.5) * 1e-5
        # State 0 pays R_max for ever, state 1 costs as much. The model pays less by `shift`, and slips from 0 to 1.
        V = []
        for p, pay in ((0.0, R_max), (slip, R_max - shift)):
            P, r = np.array([[1 - p, p], [0.0, 1.0]]), np.array([pay, -R_max])
            V.append(np.linalg.solve(np.eye(2) - gamma * P, r)[0])
        look = "both terms: what a wrong reward costs over all steps, and a wrong next state where V is largest"
        got = bound(student, 2 * slip, shift, gamma, R_max)
        off = V[0] - V[1]
        assert_close(f"{BOUND} of a model with small errors", got, off, rtol=1e-3, look=look)


@exercise("3.2", weight=0.1)
def test_the_bound_of_large_errors_is_the_handouts(student, rng):
    """simulation_bound: it is the handout's where errors are large, too, and R_max is that of the truth."""
    for _ in range(3):
        errors = rng.uniform(0.5, 2.0), rng.uniform(0.5, 3.0), rng.uniform(0.3, 0.9), rng.uniform(1.0, 5.0)
        look = "the error of one step, in the reward and in where the rest is earned, added up over all steps"
        assert_close(BOUND, bound(student, *errors), oracles.error_over_time(*errors), rtol=SINGLE, look=look)
