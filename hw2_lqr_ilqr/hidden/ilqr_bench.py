"""Tasks on the grader's side for exercise 2.5: step, cost and expansion are ours, and note what they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ilqr_oracles as oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, fields

MOST_CALLS, MOST_ROWS, MOST_NOMINALS = 60_000, 600_000, 1_000


class Problem(NamedTuple):
    """What a task is made of. move(x, u): batched step. cost(x, u): J. derive(x, u): F, C, c, C_final, c_final."""

    n: int
    m: int
    T: int
    x0: np.ndarray
    move: Callable
    cost: Callable
    derive: Callable

    def rollout(self, u, x0=None):
        """Return x: [T+1, n] for the controls u: [T, m]."""
        x = [self.x0 if x0 is None else x0]
        with np.errstate(all="ignore"):
            for control in u:
                x.append(self.move(x[-1], control))
        return np.array(x)

    def J(self, u) -> float:
        """Return the cost of the controls u: [T, m], by our own step."""
        with np.errstate(all="ignore"):
            return float(self.cost(self.rollout(u), u))


def problem_of(task) -> Problem:
    """Take a task of the course apart."""
    parts = task.n, task.m, task.T, np.array(task.x0), task.move, task.cost
    return Problem(*parts, lambda x, u: oracles.expansion_of(task, x, u))


def wavy(rng, T=15, n=3, m=2) -> Problem:
    """Draw a system whose derivatives change their sign within a short way: full steps go wrong all the time."""
    A, B, goal, phase = rng.normal(size=(n, n)), rng.normal(size=(n, m)), 2 * rng.normal(size=n), rng.uniform(0, 6, n)
    A *= 3 / np.linalg.norm(A, ord=2)
    weights = np.concatenate([np.full(n, 0.1), np.full(m, 0.05)])

    def move(x, u):
        return x + 0.4 * np.sin(x @ A.T + phase) + 0.3 / np.sqrt(n) * u @ B.T

    def cost(x, u):
        off = x - goal
        return float(0.05 * np.sum(off[:-1] ** 2) + 0.025 * np.sum(u**2) + 5 * np.sum(off[-1] ** 2))

    def derive(x, u):
        z, off = np.concatenate([x[:-1], u], axis=1), x - goal
        slope = weights * np.concatenate([off[:-1], u], axis=1)
        return (
            oracles.differences(move, z, n),
            np.tile(np.diag(weights), (T, 1, 1)),
            slope,
            10 * np.eye(n),
            10 * off[-1],
        )

    return Problem(n, m, T, rng.normal(size=n), move, cost, derive)


class Bench:
    """Callbacks for one call of a student's function; they never raise, but note the first complaint."""

    def __init__(self, problem: Problem, reference, rows: int = MOST_ROWS):
        self.problem, self.reference, self.left = problem, reference, rows
        self.complaint, self.calls, self.asked, self.reached = "", 0, [], []
        self.nominals, self.mus, self.at, self.refused, self.last = [], [], [], 0, None

    def numbers(self, who, name, value, shape, dims):
        """Return `value` as an array, or None after noting what is wrong with it."""
        if type(value) is np.ndarray and value.dtype == np.float64 and value.shape == shape:
            return value
        try:
            with np.errstate(all="ignore"):
                return assert_shape(f"{who}: {name}", value, shape, dims)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return None

    def step(self, x=None, u=None):
        """Move the state [..., n] on by one step: one state, or a batch with any leading axes."""
        p, lead = self.problem, getattr(x, "shape", (0,))[:-1]
        lead = tuple(lead) if len(lead) <= 3 and all(type(size) is int for size in lead) else ()
        x = self.numbers("step(x, u)", "x", x, (*lead, p.n), "[n]")
        u = self.numbers("step(x, u)", "u", u, (*lead, p.m), "[m]")
        self.calls += 1
        self.left -= int(np.prod(lead)) if lead else 1
        if x is None or u is None:
            return np.full((p.n,), np.nan)
        if self.calls > MOST_CALLS or self.left < 0:
            self.complaint = self.complaint or (
                f"step was asked for more than {MOST_CALLS} times, or for too many states: a right solution needs a "
                "third of it\n  look at: whether the loop ends, and how many step lengths are tried one by one"
            )
            return np.full(x.shape, np.nan)
        with np.errstate(all="ignore"):
            y = p.move(x, u)
        if len(self.asked) < MOST_NOMINALS:
            self.asked.append((x.copy(), u.copy()))
            self.reached.append(y)
        return y

    def cost(self, x=None, u=None):
        """Return J of a whole trajectory."""
        x, u = self.trajectory("cost(x, u)", x, u)
        if x is None or u is None:
            return float("nan")
        with np.errstate(all="ignore"):
            return float(self.problem.cost(x, u))

    def trajectory(self, who, x, u):
        p = self.problem
        if type(x) is np.ndarray and not np.all(np.isfinite(x)) and x.shape == (p.T + 1, p.n):
            return x, self.numbers(who, "u", np.nan_to_num(u), (p.T, p.m), "[T, m]")
        x = self.numbers(who, "x", x, (p.T + 1, p.n), "[T+1, n]")
        return x, self.numbers(who, "u", u, (p.T, p.m), "[T, m]")

    def expand(self, x=None, u=None):
        """Return the Expansion along a nominal trajectory, which has to obey the real dynamics."""
        p = self.problem
        x, u = self.trajectory("expand(x, u)", x, u)
        if x is None or u is None or not (np.all(np.isfinite(x)) and np.all(np.isfinite(u))):
            self.complaint = self.complaint or "expand(x, u) was called with NaN or infinite entries"
            x, u = np.zeros((p.T + 1, p.n)), np.zeros((p.T, p.m))
        with np.errstate(all="ignore"):
            reached = np.array([p.x0, *p.move(x[:-1], u)])
            if not np.max(np.abs(reached - x)) <= SINGLE * (1 + np.max(np.abs(x))):
                self.complaint = self.complaint or (
                    "expand(x, u) was called along a trajectory that does not obey x_{t+1} = step(x_t, u_t) from "
                    "x_0\n  look at: what becomes the next nominal trajectory: it comes out of the forward pass in "
                    "the real system, and its x belongs to its u"
                )
            if len(self.nominals) >= MOST_NOMINALS:
                self.complaint = self.complaint or f"expand was called more than {MOST_NOMINALS} times"
                x, u = self.nominals[-1]
            self.nominals.append((x.copy(), u.copy()))
            E = p.derive(x, u)
        return self.reference.expansion.Expansion(*E)

    def backward(self, E=None, mu=None):
        """Return gains by the reference's backward pass: this is the `backward` that a loop may be given."""
        mu = self.numbers("backward(E, mu)", "mu", mu, (), "")
        if mu is None or not mu >= 0 or not self.nominals:
            self.complaint = self.complaint or "backward(E, mu) was called with a negative mu, or before expand"
            mu = np.zeros(())
        self.mus.append(float(mu))
        self.at.append(len(self.nominals))
        if len(self.mus) > 5 * MOST_NOMINALS:
            self.complaint = self.complaint or "backward was called more than 5000 times: does the loop end?"
            return None
        x, u = self.nominals[-1] if self.nominals else (np.zeros((self.problem.T + 1, self.problem.n)), None)
        if u is None:
            return None
        gains = self.reference.ilqr.backward(self.reference.expansion.Expansion(*self.problem.derive(x, u)), float(mu))
        self.refused += gains is None
        self.last = gains or self.last
        return gains

    def lowered(self) -> bool:
        """Say whether some accepted step, which makes a new nominal trajectory, was followed by half as much mu."""
        pairs = zip(self.at[:-1], self.at[1:], self.mus[:-1], self.mus[1:], strict=True)
        return any(before < after and new <= 0.5 * old for before, after, old, new in pairs if old > 0)

    def check(self):
        if self.complaint:
            raise Mismatch(self.complaint)


