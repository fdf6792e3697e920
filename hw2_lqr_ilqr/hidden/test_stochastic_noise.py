"""Hidden tests of draw_noise, exercise 2.3. With those of test_stochastic.py, the weights add up to its points.

Every bound is at least 8 standard deviations of what it bounds, for a correct solution and any order of draws: with
N = 4000 runs, the variance of a normal sample varies by sqrt(2/N) = 0.022, a covariance by 1/sqrt(N) = 0.016. Over 1000
seeds of the reference the largest of each was 3.7 (mean), 3.9 (covariance), 5.0 (two steps) and 3.7 (two runs) of these
standard deviations; over 300 seeds, wrong factors of Sigma had covariances at least 57 of them away.
"""

from __future__ import annotations

import numpy as np

from course.testing import Mismatch, assert_shape, exercise

N = 4000
DEVIATIONS = 8.0
WHO = "stochastic.draw_noise"


def draw_covariances(rng, T, n, rank=None):
    """Draw strongly correlated covariances whose sizes differ from step to step. Returns Sigma: [T, n, n]."""
    rank = n if rank is None else rank
    G = rng.normal(size=(T, n, rank)) + 1.5 * rng.choice([-1.0, 1.0], size=(T, n, 1))
    size = rng.permutation(np.geomspace(0.05, 5.0, T)) if T > 1 else np.array([0.3])
    full = 0.1 * np.eye(n) if rank == n else 0.0
    return size[:, None, None] * (G @ np.swapaxes(G, 1, 2) / n + full)


def noise(student, rng, Sigma, runs=N):
    """Call the student's draw_noise; return its answer, checked for shape and numbers: [T, N, n]."""
    T, n, _ = Sigma.shape
    generator = np.random.default_rng(rng.integers(1 << 62))
    w = student.stochastic.draw_noise(Sigma.copy(), runs, generator)
    w = assert_shape(f"{WHO}: w", w, (T, runs, n), "[T, N, n]")
    if np.max(np.abs(w), initial=0.0) > 1e6:
        raise Mismatch(f"{WHO}: w has entries beyond 1e6, expected numbers of the size of the square root of Sigma")
    return w


def standardised(w):
    """Subtract the mean over runs, divide by the standard deviation over runs; refuse noise that does not vary."""
    spread = np.std(w, axis=1, keepdims=True)
    if np.any(spread <= 1e-9):
        raise Mismatch(
            f"{WHO}: a component of w is the same in all runs, expected noise that is drawn anew for each run\n"
            "  look at: how many numbers are drawn: T for each run and each state"
        )
    return (w - np.mean(w, axis=1, keepdims=True)) / spread


@exercise("2.3", weight=1)
def test_noise_has_mean_zero_and_the_covariance_of_its_step(student, rng):
    """draw_noise: over many runs, the noise of step t has mean zero and covariance Sigma[t]."""
    T, n = 4, 3
    Sigma = draw_covariances(rng, T, n)
    w = noise(student, rng, Sigma)
    for t in range(T):
        y = np.linalg.solve(np.linalg.cholesky(Sigma[t]), w[t].T)  # [n, N], standard normal if w is right
        if np.max(np.abs(np.mean(y, axis=1))) > DEVIATIONS / np.sqrt(N):
            raise Mismatch(f"{WHO}: the mean of w[{t}] over {N} runs is not zero, expected noise without drift")
        covariance = y @ y.T / N
        if not np.max(np.abs(covariance - np.eye(n))) <= DEVIATIONS * np.sqrt(2 / N):
            raise Mismatch(f"{WHO}: {what_is_wrong(w[t], Sigma[t], t)}")


def what_is_wrong(w, Sigma, t):
    """Say what distinguishes the covariance of w [N, n] from Sigma [n, n], the variances first."""
    ratios = np.mean(w**2, axis=0) / np.diag(Sigma)
    worst = int(np.argmax(np.abs(np.log(ratios + 1e-12))))
    if abs(ratios[worst] - 1) > DEVIATIONS * np.sqrt(2 / N):
        return (
            f"w[{t}, :, {worst}] has {ratios[worst]:.2g} times the variance Sigma[{t}, {worst}, {worst}]\n"
            "  look at: the matrix that standard normal numbers are multiplied by, and from which side"
        )
    return (
        f"the components of w[{t}] have the variances of Sigma[{t}], but not its covariances\n"
        "  look at: the entries of Sigma[t] off the diagonal: they say which components go up and down together"
    )


