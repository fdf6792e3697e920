"""Hidden tests of exercise 2.4, first part: differences and autograd. With the other parts the weights add up to 10.

What is differentiated has closed derivatives (`derivatives_oracles`). Differences get a function of ours, so that what
they ask is checked and counted; autograd gets a `Network` that the student's file is given, as tensors that remember
how they were made cannot travel.

Measured on 200 seeds, relative to the largest entry, worst case of the reference and of two solutions with other
steps. First derivatives: 4e-9 where f is 300 times larger, 2e-10 with scales from 1e-3 to 1e6; one-sided differences
6.6e-7 or more with the usual step eps^(1/2), median 1.5e-7 with the best of all steps. Second: 6e-7 where f is 30 times
larger, 1.1e-7 with scales; one-sided 2.6e-5 or more. No test looks at a single number, which may be near zero.
"""

from __future__ import annotations

import derivatives_oracles as oracles
import numpy as np

from course.testing import Mismatch, assert_close, assert_shape, complaints_of, exercise

FIRST, SECOND = 1e-7, 1e-5
ROUNDING = 1e-12  # automatic differentiation in double precision
DIMS = {"jacobian": "[N, ..., d]", "hessian": "[N, ..., d, d]"}
MOST = {"jacobian": lambda d: 2 * d, "hessian": lambda d: (2 * d + 1) ** 2}  # rows for each point


def shown(out):
    """Return the shape of f's result in letters, "[N, 3]"."""
    return f"[{', '.join(map(str, ('N', *out)))}]"


def ask(student, name, weights, z, offset=0.0, f=oracles.value):
    """Let the student differentiate a network plus an offset at z [N, d]; return the answer, checked for its shape."""
    N, d = z.shape
    asked = oracles.Asked(f"derivatives.{name}: f", lambda y: f(weights, y) + offset, d, most=50 * MOST[name](d) * N)
    with complaints_of(asked):
        got = getattr(student.derivatives, name)(asked.answer, np.array(z))
    axes = (d,) if name == "jacobian" else (d, d)
    got = assert_shape(f"derivatives.{name}", got, (N, *weights.b2.shape, *axes), DIMS[name])
    return got, asked


def judge(student, rng, name, out, N, d, *, offset=0.0, rtol, look):
    """Compare with the closed derivatives of a network whose result has the shape `out`, at points of size 1."""
    weights, z = oracles.draw_weights(rng, d, out), rng.normal(size=(N, d))
    got, asked = ask(student, name, weights, z, offset)
    J, H = oracles.derivatives(weights, z)
    expected = J if name == "jacobian" else H
    assert_close(f"derivatives.{name} of f: [N, d] -> {shown(out)}", got, expected, rtol=rtol, look=look)
    return asked


def show(student, rng, name, scale, offset):
    """Have a function differentiated whose values are so large that a step shows in the answer. It is not judged."""
    weights, z = oracles.draw_weights(rng, 2), scale * rng.uniform(1, 3, (3, 2))
    asked = oracles.Asked("f", lambda y: oracles.scaled_value(weights, y) + offset, 2)
    oracles.unjudged(getattr(student.derivatives, name), asked.answer, z)


@exercise("2.4")
def test_jacobian_has_the_first_derivatives_whatever_the_shape_of_f(student, rng):
    """jacobian: [N, ..., d] for scalars, vectors and matrices, the derivative in coordinate i at [..., i]."""
    look = "a single point first: (f(z + h e_i) - f(z - h e_i)) / 2h goes into the last axis, at i"
    for out, N, d in [((3,), 5, 4), ((), 6, 3), ((2, 3), 4, 5), ((), 12, 1), ((4,), 1, 3)]:
        judge(student, rng, "jacobian", out, N, d, rtol=FIRST, look=look)


@exercise("2.4", weight=0.5)
def test_jacobian_is_as_exact_as_central_differences_are(student, rng):
    """jacobian: seven digits are right although f is 300 times larger than its derivatives: central, good steps."""
    look = (
        "the difference is central, which has an error of h^2, and h is eps^(1/3): a larger one leaves an error of "
        "truncation, a smaller one an error of rounding"
    )
    show(student, rng, "jacobian", 1.0, 1e5)
    judge(student, rng, "jacobian", (3,), 60, 4, offset=300.0, rtol=FIRST, look=look)


def judge_scales(student, rng, name, rtol):
    """Compare at points whose coordinates are of very different size, in one batch; zeros among them."""
    show(student, rng, name, 1e6, 100.0)
    N, d = 40, 4
    weights = oracles.draw_weights(rng, d, (2,))
    z = rng.choice([-1, 1], (N, d)) * rng.uniform(1, 3, (N, d)) * 10.0 ** rng.integers(-3, 7, (N, d))
    z[0] = 0.0
    got, _ = ask(student, name, weights, z, f=oracles.scaled_value)
    expected = oracles.scaled_derivatives(weights, z)[name == "hessian"]
    scale = np.sqrt(1 + z**2)
    for k in range(1 if name == "jacobian" else 2):
        got = np.swapaxes(np.swapaxes(got, -1, -1 - k) * oracles.spread(scale, got), -1, -1 - k)
    look = "h: it belongs to one coordinate of one point, and grows with |z_i| where that is larger than 1"
    assert_close(f"derivatives.{name} at |z_i| from 1e-3 to 1e6, times scale", got, expected, rtol=rtol, look=look)