class Answer(NamedTuple):
    """What a loop returned, shapes checked; J: our cost of its controls through our step."""

    x: np.ndarray
    u: np.ndarray
    K: np.ndarray
    k: np.ndarray
    costs: np.ndarray
    converged: bool
    J: float


def solve(student, bench: Bench, u, **options) -> Answer:
    """Call the student's loop on a bench, and judge what every answer must obey."""
    p, who = bench.problem, "ilqr.ilqr"
    answer = student.ilqr.ilqr(np.array(p.x0), np.array(u), bench.step, bench.cost, bench.expand, **options)
    bench.check()
    x, u, K, k, costs, converged = fields(answer, "x u K k costs converged", who=who)
    x = assert_shape(f"{who}: x", x, (p.T + 1, p.n), "[T+1, n]")
    u = assert_shape(f"{who}: u", u, (p.T, p.m), "[T, m]")
    K = assert_shape(f"{who}: K", K, (p.T, p.m, p.n), "[T, m, n]")
    k = assert_shape(f"{who}: k", k, (p.T, p.m), "[T, m]")
    if type(costs) in (list, tuple):
        costs = np.array([float(J) for J in costs if type(J) in (float, np.float64, np.float32)])
    size = costs.shape if type(costs) is np.ndarray and costs.ndim == 1 else (1,)
    costs = assert_shape(f"{who}: costs", costs, size, "[iterations + 1]")
    if len(costs) == 0 or type(converged) not in (bool, np.bool_):
        raise Mismatch(f"{who}: costs is empty, or converged is not True or False")
    J = p.J(u)
    if not np.isfinite(J):
        raise Mismatch(f"{who}: the controls it returned lead to states beyond all numbers")
    look = "x and u of the answer are one trajectory: that of the last accepted step"
    assert_close(f"{who}: x", x, p.rollout(u), rtol=10 * SINGLE, look=look)
    return Answer(x, u, K, k, costs, bool(converged), J)


def judge_costs(bench: Bench, u_start, answer: Answer) -> None:
    """Refuse costs that are not those of the trajectories that were expanded, or that rise."""
    p, who = bench.problem, "ilqr.ilqr"
    seen = np.array([p.cost(x, u) for x, u in bench.nominals])
    if not len(seen):
        raise Mismatch(f"{who} never called expand")
    rise = np.diff(seen) > SINGLE * 0.01 * (1 + np.abs(seen[:-1]))
    if np.any(rise):
        raise Mismatch(
            f"{who}: J rises from one nominal trajectory to the next {int(rise.sum())} times, expected never\n"
            "  look at: a trajectory becomes the next nominal only after the line search has accepted it"
        )
    assert_close(f"{who}: costs[0]", answer.costs[0], p.J(u_start), rtol=SINGLE, look="J of the controls it was given")
    assert_close(f"{who}: costs[-1]", answer.costs[-1], answer.J, rtol=SINGLE, look="J of the controls it returns")
    if np.any(np.diff(answer.costs) > SINGLE * 0.01 * (1 + np.abs(answer.costs[:-1]))):
        raise Mismatch(f"{who}: costs rise, expected J after every ACCEPTED step")
    if not 0 <= len(answer.costs) - len(seen) <= 1:
        raise Mismatch(
            f"{who}: costs has {len(answer.costs)} entries, and expand was called {len(seen)} times, expected one call "
            "for each nominal trajectory, the last perhaps without"
        )
    assert_close(f"{who}: costs", answer.costs[: len(seen)], seen, rtol=SINGLE, look="J of each nominal, in order")
