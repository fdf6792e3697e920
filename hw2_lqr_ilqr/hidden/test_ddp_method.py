"""Hidden tests of exercise 2.6: the whole method, with the student's `backward` in the reference's loop.

J is ours, computed from controls that our roll-outs derive from the student's gains. With a Gauss-Newton pass (D = 0)
the loop makes 49 passes on pendulum-B and 5 on pendulum-A; with DDP, mu on Q_uu, 21 on B and 29 on A.
"""

from __future__ import annotations

import numpy as np
from ddp_checks import ask, unpack
from ddp_loop import BEST_A, BEST_B, PENDULUM_A, PENDULUM_B, optimise

from course.testing import Mismatch, exercise

STAY = "which step's slope goes into which Q_t, and that Q_t gets all of the second-order term"


def run(student, reference, task, u, iterations):
    """Run the loop around the student's backward pass. Returns the Solution, and how many passes had no gains."""

    def backward(E, mu):
        answer = ask(student, reference, E, mu)
        return None if answer is None else reference.expansion.Gains(**unpack(answer, task.T, 2, 1))

    return optimise(reference, backward, task, u, iterations)


def near(got, best):
    """Tell whether J is the known optimum, to 1e-4."""
    return abs(got / best - 1) <= 1e-4


@exercise("2.6", weight=1)
def test_ddp_swings_pendulum_a_up(student, reference):
    """The whole method: DDP finds the optimum of pendulum-A, though Q_uu is indefinite on the way."""
    ran, refused = run(student, reference, PENDULUM_A, np.zeros((60, 1)), 80)
    if not near(ran.costs[-1], BEST_A):
        raise Mismatch(
            f"ddp.backward in a loop with line search: J is {ran.costs[-1]:.6g} after {len(ran.costs) - 1} accepted "
            f"steps on pendulum-A, expected the optimum that iLQR finds\n  look at: {STAY}; None where mu has to grow"
        )
    if not refused:
        raise Mismatch(
            "ddp.backward never returned None on the way to the optimum of pendulum-A, expected it where Q_uu, with "
            f"the second-order term, is not positive definite\n  look at: {STAY}"
        )


@exercise("2.6", weight=1.5)
def test_ddp_needs_fewer_iterations_than_ilqr_on_pendulum_b(student, reference):
    """The whole method: DDP finds the optimum of pendulum-B in 30 iterations, where iLQR needs about 50."""
    ran, _ = run(student, reference, PENDULUM_B, np.zeros((100, 1)), 30)
    if not near(ran.costs[-1], BEST_B):
        raise Mismatch(
            f"ddp.backward in a loop with line search: J is {ran.costs[-1]:.6g} after {len(ran.costs) - 1} accepted "
            f"steps on pendulum-B, expected the optimum within 30 passes\n  look at: {STAY}"
        )
    gaps = ran.costs - ran.costs[-1]
    if not np.any((gaps[:-1] > 1e-2) & (gaps[1:] < gaps[:-1] / 20) & (gaps[1:] < 1.0)):
        raise Mismatch(
            "ddp.backward in a loop with line search: the last steps on pendulum-B gain a constant factor each, "
            f"expected that the gap closes faster and faster\n  look at: {STAY}"
        )


SMALL, SMALLER = 8e-3, 1e-3  # disturbances of the best controls


def error_factors(student, reference, optimum, noise, size):
    """Take one full step from disturbed optimal controls [T, 1]; return by which factor the error in u changed."""
    factors = []
    for disturbance in size * noise:
        u = optimum + disturbance
        x = PENDULUM_B.start(u)
        got = unpack(ask(student, reference, PENDULUM_B.expand(x, u)), len(u), 2, 1)
        _, stepped = PENDULUM_B.forward(x, u, got["K"], got["k"], (1.0,))
        factors.append(np.linalg.norm(stepped[:, 0] - optimum) / np.linalg.norm(disturbance))
    return float(np.median(factors))


@exercise("2.6", weight=1)
def test_the_error_is_squared_near_the_optimum(student, rng, reference, once):
    """The whole method: near the optimum, a full step of DDP squares the error, where iLQR takes off a constant part.

    Factor by which the error in u changes, median of seven directions, from SMALLER and from SMALL, in 100 seeds:
    DDP 1e-4 … 4e-3 and 8 times as much; in single precision at most 5e-3, as rounding leaves about 1e-3. Nine tenths of
    the second-order term 0.017 … 0.06, half of it 0.05 … 0.14, none of it (iLQR) 0.08 … 0.23, the same from both. One
    direction in a hundred comes to 0.012; four of seven would have to.
    """

    def prepare():
        ran, _ = optimise(reference, reference.ddp.backward, PENDULUM_B, np.zeros((100, 1)), 60, tolerance=1e-15)
        return ran.u, rng.normal(size=(7, 100, 1))

    optimum, noise = once(prepare)
    with np.errstate(all="ignore"):
        far, close = (error_factors(student, reference, optimum, noise, size) for size in (SMALL, SMALLER))
    if not (close <= 0.012 and close <= far / 2 + 0.002):
        raise Mismatch(
            f"ddp.backward: a full step from near the optimum multiplies the error in u by {close:.2g}, and from eight "
            f"times as far by {far:.2g}; expected less than 0.012, and less from nearby\n  look at: {STAY}"
        )
