"""Hidden tests of exercise 2.5, third part: the line search.

Gains are the reference's, of trajectories along which the full step raises J. Any rule may choose the step length:
judged is that the answer is a trajectory of this policy with some alpha, and that it lowers the real cost.
"""

from __future__ import annotations

import numpy as np
from ilqr_bench import Bench, Problem, wavy

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "ilqr.line_search"
LEAST = 0.5e-4  # share of the expected decrease that an accepted step has to bring; the handout says 1e-4


class Case:
    """A nominal trajectory, gains for it, and the cost of each step length."""

    def __init__(self, problem: Problem, u, reference):
        self.problem, self.u, self.x = problem, u, problem.rollout(u)
        self.gains = reference.ilqr.backward(reference.expansion.Expansion(*problem.derive(self.x, u)), 0.0)
        self.J = problem.cost(self.x, u)

    def play(self, alpha):
        """Return x, u of the policy with step length alpha."""
        state, states, controls = self.x[0], [self.x[0]], []
        for t in range(self.problem.T):
            controls.append(self.u[t] + alpha * self.gains.k[t] + self.gains.K[t] @ (state - self.x[t]))
            state = self.problem.move(state, controls[-1])
            states.append(state)
        return np.array(states), np.array(controls)

    def change(self, alpha) -> float:
        """Return by how much a step really changes J."""
        with np.errstate(all="ignore"):
            return float(self.problem.cost(*self.play(alpha))) - self.J

    def expected(self, alpha) -> float:
        return alpha * self.gains.linear + alpha**2 / 2 * self.gains.quadratic

    def length(self, u) -> float:
        """Read the step length off the first control."""
        k = self.gains.k[0]
        return float((u[0] - self.u[0]) @ k / (k @ k))


def overshoot(rng, reference) -> Case:
    """Draw a case in which the full step raises J, and one of a half to a sixteenth lowers it well."""
    for _ in range(500):
        problem = wavy(rng)
        case = Case(problem, rng.normal(size=(problem.T, problem.m)), reference)
        if not np.linalg.norm(case.gains.k[0]) > 0.1 or case.change(1.0) <= 0.1 * case.J:
            continue
        if any(case.change(alpha) < 0.1 * case.expected(alpha) for alpha in (0.5, 0.25, 0.125)):
            return case
    raise RuntimeError("no overshooting case found: the test is at fault")


def search(student, reference, case, cost=None):
    """Call the student's line search on a bench; `cost` in place of the problem's own."""
    bench = Bench(case.problem._replace(cost=cost or case.problem.cost), reference)
    with complaints_of(bench):
        return student.ilqr.line_search(case.x.copy(), case.u.copy(), case.gains, case.J, bench.step, bench.cost)


def accepted(case, answer, cost=None):
    """Judge a trajectory that was accepted. Returns its alpha."""
    if answer is None:
        raise Mismatch(
            f"{WHO} returned None although shorter steps lower J\n"
            "  look at: which step lengths are tried: 1, 1/2, 1/4, … down to about a thousandth"
        )
    T, n, m = case.problem.T, case.problem.n, case.problem.m
    x, u, J = fields(answer, "x u J", who=WHO)
    x = assert_shape(f"{WHO}: x", x, (T + 1, n), "[T+1, n]")
    u = assert_shape(f"{WHO}: u", u, (T, m), "[T, m]")
    J = float(assert_shape(f"{WHO}: J", J, ()))
    alpha = case.length(u)
    if not 0 < alpha <= 4:
        raise Mismatch(f"{WHO}: the first control is none of uhat_0 + alpha k_0 with alpha between 0 and 1")
    true_x, true_u = case.play(alpha)
    look = "one alpha for the whole trajectory, and x and u of the same roll-out, by `forward`"
    assert_close(f"{WHO}: u", u, true_u, rtol=10 * SINGLE, look=look)
    assert_close(f"{WHO}: x", x, true_x, rtol=10 * SINGLE, look=look)
    true_J = (cost or case.problem.cost)(x, u)
    assert_close(f"{WHO}: J", J, true_J, rtol=SINGLE, look="J: what cost says about the x and u that are returned")
    if not true_J - case.J <= LEAST * case.expected(alpha):
        raise Mismatch(
            f"{WHO} accepted a step that {'raises J' if true_J > case.J else 'hardly lowers J'}, expected a real "
            "decrease\n  look at: the comparison of J - J_new with a share of the expected decrease, and its signs"
        )
    return alpha


