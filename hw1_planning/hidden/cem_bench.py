"""What the hidden tests of exercise 1.3 share: checks, draws, and the objective on the grader's side."""

from __future__ import annotations

import cem_oracles
import numpy as np

from course.testing import Mismatch, StudentError, assert_shape, complaints_of, fields

MANY = 4000  # candidates, where a distribution is looked at
WIDE = np.full(2, 100.0)  # bounds that no draw comes near


def gaussian(rng, T, m):
    """Draw mean [T, m] and std [T, m], every entry another: std between 0.3 and 1.7."""
    return rng.uniform(-2.0, 2.0, size=(T, m)), rng.uniform(0.3, 1.7, size=(T, m))


def numbers(name, got, shape, dims=""):
    """Check shape and numbers of an answer that the test goes on to compute with; return it as an array."""
    array = assert_shape(name, got, shape, dims)
    if np.max(np.abs(array), initial=0.0) > 1e9:
        raise Mismatch(f"{name} has entries beyond 1e9, expected numbers of the size of actions")
    return array


def draw(student, mean, std, low, high, N, rng):
    """Call the student's `sample` with copies and a generator of its own; return the candidates."""
    seed = np.random.default_rng(rng.integers(1 << 62))
    A = student.cem.sample(np.array(mean), np.array(std), np.array(low), np.array(high), N, seed)
    return numbers("cem.sample", A, (N, *mean.shape), "[N, T, m]")


class Objective:
    """Scores plans on the grader's side, counts them and keeps them. It never raises.

    score(A [K, T, m], call: int) -> J [K]. N: candidates of a call, or None for any number. most: plans in all.
    asked: calls so far. seen: (A, J) of each, one for calls with the same plans as the last one. complaint: the first
    request that cannot be served, in words.
    """

    def __init__(self, score, T, m, N, most):
        self.score, self.T, self.m, self.N, self.most = score, T, m, N, most
        self.asked, self.scored, self.seen, self.complaint = 0, 0, [], ""

    def answer(self, A=None):
        """Return the scores of the plans. This is the `objective` that the student is given."""
        self.asked += 1
        count = self.N or (len(A) if type(A) is np.ndarray and A.ndim else 1)
        try:
            A = numbers("A", A, (count, self.T, self.m), "[N, T, m]")
        except Mismatch as problem:
            self.complaint = self.complaint or f"cem.cem called objective(A), but {problem}"
            return np.full(min(count, self.most), np.nan)
        self.scored += count
        if self.scored > self.most:
            self.complaint = self.complaint or (
                f"cem.cem scored more than {self.most} plans, expected N * iterations"
                "\n  look at: one call an iteration, for all candidates together"
            )
            return np.full(count, np.nan)
        if self.seen and np.array_equal(A, self.seen[-1][0]):
            return self.seen[-1][1].copy()
        J = self.score(A, len(self.seen))
        self.seen.append((A, J))
        return J.copy()


def search(student, rng, score, mean, std, low, high, *, strict=False, **options):
    """Run the student's `cem`. Returns the objective that it was given, and actions, value, mean, std.

    strict: count plans, of any number a call. Otherwise N in each call, and up to four times the calls, which cost
    their marks in one test alone.
    """
    N, iterations = options.get("N", 200), options.get("iterations", 10)
    T, m = mean.shape
    plans = N * iterations
    objective = Objective(score, T, m, None if strict else N, plans if strict else 4 * plans)
    seed = np.random.default_rng(rng.integers(1 << 62))
    problem = (np.array(part) for part in (mean, std, low, high))
    with complaints_of(objective):
        answer = student.cem.cem(objective.answer, *problem, seed, **options)
    if not objective.seen:
        raise Mismatch("cem.cem never called the objective")
    actions, value, last_mean, last_std = fields(answer, "actions value mean std", who="cem.cem")
    actions = numbers("cem.cem: actions", actions, (T, m), "[T, m]")
    value = numbers("cem.cem: value", value, ())
    last_mean = numbers("cem.cem: mean", last_mean, (T, m), "[T, m]")
    last_std = numbers("cem.cem: std", last_std, (T, m), "[T, m]")
    return objective, actions, float(value), last_mean, last_std


def paths(student, rounds, mean, std, M, alpha, std_min):
    """Return the Gaussians [(mean, std), …] that `rounds` [(A, J), …] lead to: by definition, by their functions.

    Both begin with the first Gaussian, and have one more for every iteration. The student's own path is left out if
    its functions return no Gaussian.
    """

    def defined(A, J, mean, std):
        return cem_oracles.mixed(A[cem_oracles.ranking(J)[:M]], mean, std, alpha, std_min)

    def own(A, J, mean, std):
        E = student.cem.elites(np.array(A), np.array(J), M)
        count = len(E) if type(E) is np.ndarray and E.ndim else M
        E = numbers("cem.elites", E, (max(count, 1), *A.shape[1:]))
        answer = fields(student.cem.refit(E, np.array(mean), np.array(std), alpha, std_min), "mean std")
        mean, std = (numbers("cem.refit", part, A.shape[1:]) for part in answer)
        if not np.min(std) > 0:
            raise Mismatch("cem.refit: no Gaussian")
        return mean, std

    found = []
    for step in (defined, own):
        path = [(mean, std)]
        try:
            for A, J in rounds:
                path.append(step(A, J, *path[-1]))
        except (Mismatch, StudentError):
            continue
        found.append(path)
    return found
