"""Hidden tests of exercise 3.8, second part: errors that grow with depth, and a guess whose error shrinks."""

from __future__ import annotations

import numpy as np
from short_rollouts_oracles import linear_errors
from short_rollouts_worlds import Acts, Moves

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise


def measured(student, f, truth, policy, s0, k):
    """Return what the student's depth_errors says, after a look at what it asked."""
    with complaints_of(f, truth, policy):
        got = student.short_rollouts.depth_errors(f.answer, truth.answer, policy.answer, s0, k)
    for name, calls in [("f", f.calls), ("truth", truth.calls), ("policy", policy.calls)]:
        if calls > k:
            raise Mismatch(
                f"short_rollouts.depth_errors called {name} {calls} times for depth {k}, expected once a step"
            )
    return got


@exercise("3.8", weight=0.75)
def test_errors_of_a_linear_model_are_those_of_matrix_powers(student, rng):
    """depth_errors: both systems begin together and take the same actions; the RMSE of all numbers at each depth."""
    for n, m, N, k in [(3, 2, 7, 5), (1, 1, 6, 3), (2, 3, 4, 1)]:
        A, B, K = rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=(m, n)), rng.normal(size=(n, m)) / n
        A_hat, B_hat = A + rng.uniform(0.1, 0.4, size=A.shape), B + rng.uniform(0.1, 0.4, size=B.shape)
        s0 = rng.normal(size=(N, n))
        got = measured(
            student,
            Moves("f", lambda s, a, A=A_hat, B=B_hat: s @ A + a @ B, n, m),
            Moves("truth", lambda s, a, A=A, B=B: s @ A + a @ B, n, m),
            Acts(lambda s, call, K=K: s @ K, n, m),
            s0,
            k,
        )
        assert_shape("short_rollouts.depth_errors", got, (k,), "[k]")
        look = "which states each system goes on from, whose actions they take, and over what the mean is taken"
        expected = linear_errors(A, B, A_hat, B_hat, K, s0, k)
        assert_close("short_rollouts.depth_errors", got, expected, rtol=SINGLE, look=look)


@exercise("3.8", weight=0.5)
def test_a_constant_error_grows_as_a_geometric_sum(student, rng):
    """depth_errors: an unstable world and a model that is off by the same in each step, far ahead: a geometric sum."""
    k, N = 20, 50
    w = rng.uniform(1.15, 1.25) * np.exp(1j * rng.uniform(0.1, 0.3))  # a state is a complex number: it turns and grows
    off, drift = rng.choice([-1.0, 1.0], 2) * rng.uniform(0.3, 1.0, 2), rng.uniform(-2, 2, size=(k, N, 1))
    turn = np.array([[w.real, w.imag], [-w.imag, w.real]])
    got = measured(
        student,
        Moves("f", lambda s, a: s @ turn + np.sin(a) + off, 2, 1),
        Moves("truth", lambda s, a: s @ turn + np.sin(a), 2, 1),
        Acts(lambda s, call: drift[min(call, k - 1)], 2, 1),
        rng.normal(size=(N, 2)),
        k,
    )
    got = assert_shape("short_rollouts.depth_errors", got, (k,), "[k]")
    # off (1 + w + ... + w^j), whatever the states and actions; the mean goes over two numbers
    expected = np.abs(complex(*off) * (w ** np.arange(1, k + 1) - 1) / (w - 1)) / np.sqrt(2)
    look = "whose states each system goes on from: an imagined roll-out is never put right on its way"
    assert_close("short_rollouts.depth_errors, relative to ours", got / expected, np.ones(k), rtol=SINGLE, look=look)


@exercise("3.8", weight=1.25)
def test_k_steps_shrink_the_error_of_the_guess_by_the_chain(student, rng):
    """k_step_target: with the exact table, what is left of the guess's error is gamma^k P^k times it."""
    for S, k, gamma in [(4, 3, 0.9), (3, 1, 0.7), (5, 0, 0.8), (2, 6, 1.0)]:
        P = rng.dirichlet(np.ones(S), size=S) * rng.uniform(0.6, 1.0, size=(S, 1))  # the rest: the episode ends
        r, V = 3 * rng.normal(size=S), 5 * rng.normal(size=S)
        true = np.linalg.solve(np.eye(S) - gamma * P, r)
        expected = true + np.linalg.matrix_power(gamma * P, k) @ (V - true)
        got = student.short_rollouts.k_step_target(P, r, V, k, gamma)
        assert_shape("short_rollouts.k_step_target", got, (S,), "[S]")
        look = "how often each part is discounted, and which way P is used: rows are the states before the step"
        assert_close("short_rollouts.k_step_target", got, expected, rtol=SINGLE, look=look)