@exercise("2.5", weight=1.5)
def test_a_step_that_overshoots_is_shortened(student, rng, reference, once):
    """line_search: where the full step raises J it returns a shorter one that lowers J, with what it costs."""
    for case in once(lambda: [overshoot(rng, reference) for _ in range(4)]):
        accepted(case, search(student, reference, case))


@exercise("2.5", weight=0.5)
def test_a_step_to_nowhere_is_shortened(student, rng, reference, once):
    """line_search: a step whose cost is NaN or infinite is not accepted; shorter ones are, down to a thirtieth."""
    for case, reach, nothing in once(lambda: [barred(rng, reference, *bar) for bar in ((0.3, np.nan), (0.04, np.inf))]):

        def cost(x, u, case=case, reach=reach, nothing=nothing):
            return case.problem.cost(x, u) if case.length(u) <= reach else nothing

        accepted(case, search(student, reference, case, cost), cost)


def barred(rng, reference, reach, nothing):
    """Draw a case in which a step of any length up to `reach` lowers J as expected."""
    for _ in range(500):
        case = overshoot(rng, reference)
        if all(case.change(a) < 0.1 * case.expected(a) for a in reach * np.array([1.0, 0.7, 0.5, 0.35, 0.25])):
            return case, reach, nothing
    raise RuntimeError("no case found: the test is at fault")


@exercise("2.5", weight=1)
def test_no_step_is_accepted_if_none_helps(student, rng, reference, once):
    """line_search: None if every step raises J, leaves it as it is, or lowers it by next to nothing."""
    case = once(lambda: overshoot(rng, reference))
    tiny = 1e-7 * case.gains.linear
    accepted(case, search(student, reference, case))  # its own cost: there a step does help
    costs = {
        "raises J": lambda x, u: case.J * (1 + abs(case.length(u))),
        "leaves J as it is": lambda x, u: case.J,
        "lowers J by a ten-millionth of what is expected": lambda x, u: case.J + tiny * case.length(u),
        "has cost NaN": lambda x, u: float("nan"),
    }
    for name, cost in costs.items():
        if search(student, reference, case, cost) is not None:
            raise Mismatch(f"{WHO} returned a trajectory, expected None: every step {name}")


@exercise("2.5", weight=0.5)
def test_a_good_full_step_is_taken(student, rng, reference):
    """line_search: where the expansion is exact the full step is the best one, and (nearly) all of it is taken."""
    for n, m in [(3, 2), (2, 1)]:
        T, A, B = 6, rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=(n, m))
        weights, goal = rng.uniform(0.5, 2.0, size=n), rng.normal(size=n)

        def cost(x, u, weights=weights, goal=goal):
            return float(0.5 * np.sum(weights * (x - goal) ** 2) + 0.5 * np.sum(u**2))

        def derive(x, u, weights=weights, goal=goal, A=A, B=B):
            C = np.tile(np.diag(np.concatenate([weights, np.ones(len(B[0]))])), (len(u), 1, 1))
            F = np.tile(np.concatenate([A, B], axis=1), (len(u), 1, 1))
            slope = weights * (x - goal)
            return F, C, np.concatenate([slope[:-1], u], axis=1), np.diag(weights), slope[-1]

        def move(x, u, A=A, B=B):
            return x @ A.T + u @ B.T

        problem = Problem(n, m, T, rng.normal(size=n), move, cost, derive)
        case = Case(problem, rng.normal(size=(T, m)), reference)
        alpha = accepted(case, search(student, reference, case))
        if not abs(alpha - 1) <= 0.2:
            raise Mismatch(f"{WHO} took a step of length {alpha:.2g} where alpha = 1 is the best and helps in full")
