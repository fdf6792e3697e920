"""Hidden tests of exercise 2.5, first part: the backward pass and what it expects.

Expansions are random, change with time and have cross terms, n < m and n > m. With mu = 0 the answer is that of the
whole problem solved at once. With mu > 0 the gains may be regularised in Q_uu or in V, and are compared step by step
with the student's own V_{t+1}, v_{t+1}; these must be what the returned policy is worth when it is played.
"""

from __future__ import annotations

import ilqr_oracles as oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

SHAPES = [(5, 4, 2), (4, 2, 3), (6, 3, 1), (1, 2, 2)]  # T, n, m


def solve(student, reference, E, mu):
    """Call the student's backward pass. Returns K, k, V, v, linear, quadratic as handed back, shapes checked."""
    T, n, d = E[0].shape
    who = "ilqr.backward"
    answer = student.ilqr.backward(reference.expansion.Expansion(*(np.array(part) for part in E)), mu)
    if answer is None:
        raise Mismatch(f"{who} returned None for mu = {mu:g}, expected Gains: every Q_uu is positive definite here")
    K, k, V, v, linear, quadratic = fields(answer, "K k V v linear quadratic", who=who)
    K = number(f"{who}: K", K, (T, d - n, n), "[T, m, n]")
    k = number(f"{who}: k", k, (T, d - n), "[T, m]")
    V = number(f"{who}: V", V, (T + 1, n, n), "[T+1, n, n]")
    v = number(f"{who}: v", v, (T + 1, n), "[T+1, n]")
    linear, quadratic = number(f"{who}: linear", linear, (), ""), number(f"{who}: quadratic", quadratic, (), "")
    return K, k, V, v, float(linear), float(quadratic)


def number(name, got, shape, dims):
    """Check shape and size of a result that the test goes on to compute with."""
    array = assert_shape(name, got, shape, dims)
    if np.max(np.abs(array), initial=0.0) > 1e9:
        raise Mismatch(f"{name} has entries beyond 1e9, expected numbers of the size of the problem's own")
    return array


@exercise("2.5", weight=1.5)
def test_without_mu_the_gains_solve_the_whole_problem(student, rng, reference):
    """backward: with mu = 0, du = K dx + k is the best policy for the expansion, in every step and from any dx."""
    for shape in SHAPES:
        E = oracles.draw(rng, *shape)
        K, k, *_ = solve(student, reference, E, 0.0)
        best_K, best_k, _, _ = oracles.optimal(*E)
        look = "Q_uu and Q_ux, their signs, and which step's F_t, C_t and V_{t+1} they are made of"
        assert_close("ilqr.backward: K", K, best_K, rtol=SINGLE, look=look)
        look = "q_u = c_u + F_u' v_{t+1}, its sign, and v in the steps after; there is no drift f_t"
        assert_close("ilqr.backward: k", k, best_k, rtol=SINGLE, look=look)


@exercise("2.5", weight=1.5)
def test_without_mu_the_values_are_those_of_the_whole_problem(student, rng, reference):
    """backward: with mu = 0, V_t and v_t are the least cost from t on; V_T and v_T that of the last state."""
    for shape in SHAPES:
        E = oracles.draw(rng, *shape)
        _, _, V, v, *_ = solve(student, reference, E, 0.0)
        assert_close("ilqr.backward: V[T]", V[-1], E[3], rtol=SINGLE, look="the cost of x_T is E.C_final, E.c_final")
        assert_close("ilqr.backward: v[T]", v[-1], E[4], rtol=SINGLE, look="the cost of x_T is E.C_final, E.c_final")
        _, _, best_V, best_v = oracles.optimal(*E)
        look = "the action value with du = K dx + k put in: four terms each"
        assert_close("ilqr.backward: V", V[:-1], best_V, rtol=SINGLE, look=look)
        assert_close("ilqr.backward: v", v[:-1], best_v, rtol=SINGLE, look=look)


@exercise("2.5", weight=1.5)
def test_mu_regularises_the_gains_in_one_of_two_ways(student, rng, reference):
    """backward: with mu > 0, every Q_uu becomes Q_uu + mu I, or V_{t+1} becomes V_{t+1} + mu I in Q_uu and in Q_ux."""
    for (T, n, m), mu in zip(SHAPES, (1.0, 0.5, 3.0, 1.0), strict=True):
        E = oracles.draw(rng, T, n, m)
        K, k, V, v, *_ = solve(student, reference, E, mu)
        both = [oracles.regularised(E, t, V[t + 1], v[t + 1], mu) for t in range(T)]
        kinds = [tuple(np.stack(part) for part in zip(*kind, strict=True)) for kind in zip(*both, strict=True)]
        if not any(agree(K, kind[0]) and agree(k, kind[1]) for kind in kinds):
            raise Mismatch(
                f"ilqr.backward with mu = {mu:g}: K and k are neither those of Q_uu + mu I nor those of V + mu I, "
                "for your own V_{t+1} and v_{t+1}\n"
                "  look at: where mu goes: onto the diagonal of Q_uu alone, or onto that of V_{t+1}, which changes "
                "both Q_uu and Q_ux; nowhere else, and not into q"
            )


def agree(got, expected) -> bool:
    """Say whether two arrays agree to single precision."""
    return bool(np.max(np.abs(got - expected)) <= SINGLE * np.max(np.abs(expected)))


