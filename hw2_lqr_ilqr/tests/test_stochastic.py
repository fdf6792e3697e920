"""Visible tests of 2.3: shapes, the trolley of the handout, and many runs against what is computed without drawing.

The trolley has x' = x + u + 1 + w with noise of variance 1, cost 1/2 (x² + u²), and three steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Problem(NamedTuple):
    """x0: [n], F: [T, n, n+m], f: [T, n], C: [T, n+m, n+m], c: [T, n+m], K: [T, m, n], k: [T, m], Sigma: [T, n, n]."""

    x0: np.ndarray
    F: np.ndarray
    f: np.ndarray
    C: np.ndarray
    c: np.ndarray
    K: np.ndarray
    k: np.ndarray
    Sigma: np.ndarray


def trolley():
    """The example of the handout, with its best policy."""
    K, k = np.array([[[-0.6]], [[-0.5]], [[0.0]]]), np.array([[-0.8], [-0.5], [0.0]])
    C, c = np.tile(np.eye(2), (3, 1, 1)), np.zeros((3, 2))
    return Problem(np.ones(1), np.ones((3, 1, 2)), np.ones((3, 1)), C, c, K, k, np.ones((3, 1, 1)))


def draw(rng, T, n, m):
    """Draw a problem with an affine part and cross terms that changes with time, and some policy."""
    G, L = rng.normal(size=(T, n + m, n + m)), rng.normal(size=(T, n, n))
    return Problem(
        x0=rng.normal(size=n),
        F=rng.normal(size=(T, n, n + m)) / np.sqrt(n + m),
        f=rng.normal(size=(T, n)),
        C=np.eye(n + m) + G @ np.swapaxes(G, 1, 2) / (n + m),
        c=rng.normal(size=(T, n + m)),
        K=0.5 * rng.normal(size=(T, m, n)),
        k=rng.normal(size=(T, m)),
        Sigma=0.3 * np.eye(n) + L @ np.swapaxes(L, 1, 2) / n,
    )


@exercise("2.3")
def test_noise_has_the_covariance_that_was_asked_for(student, rng):
    """draw_noise: of 4000 runs, the noise of each step has mean 0 and covariance Sigma[t], within 8 standard errors."""
    N, Sigma = 4000, np.array([[[4.0, 1.8], [1.8, 1.0]], [[0.04, 0.0], [0.0, 9.0]], [[1.0, 1.0], [1.0, 1.0]]])
    w = assert_shape("stochastic.draw_noise: w", student.stochastic.draw_noise(Sigma, N, rng), (3, N, 2), "[T, N, n]")
    for t in range(3):
        variances = np.diag(Sigma[t])
        covariance, scale = w[t].T @ w[t] / N, np.sqrt(np.outer(variances, variances))
        far_mean = np.abs(np.mean(w[t], axis=0)) > 8 * np.sqrt(variances / N)
        if np.any(far_mean) or np.any(np.abs(covariance - Sigma[t]) > 8 * np.sqrt(2 / N) * scale):
            raise Mismatch(
                f"stochastic.draw_noise: w[{t}] has covariance {np.round(covariance, 2).tolist()}, "
                f"expected about Sigma[{t}] = {Sigma[t].tolist()}, and mean {np.round(np.mean(w[t], axis=0), 2).tolist()}"
            )


@exercise("2.3")
def test_a_run_of_the_trolley_by_hand(student):
    """simulate, total_costs: with the noises 1, -1, 0 the trolley passes x = 1, 1.6, 0.3, 1.3 and pays 3.65."""
    p = trolley()
    w = np.array([[[1.0]], [[-1.0]], [[0.0]]])
    x, u = fields(student.stochastic.simulate(p.x0, p.F, p.f, p.K, p.k, w), "x u", who="stochastic.simulate")
    look = "u_t = K_t x_t + k_t first, then x_{t+1} = F_t z_t + f_t + w_t"
    expected_x, expected_u = np.array([1.0, 1.6, 0.3, 1.3]), np.array([-1.4, -1.3, 0.0])
    assert_close("stochastic.simulate: u", u, expected_u[:, None, None], rtol=SINGLE, look=look, show=True)
    assert_close("stochastic.simulate: x", x, expected_x[:, None, None], rtol=SINGLE, look=look, show=True)
    J = student.stochastic.total_costs(expected_x[:, None, None], expected_u[:, None, None], p.C, p.c)
    look = "1/2 (x_t² + u_t²), added up over t = 0, 1, 2; the last state is not paid for"
    assert_close("stochastic.total_costs", J, np.array([3.65]), rtol=SINGLE, look=look, show=True)


@exercise("2.3")
def test_runs_do_not_meet(student, rng):
    """simulate: 5 runs at once are the same 5 runs one at a time, for n = 3 and m = 2."""
    p, w = draw(rng, T=4, n=3, m=2), rng.normal(size=(4, 5, 3))
    given = p.x0, p.F, p.f, p.K, p.k
    x, u = fields(student.stochastic.simulate(*given, w), "x u", who="stochastic.simulate")
    x = assert_shape("stochastic.simulate: x", x, (5, 5, 3), "[T+1, N, n]")
    u = assert_shape("stochastic.simulate: u", u, (4, 5, 2), "[T, N, m]")
    for i in range(5):
        alone = fields(student.stochastic.simulate(*given, w[:, i : i + 1]), "x u", who="stochastic.simulate")
        look = f"run {i}, which has the noise w[:, {i}] and no other"
        assert_close("stochastic.simulate: x of a run alone", alone[0], x[:, i : i + 1], rtol=SINGLE, look=look)
        assert_close("stochastic.simulate: u of a run alone", alone[1], u[:, i : i + 1], rtol=SINGLE, look=look)


@exercise("2.3")
def test_what_noise_costs_the_trolley(student):
    """noise_cost: V = 1.6, 1.5, 1, 0 and noise of variance 1 make 1.25."""
    V = np.array([1.6, 1.5, 1.0, 0.0])[:, None, None]
    got = student.stochastic.noise_cost(V, trolley().Sigma)
    look = "1/2 (V_1 + V_2 + V_3): the noise of a step moves the state after it"
    assert_close("stochastic.noise_cost", got, 1.25, rtol=SINGLE, look=look, show=True)


@exercise("2.3")
def test_moments_and_expected_cost_of_the_trolley(student):
    """moments, expected_cost: the trolley has means 1, 0.6, 0.8, 1.8, variances 0, 1, 1.25, 2.25 and costs 3.55."""
    p = trolley()
    answer = student.stochastic.moments(p.x0, np.zeros((1, 1)), p.F, p.f, p.K, p.k, p.Sigma)
    mean, S = fields(answer, "mean S", who="stochastic.moments")
    expected_mean, expected_S = np.array([[1.0], [0.6], [0.8], [1.8]]), np.array([0.0, 1.0, 1.25, 2.25])[:, None, None]
    look = "x_{t+1} = (1 + K_t) x_t + k_t + 1 + w_t: the factors are 0.4, 0.5 and 1"
    assert_close("stochastic.moments: mean", mean, expected_mean, rtol=SINGLE, look=look, show=True)
    assert_close("stochastic.moments: S", S, expected_S, rtol=SINGLE, look=look, show=True)
    got = student.stochastic.expected_cost(expected_mean, expected_S, p.K, p.k, p.C, p.c)
    look = "1.48 + (0.5 + 0.625) + (0.32 + 0.625): in each step the cost of the mean, then 1/2 (1 + K_t²) S_t"
    assert_close("stochastic.expected_cost", got, 3.55, rtol=SINGLE, look=look, show=True)


@exercise("2.3")
def test_moments_and_expected_cost_are_those_of_many_runs(student, rng):
    """moments, expected_cost: mean, covariance and mean cost of 20,000 runs agree with them, within 8 standard errors."""
    T, n, m, N = 4, 3, 2, 20_000
    p, L0 = draw(rng, T, n, m), rng.normal(size=(n, n)) / 2
    S0 = L0 @ L0.T
    answer = student.stochastic.moments(p.x0, S0, p.F, p.f, p.K, p.k, p.Sigma)
    mean, S = fields(answer, "mean S", who="stochastic.moments")
    mean = assert_shape("stochastic.moments: mean", mean, (T + 1, n), "[T+1, n]")
    S = assert_shape("stochastic.moments: S", S, (T + 1, n, n), "[T+1, n, n]")
    got = student.stochastic.expected_cost(mean, S, p.K, p.k, p.C, p.c)
    got = assert_shape("stochastic.expected_cost", got, ())

    x, J = p.x0 + rng.normal(size=(N, n)) @ L0.T, np.zeros(N)
    for t in range(T):
        close_to("stochastic.moments", x, mean[t], S[t], t)
        z = np.concatenate([x, x @ p.K[t].T + p.k[t]], axis=1)
        J += np.einsum("Ni,ij,Nj->N", z, p.C[t], z) / 2 + z @ p.c[t]
        x = z @ p.F[t].T + p.f[t] + rng.normal(size=(N, n)) @ np.linalg.cholesky(p.Sigma[t]).T
    close_to("stochastic.moments", x, mean[T], S[T], T)
    error = np.std(J) / np.sqrt(N)
    if not abs(got - np.mean(J)) <= 8 * error:
        raise Mismatch(
            f"stochastic.expected_cost is {got:.2f}, but {N} runs cost {np.mean(J):.2f} ± {error:.2f} on average"
        )


def close_to(who, x, mean, S, t):
    """Raise Mismatch unless the runs x [N, n] can have this mean [n] and covariance S [n, n]."""
    N, spread = len(x), np.std(x, axis=0)
    if np.any(np.abs(np.mean(x, axis=0) - mean) > 8 * spread / np.sqrt(N)):
        raise Mismatch(f"{who}: mean[{t}] is not the mean of {N} runs")
    if np.any(np.abs(np.cov(x.T) - S) > 8 * np.sqrt(2 / N) * np.outer(spread, spread)):
        raise Mismatch(f"{who}: S[{t}] is not the covariance of {N} runs")