@exercise("2.3", weight=0.5)
def test_runs_and_steps_have_noise_of_their_own(student, rng):
    """draw_noise: the noise of one step says nothing about that of another step, or of another run."""
    T, n = 4, 2
    y = standardised(noise(student, rng, draw_covariances(rng, T, n)))
    for s in range(T):
        for t in range(s):
            if np.max(np.abs(y[s].T @ y[t])) / N > DEVIATIONS / np.sqrt(N):
                raise Mismatch(f"{WHO}: w[{s}] is correlated with w[{t}], expected noise drawn anew in each step")
    for lag in (1, N // 2):
        together = np.einsum("tia,tib->ab", y[:, :-lag], y[:, lag:]) / (T * (N - lag))
        if np.max(np.abs(together)) > DEVIATIONS / np.sqrt(T * (N - lag)):
            raise Mismatch(f"{WHO}: runs i and i + {lag} have correlated noise, expected independent runs")


@exercise("2.3", weight=0.5)
def test_singular_covariances_are_welcome(student, rng):
    """draw_noise: where Sigma[t] is singular or zero, the noise never leaves the directions that Sigma[t] has."""
    T, n = 3, 3
    Sigma = draw_covariances(rng, T, n, rank=1)
    Sigma[1] = 0.0
    w = noise(student, rng, Sigma)
    for t in range(T):
        variance, along = np.linalg.eigh(Sigma[t])
        y = w[t] @ along
        # A solution in single precision, or one that adds a little to the diagonal, leaves some thousandths.
        if np.max(np.abs(y[:, variance < 1e-9])) > 0.05 * np.sqrt(np.max(Sigma)):
            raise Mismatch(
                f"{WHO}: w[{t}] moves in a direction in which Sigma[{t}] has no variance\n"
                "  look at: a factor L with L L' = Sigma[t] that exists for singular Sigma[t], too"
            )
        wide = np.mean(y[:, variance >= 1e-9] ** 2, axis=0) / variance[variance >= 1e-9]
        if np.any(np.abs(wide - 1) > DEVIATIONS * np.sqrt(2 / N)):
            raise Mismatch(f"{WHO}: w[{t}] has another variance than Sigma[{t}] in the one direction that this has")


@exercise("2.3", weight=0.25)
def test_noise_is_normal(student, rng):
    """draw_noise: the noise is normally distributed: the third and fourth moment of each component say so."""
    y = standardised(noise(student, rng, draw_covariances(rng, 4, 1)))
    if len(np.unique(np.round(np.abs(y), 6))) < 0.97 * y.size:  # 16,000 normal numbers: about 72 meet by chance
        raise Mismatch(f"{WHO}: the same numbers come again in other steps or runs, expected each to be drawn anew")
    # 16,000 normal numbers: the third moment varies by 0.019, the fourth by 0.039; uniform numbers have 1.8, not 3.
    if abs(np.mean(y**3)) > 0.25 or abs(np.mean(y**4) - 3) > 0.45:
        raise Mismatch(f"{WHO}: w has mean and variance of the normal distribution at best, but not its shape")


@exercise("2.3", weight=0.25)
def test_noise_comes_from_the_generator_that_is_given(student, rng):
    """draw_noise: the same generator gives the same noise, another one gives other noise."""
    Sigma = draw_covariances(rng, 3, 2)
    seed = int(rng.integers(1 << 62))
    draws = []
    for generator in (np.random.default_rng(seed), np.random.default_rng(seed), np.random.default_rng(seed + 1)):
        w = student.stochastic.draw_noise(Sigma.copy(), 5, generator)
        draws.append(assert_shape(f"{WHO}: w", w, (3, 5, 2), "[T, N, n]"))
    look = "  look at: rng, the third argument, from which every number is to be drawn"
    if not np.allclose(draws[0], draws[1], rtol=1e-6, atol=0):
        raise Mismatch(f"{WHO}: the same generator gave different noise, expected the same\n{look}")
    if np.any(np.isclose(draws[0], draws[2], rtol=1e-6, atol=0)):
        raise Mismatch(f"{WHO}: two different generators gave the same noise, expected different noise\n{look}")
