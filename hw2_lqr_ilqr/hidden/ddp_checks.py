"""What the hidden tests of exercise 2.6 share: how the student is asked, and how answers are compared."""

from __future__ import annotations

import ddp_oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, fields

NAMES = "K k V v linear quadratic"
LOOKS = {
    "K": "Q_ux and Q_uu: all of the second order, also what bends in x and u together",
    "k": "Q_uu and q_u of this step, made with V and v of the step after",
    "V": "the long formula, with Q as it is without mu",
    "v": "the long formula, with Q and q as they are without mu",
    "linear": "the sum of k'q_u over all steps",
    "quadratic": "the sum of k'Q_uu k over all steps, Q_uu without mu",
}
REGULARISED = "mu: on Q_uu alone, or on V_{t+1} in Q_uu and in Q_ux; not in V, v, linear, quadratic"


def record(reference, parts):
    """Make a fresh Expansion of copies of F, C, c, C_final, c_final, D."""
    return reference.expansion.Expansion(*(np.array(part) for part in parts))


def ask(student, reference, parts, mu=0.0):
    """Call the student's backward pass. Returns its answer, whatever it is."""
    return student.ddp.backward(record(reference, parts), float(mu))


def unpack(answer, T, n, m):
    """Return K, k, V, v, linear, quadratic of an answer in a dict, checked for shape and size."""
    if answer is None:
        raise Mismatch(
            "ddp.backward returned None, expected gains\n  look at: the test of the regularised Q_uu: positive "
            "definite means that all its eigenvalues are above zero, and here they are"
        )
    shapes = {
        "K": ((T, m, n), "[T, m, n]"), "k": ((T, m), "[T, m]"), "V": ((T + 1, n, n), "[T+1, n, n]"),
        "v": ((T + 1, n), "[T+1, n]"), "linear": ((), ""), "quadratic": ((), ""),
    }  # fmt: skip
    got = dict(zip(NAMES.split(), fields(answer, NAMES, who="ddp.backward"), strict=True))
    return {name: assert_shape(f"ddp.backward: {name}", got[name], *shapes[name]) for name in shapes}


def compare(got, expected, names, where="", look=""):
    """Compare some of the results with what is expected of them."""
    for name in names.split():
        wanted = getattr(expected, name)
        assert_close(f"ddp.backward: {name}{where}", got[name], wanted, rtol=SINGLE, look=look or LOOKS[name])


def agrees(got, expected, names):
    """Tell whether all these results are the expected ones."""
    try:
        compare(got, expected, names)
    except Mismatch:
        return False
    return True


def both_ways(case, mu, extra=None):
    """Return what the two regularisations lead to: on Q_uu, and on V in both Q_uu and Q_ux."""
    arguments = case.problem, case.x, case.u, mu
    return [ddp_oracles.recursion(*arguments, on_value=on_value, extra=extra) for on_value in (False, True)]


def compare_either(got, expected, names):
    """Accept either regularisation, the same one in all results; otherwise say where the nearer one differs."""
    if any(agrees(got, one, names) for one in expected):
        return
    distances = [float(np.max(np.abs(got["K"] - one.K))) for one in expected]
    nearer = expected[int(np.argmin(distances))]
    compare(got, nearer, names, where=" at mu > 0", look=REGULARISED)