@exercise("2.5", weight=1.5)
def test_the_values_are_those_of_the_policy_that_is_played(student, rng, reference):
    """backward: with mu > 0, V and v are what du = K dx + k costs in the expansion, with no mu in it."""
    for (T, n, m), mu in zip(SHAPES, (1.0, 0.5, 3.0, 1.0), strict=True):
        E = oracles.draw(rng, T, n, m)
        K, k, V, v, *_ = solve(student, reference, E, mu)
        true_V, true_v = oracles.worth(E, K, k)
        look = "K and k are no minimisers now: all four terms, with Q_uu and Q_ux as they were without mu"
        assert_close(f"ilqr.backward with mu = {mu:g}: V", V, true_V, rtol=SINGLE, look=look)
        assert_close(f"ilqr.backward with mu = {mu:g}: v", v, true_v, rtol=SINGLE, look=look)


@exercise("2.5", weight=1.5)
def test_the_expected_change_is_what_the_expansion_says(student, rng, reference):
    """backward: alpha linear + alpha^2/2 quadratic is the change of the cost of the expansion; quadratic has no mu."""
    who = "ilqr.backward"
    for T, n, m in SHAPES:
        E = oracles.draw(rng, T, n, m)
        K, k, _, _, linear, quadratic = solve(student, reference, E, 0.0)
        if not linear < 0:
            raise Mismatch(f"{who}: linear = {linear:g}, expected less than 0: the step goes downhill")
        nothing = np.zeros((1, n))
        for alpha in (1.0, 0.5, 0.1, 1.7):
            change = oracles.play(E, K, k, nothing, alpha=alpha)[0]
            got, look = alpha * linear + alpha**2 / 2 * quadratic, "linear = sum of k'q_u, quadratic = sum of k'Q_uu k"
            assert_close(f"{who}: expected change for alpha = {alpha}", got, change, rtol=SINGLE, look=look)
        K, k, V, v, linear, quadratic = solve(student, reference, E, 2.0)
        Q, q = zip(*(oracles.action_value(E, t, V[t + 1], v[t + 1]) for t in range(T)), strict=True)
        look = "k'q_u and k'Q_uu k, summed over all steps, with Q_uu as it is without mu"
        slope = sum(k[t] @ q[t][n:] for t in range(T))
        assert_close(f"{who} with mu = 2: linear", linear, slope, rtol=SINGLE, look=look)
        bend = sum(k[t] @ Q[t][n:, n:] @ k[t] for t in range(T))
        assert_close(f"{who} with mu = 2: quadratic", quadratic, bend, rtol=SINGLE, look=look)


@exercise("2.5", weight=0.5)
def test_expected_change_adds_both_terms(student, rng, reference):
    """expected_change: alpha times the linear term, and alpha^2 / 2 times the quadratic one."""
    T, n, m = 3, 2, 1
    for alpha in (1.0, 0.5, 0.125, 0.0):
        K, k, V, v = (rng.normal(size=shape) for shape in ((T, m, n), (T, m), (T + 1, n, n), (T + 1, n)))
        linear, quadratic = -float(rng.uniform(1, 3)), float(rng.uniform(1, 3))
        got = student.ilqr.expected_change(reference.expansion.Gains(K, k, V, v, linear, quadratic), alpha)
        expected = alpha * linear + alpha**2 / 2 * quadratic
        assert_close("ilqr.expected_change", got, expected, rtol=SINGLE, look="alpha is squared and halved once")


def bent(rng, T, n, m, when, count):
    """Draw an expansion whose Q_uu has `count` negative eigenvalues in step `when`, and none in the steps after."""
    F, C, c, C_final, c_final = oracles.draw(rng, T, n, m)
    tail = F[when + 1 :], C[when + 1 :], c[when + 1 :], C_final, c_final
    V_next = oracles.solve_tail(*tail)[2] if when + 1 < T else C_final
    B = F[when][:, n:]
    Q_uu = C[when][n:, n:] + B.T @ V_next @ B
    eigenvalues, U = np.linalg.eigh(Q_uu)
    wanted = np.where(np.arange(m) < count, -0.5, eigenvalues)
    C[when][n:, n:] += (U * (wanted - eigenvalues)) @ U.T
    return F, C, c, C_final, c_final


@exercise("2.5", weight=1.5)
def test_an_indefinite_problem_has_no_gains_until_mu_is_large(student, rng, reference):
    """backward: None if some step's regularised Q_uu is not positive definite, also if it is negative definite."""
    for T, n, m, when, count in [(4, 3, 2, 3, 2), (4, 3, 2, 0, 1), (5, 2, 1, 2, 1), (1, 4, 2, 0, 1)]:
        E = bent(rng, T, n, m, when, count)
        for mu in (0.0, 1e-6, 1e-2):
            answer = student.ilqr.backward(reference.expansion.Expansion(*(np.array(part) for part in E)), mu)
            if answer is not None:
                raise Mismatch(
                    f"ilqr.backward with mu = {mu:g} did not return None although Q_uu of step {when} of {T} is "
                    "not positive definite\n  look at: whether ALL eigenvalues of Q_uu are positive, in every step; a "
                    "solve goes through anyhow, and two negative eigenvalues have a positive determinant"
                )
        K, k, V, v, linear, _ = solve(student, reference, E, 1e7)
        if not linear < 0:
            raise Mismatch(f"ilqr.backward: linear = {linear:g} with a large mu, expected less than 0: k goes downhill")
