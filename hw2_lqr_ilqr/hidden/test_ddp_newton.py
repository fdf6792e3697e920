"""Hidden tests of exercise 2.6: `costates` and `newton_direction`. What is expected: torch's gradient and dense Hessian
of J in all controls at once."""

from __future__ import annotations

import ddp_oracles as oracles
import numpy as np
from ddp_checks import record

from course.testing import SINGLE, assert_close, exercise


@exercise("2.6", weight=1)
def test_costates_are_the_slopes_of_the_cost_to_come(student, rng, reference, once):
    """costates: lam[t] is the derivative in x_t of the cost from t on, with all controls as they are."""

    def prepare():
        cases = [oracles.case(rng, T, n, m) for T, n, m in [(5, 3, 2), (1, 2, 3)]]
        return [(case, oracles.tail_slopes(case)) for case in cases]

    for case, expected in once(prepare):
        answer = student.ddp.costates(record(reference, case.parts))
        look = "lam[T] is the slope of the final cost; before it, what x_t costs itself and what it does to x_{t+1}"
        assert_close("ddp.costates", answer, expected, rtol=SINGLE, look=look)


def solvable(rng, T, n, m, definite):
    """Draw a case whose Hessian is well conditioned: positive definite, or with eigenvalues of both signs."""
    while True:
        problem = oracles.draw(rng, n, m, bend=0.7 if definite else 1.2)
        x, u = oracles.nominal(rng, problem, T)
        parts = oracles.expand(problem, x, u)
        g, H = oracles.whole_cost(problem, x[0], u)
        sizes = np.abs(np.linalg.eigvalsh(H))
        least = [np.abs(np.linalg.eigvalsh(block)).min() for block in tail_blocks(H, T, m)]
        if min(least) > 0.3 and sizes.max() < 200 and definite == np.all(np.linalg.eigvalsh(H) > 0):
            return oracles.Case(problem, x, u, parts), -np.linalg.solve(H, g).reshape(T, m)


def tail_blocks(H, T, m):
    """Return the Hessians of the tails: those in u_t … u_{T-1}. A sweep from the end needs all of them invertible."""
    return [H[t * m :, t * m :] for t in range(T)]


LOOK = "Q_t: the second-order term takes the costate of the next state; then the linear model from dx_0 = 0 on"


@exercise("2.6", weight=1.5)
def test_newton_direction_is_the_newton_step_of_all_controls(student, rng, reference, once):
    """newton_direction: H du = -g with gradient and Hessian of J in all the controls at once."""
    for case, expected in once(lambda: [solvable(rng, 5, 3, 2, True), solvable(rng, 2, 2, 3, True)]):
        answer = student.ddp.newton_direction(record(reference, case.parts))
        assert_close("ddp.newton_direction", answer, expected, rtol=SINGLE, look=LOOK)


@exercise("2.6", weight=0.5)
def test_newton_direction_does_not_need_a_minimum(student, rng, reference, once):
    """newton_direction: the same where the Hessian of J has eigenvalues of both signs."""
    case, expected = once(lambda: solvable(rng, 4, 3, 2, False))
    answer = student.ddp.newton_direction(record(reference, case.parts))
    look = "the gains of this sweep: zero gradient is all that is asked, with no test of Q_uu and no mu"
    assert_close("ddp.newton_direction where H is indefinite", answer, expected, rtol=SINGLE, look=look)
