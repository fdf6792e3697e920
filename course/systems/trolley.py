"""The double integrator: a trolley on a level track, pushed by its motor and by the wind.

    p'' = a + wind(t)

State [p, p'], m and m/s; control [a], m/s^2. The exact step for h seconds is p += h v + h^2 a / 2, v += h a.
"""

from __future__ import annotations

import numpy as np

from course.systems.lq import LQProblem, tracking_cost, zero_order_hold

HEADWIND = 0.3  # m/s^2, deceleration by the wind once it is up


def continuous() -> tuple[np.ndarray, np.ndarray]:
    """Return A [2, 2] and B [2, 1] of the continuous motion."""
    return np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]])


def trolley_problem(steps: int = 50, step: float = 0.1) -> LQProblem:
    """Be at 1 m during the first half and at 0 m during the second, in a headwind that rises.

    steps: T.  step: seconds between two controls.
    """
    A, B = zero_order_hold(*continuous(), step)
    t = np.arange(steps)
    wind = -HEADWIND * t / steps
    target = np.zeros((steps, 3))
    target[:, 0] = np.where(t < steps // 2, 1.0, 0.0)
    C, c = tracking_cost(np.array([10.0, 0.1, 0.5]), target)
    return LQProblem(
        F=np.tile(np.concatenate([A, B], axis=1), (steps, 1, 1)),
        f=wind[:, None] * B[:, 0],
        C=C,
        c=c,
        x0=np.zeros(2),
    )