@exercise("2.4", weight=0.5)
def test_jacobian_adapts_its_step_to_the_size_of_each_coordinate(student, rng):
    """jacobian: it is right where coordinates are 0, 1/1000 or a million, side by side in one batch."""
    judge_scales(student, rng, "jacobian", FIRST)


@exercise("2.4", weight=0.5)
def test_jacobian_calls_f_with_whole_batches(student, rng):
    """jacobian: at most 2 d N rows are evaluated, in at most 2 d calls or a few more, not point by point."""
    N, d = 150, 3
    asked = judge(student, rng, "jacobian", (2,), N, d, rtol=FIRST, look="the answer, for many points in one batch")
    judge_calls("jacobian", asked, N, d, "2 d", 2 * d)


def judge_calls(name, asked, N, d, words, each):
    if asked.rows > MOST[name](d) * N:
        raise Mismatch(
            f"derivatives.{name} evaluated f at {asked.rows} rows for N = {N} points with d = {d}, expected at most "
            f"{words} N = {each * N}{' or a few more' if name == 'hessian' else ''}"
        )
    if asked.calls > MOST[name](d) + 2:
        raise Mismatch(
            f"derivatives.{name} called f {asked.calls} times for N = {N} points with d = {d}, expected at most "
            f"{words} = {each}, each with all points\n  look at: the loop over points: f takes them all at once"
        )


@exercise("2.4", weight=0.75)
def test_hessian_has_the_second_derivatives_whatever_the_shape_of_f(student, rng):
    """hessian: [N, ..., d, d] for scalars, vectors and matrices, mixed derivatives included."""
    look = "a single point and a quadratic function first, 1/2 z' A z: the Hessian is A, also off its diagonal"
    for out, N, d in [((3,), 5, 4), ((), 6, 3), ((2, 3), 4, 5), ((), 12, 1), ((4,), 1, 3)]:
        judge(student, rng, "hessian", out, N, d, rtol=SECOND, look=look)


@exercise("2.4", weight=0.25)
def test_hessian_is_as_exact_as_central_differences_are(student, rng):
    """hessian: five digits are right although f is 30 times larger than its second derivatives."""
    look = (
        "the step: rounding is divided by h^2 here, so the best h is larger than for first derivatives, eps^(1/4); "
        "and the differences are central in both directions"
    )
    show(student, rng, "hessian", 1.0, 1e3)
    judge(student, rng, "hessian", (2,), 40, 4, offset=30.0, rtol=SECOND, look=look)


@exercise("2.4", weight=0.25)
def test_hessian_adapts_its_step_to_the_size_of_each_coordinate(student, rng):
    """hessian: it is right where coordinates are 0, 1/1000 or a million, side by side in one batch."""
    judge_scales(student, rng, "hessian", SECOND)


@exercise("2.4", weight=0.25)
def test_hessian_is_symmetric_to_the_last_digit(student, rng):
    """hessian: H and its transpose are equal; rounding errors of the differences are averaged away."""
    for out in [(), (2,)]:
        weights, z = oracles.draw_weights(rng, 4, out), rng.normal(size=(20, 4))
        got, _ = ask(student, "hessian", weights, z, 10.0)
        skew = np.max(np.abs(got - np.swapaxes(got, -1, -2)))
        if not skew <= 1e-13 * np.max(np.abs(got)):
            raise Mismatch(
                f"derivatives.hessian is not symmetric: H and H' differ by up to {skew:.1e}, expected 0\n"
                "  look at: (H + H') / 2, where ' swaps the last two axes"
            )
        look = "the Hessian itself: it is symmetric, but not that of f"
        assert_close("derivatives.hessian", got, oracles.derivatives(weights, z)[1], rtol=10 * SECOND, look=look)


@exercise("2.4", weight=0.25)
def test_hessian_calls_f_with_whole_batches(student, rng):
    """hessian: about (2 d)^2 N rows are evaluated, in (2 d)^2 calls or a few more, not point by point."""
    N, d = 150, 3
    asked = judge(student, rng, "hessian", (2,), N, d, rtol=SECOND, look="the answer, for many points in one batch")
    judge_calls("hessian", asked, N, d, "(2 d)^2", 4 * d**2)


def judge_autograd(student, rng, name, order):
    for out, N, d in [((3,), 5, 4), ((), 6, 3), ((2, 3), 4, 5), ((), 12, 1), ((4,), 1, 3)]:
        weights, z = oracles.draw_weights(rng, d, out), rng.normal(size=(N, d))
        network = student.derivatives.Network(*(np.array(part) for part in weights))
        got = getattr(student.derivatives, name)(network, np.array(z))
        expected = oracles.derivatives(weights, z)[order - 1]
        assert_shape(f"derivatives.{name}", got, expected.shape, DIMS["hessian" if order == 2 else "jacobian"])
        look = "the axes first ([N, ...] of f, then d); then the precision: tensors are float64, as the arrays are"
        assert_close(f"derivatives.{name} of f: [N, d] -> {shown(out)}", got, expected, rtol=ROUNDING, look=look)


@exercise("2.4", weight=0.75)
def test_autograd_jacobian_is_exact_to_rounding(student, rng):
    """autograd_jacobian: twelve digits of the first derivatives of a network with scalar, vector or matrix results."""
    judge_autograd(student, rng, "autograd_jacobian", 1)


@exercise("2.4", weight=0.75)
def test_autograd_hessian_is_exact_to_rounding(student, rng):
    """autograd_hessian: twelve digits of the second derivatives of a network with scalar, vector or matrix results."""
    judge_autograd(student, rng, "autograd_hessian", 2)
