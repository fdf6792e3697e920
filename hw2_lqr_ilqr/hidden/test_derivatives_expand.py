"""Hidden tests of exercise 2.4, third part: the expansion along a trajectory.

Dynamics and costs are ours, with closed derivatives. What is compared after differences is compared loosely: a step
that is not the best costs its marks in the tests of `jacobian` and `hessian`, not here.
"""

from __future__ import annotations

from typing import NamedTuple

import derivatives_oracles as oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

NAMES = "F C c C_final c_final D"
SIZES = [(5, 3, 2), (4, 2, 3), (1, 2, 1)]  # T, n, m


class Bench:
    """A nonlinear problem: dynamics, cost of a step and of the last state, each a network; and a trajectory.

    The trajectory does not obey the dynamics, so that x_{t+1} and step(x_t, u_t) are told apart.
    """

    def __init__(self, rng, T, n, m):
        self.T, self.n, self.m, d = T, n, m, n + m
        self.weights = [oracles.draw_weights(rng, d, (n,)), oracles.draw_weights(rng, d), oracles.draw_weights(rng, n)]
        self.x, self.u = rng.normal(size=(T + 1, n)), rng.normal(size=(T, m))
        dynamics, cost, end = self.weights
        self.step = oracles.Asked("step", lambda x, u: oracles.value(dynamics, np.hstack([x, u])), n, m)
        self.stage = oracles.Asked("stage", lambda x, u: oracles.value(cost, np.hstack([x, u])), n, m)
        self.final = oracles.Asked("final", lambda x: oracles.value(end, x), n)

    def expand(self, student, **options):
        """Return the student's F, C, c, C_final, c_final, D."""
        asked = self.step, self.stage, self.final
        with complaints_of(*asked):
            answer = student.derivatives.expand(*(a.answer for a in asked), self.x, self.u, **options)
        return Expanded(*fields(answer, NAMES, who="derivatives.expand"))

    def expected(self):
        """Return the closed derivatives."""
        z = np.hstack([self.x[:-1], self.u])
        F, D = oracles.derivatives(self.weights[0], z)
        c, C = oracles.derivatives(self.weights[1], z)
        c_final, C_final = oracles.derivatives(self.weights[2], self.x[-1:])
        return Expanded(F, C, c, C_final[0], c_final[0], D)


class Expanded(NamedTuple):
    F: object
    C: object
    c: object
    C_final: object
    c_final: object
    D: object


def compare(got, expected, names, look):
    dims = {"F": "[T, n, d]", "C": "[T, d, d]", "c": "[T, d]", "C_final": "[n, n]", "c_final": "[n]"}
    for name in names.split():
        right = getattr(expected, name)
        part = assert_shape(f"derivatives.expand: {name}", getattr(got, name), right.shape, dims.get(name, ""))
        assert_close(f"derivatives.expand: {name}", part, right, rtol=SINGLE, look=look)


@exercise("2.4", weight=0.5)
def test_expand_linearises_the_dynamics_at_every_step(student, rng):
    """expand: F[t] has the derivatives of the next state at (x_t, u_t), t = 0 … T-1, columns (dx, du)."""
    for T, n, m in SIZES:
        bench = Bench(rng, T, n, m)
        look = "the points z_t = [x_t; u_t]: T of them, the last state x_T has no control"
        compare(bench.expand(student), bench.expected(), "F", look)


@exercise("2.4", weight=0.5)
def test_expand_quadratises_the_cost_of_every_step(student, rng):
    """expand: c[t] and C[t] have first and second derivatives of the cost of step t, mixed ones included."""
    for T, n, m in SIZES:
        bench = Bench(rng, T, n, m)
        look = "the derivatives as they are, without a factor: C stands behind the 1/2 of 1/2 dz' C dz, c behind none"
        compare(bench.expand(student), bench.expected(), "C c", look)


@exercise("2.4", weight=0.25)
def test_expand_quadratises_the_final_cost_at_the_last_state(student, rng):
    """expand: c_final [n] and C_final [n, n] have the derivatives of the final cost at x_T."""
    for T, n, m in SIZES:
        bench = Bench(rng, T, n, m)
        look = "where: x_T, the last of T+1 states; and the shape: one point, so its axis of length 1 is taken off"
        compare(bench.expand(student), bench.expected(), "C_final c_final", look)


@exercise("2.4", weight=0.5)
def test_expand_finds_second_derivatives_of_the_dynamics_when_asked(student, rng):
    """expand: D is None unless second_order is set; then D[t, i] is the Hessian of component i of the next state."""
    for T, n, m in SIZES:
        bench = Bench(rng, T, n, m)
        got = bench.expand(student)
        if got.D is not None:
            raise Mismatch("derivatives.expand: D is not None without second_order; only DDP pays for it")
        if bench.step.rows > 5 * (n + m) * T:  # second derivatives take more than that
            raise Mismatch(
                f"derivatives.expand evaluated step at {bench.step.rows} rows, expected 2 d T = "
                f"{2 * (n + m) * T} without second_order\n  look at: what F needs, and what only D does"
            )
        expected, got = bench.expected(), bench.expand(student, second_order=True)
        look = "the Hessian of `step` at (x_t, u_t), whose shape is [T, n, d, d] as it is"
        assert_shape("derivatives.expand: D", got.D, expected.D.shape, "[T, n, d, d]")
        compare(got, expected, "D F", look)


@exercise("2.4", weight=0.25)
def test_expand_takes_F_from_linearise_if_there_is_one(student, rng):
    """expand: with linearise(x, u), asked once at x_0 … x_{T-1}, F is what it returns, and step is not called."""
    for second_order in (False, True):
        bench = Bench(rng, 5, 3, 2)
        marked = oracles.Asked("linearise", lambda x, u: np.tanh(np.einsum("ti,tj->tij", x, np.hstack([x, u]))), 3, 2)
        with complaints_of(marked):
            got = bench.expand(student, linearise=marked.answer, second_order=second_order)
        expected = bench.expected()._replace(F=marked.f(bench.x[:-1], bench.u))
        look = "what linearise(x, u) is given and what becomes of its answer: x has T rows, without x_T"
        compare(got, expected, "F C c D" if second_order else "F C c", look)
        if marked.calls > 2 or (bench.step.calls and not second_order):
            raise Mismatch(
                f"derivatives.expand called linearise {marked.calls} times and step {bench.step.calls} times, "
                "expected one call of linearise for the whole trajectory, and none of step"
            )


class Marked:
    """Stands in for jacobian or hessian: answers a formula in the points it is asked at, whatever f is."""

    def __init__(self, rng, name, order, widths):
        self.name, self.order, self.widths = name, order, widths
        self.A = {d: rng.normal(size=(d, d)) for d in widths}
        self.calls, self.complaint = 0, ""

    def value(self, z):
        slope = np.tanh(z @ self.A[z.shape[1]])
        return slope if self.order == 1 else np.einsum("ni,nj->nij", slope, slope)

    def answer(self, f=None, z=None):
        self.calls += 1
        try:
            width = (
                z.shape[1] if type(z) is np.ndarray and z.ndim == 2 and z.shape[1] in self.widths else self.widths[0]
            )
            rows = len(z) if type(z) is np.ndarray and z.ndim else 1
            z = assert_shape(f"derivatives.expand calls {self.name}(f, z), but z", z, (rows, width), "[N, d]")
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return np.full(1, np.nan)
        return self.value(z)


@exercise("2.4", weight=0.25)
def test_expand_differentiates_with_the_functions_that_are_passed(student, rng):
    """expand: jacobian and hessian are asked once for all steps and once for x_T, and their answers are returned."""
    T, n, m = 12, 3, 2
    bench = Bench(rng, T, n, m)
    first, second = Marked(rng, "jacobian", 1, (n + m, n)), Marked(rng, "hessian", 2, (n + m, n))
    F = rng.normal(size=(T, n, n + m))
    with complaints_of(first, second):
        got = bench.expand(student, jacobian=first.answer, hessian=second.answer, linearise=lambda x, u: F)
    z, end = np.hstack([bench.x[:-1], bench.u]), bench.x[-1:]
    expected = Expanded(F, second.value(z), first.value(z), second.value(end)[0], first.value(end)[0], None)
    look = "the keyword arguments jacobian and hessian, and z_t = [x_t; u_t] that they are asked at"
    compare(got, expected, "F C c C_final c_final", look)
    if first.calls > 4 or second.calls > 4:
        raise Mismatch(
            f"derivatives.expand called jacobian {first.calls} and hessian {second.calls} times for T = {T}, expected "
            "one call of each for all steps, and one for the final cost\n  look at: the loop over t; z may have T rows"
        )
    with complaints_of(first, second):  # these two differentiate nothing, so that nobody may ask step
        bench.expand(student, jacobian=first.answer, hessian=second.answer, second_order=True)
    if bench.step.calls:
        raise Mismatch(
            "derivatives.expand was given jacobian and hessian that do not ask step, and asked it nevertheless, "
            f"expected F and D to come from them too\n  look at: {look}"
        )
