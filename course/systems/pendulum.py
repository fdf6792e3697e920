"""An inverted pendulum with a motor at its pivot, in a gusty wind.

    m l^2 theta'' = m g l sin(theta) - b theta' + tau + wind(t)        a point mass on a massless rod

State [theta, theta'], rad and rad/s, theta = 0 upright and positive with the torque; control [tau], N m. Near
upright sin(theta) = theta up to theta^3 / 6: 0.5 % at 10 degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course.systems.lq import LQProblem, tracking_cost, zero_order_hold


@dataclass(frozen=True)
class Pendulum:
    """The pendulum's constants."""

    mass: float = 1.0  # kg
    length: float = 0.5  # m
    damping: float = 0.05  # N m s, friction in the pivot
    gravity: float = 9.81  # m/s^2
    gust: float = 0.2  # N m, torque of the wind at its strongest
    gust_period: float = 1.5  # s
    step: float = 0.05  # s, between two controls

    @property
    def inertia(self) -> float:
        """kg m^2, about the pivot."""
        return self.mass * self.length**2

    def wind(self, t: int | np.ndarray) -> np.ndarray:
        """Return the wind's torque, N m, constant during step `t`."""
        return self.gust * np.sin(2 * np.pi * self.step * np.asarray(t) / self.gust_period) ** 2

    def energy(self, x: np.ndarray) -> np.ndarray:
        """Return the energy, J, of states x [..., 2]: zero at rest and hanging level."""
        weight = self.mass * self.gravity * self.length
        return 0.5 * self.inertia * x[..., 1] ** 2 + weight * np.cos(x[..., 0])


STANDARD = Pendulum()


def pendulum_dynamics(pendulum: Pendulum = STANDARD, substeps: int = 5) -> Callable:
    """Return the nonlinear step `dynamics(x [2], u [1], t) -> x' [2]`, control and wind held during the step.

    The classical Runge-Kutta method of order 4, `substeps` times a step.
    """

    def rate(x, torque):
        weight = pendulum.mass * pendulum.gravity * pendulum.length
        acceleration = (weight * np.sin(x[0]) - pendulum.damping * x[1] + torque) / pendulum.inertia
        return np.array([x[1], acceleration])

    def dynamics(x, u, t):
        torque, h = u[0] + pendulum.wind(t), pendulum.step / substeps
        for _ in range(substeps):
            k1 = rate(x, torque)
            k2 = rate(x + h / 2 * k1, torque)
            k3 = rate(x + h / 2 * k2, torque)
            k4 = rate(x + h * k3, torque)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x

    return dynamics


def linearised(pendulum: Pendulum = STANDARD) -> tuple[np.ndarray, np.ndarray]:
    """Return A [2, 2] and B [2, 1] of the continuous motion near upright."""
    A = np.array([[0.0, 1.0], [pendulum.gravity / pendulum.length, -pendulum.damping / pendulum.inertia]])
    return A, np.array([[0.0], [1 / pendulum.inertia]])


def pendulum_problem(steps: int = 60, pendulum: Pendulum = STANDARD) -> LQProblem:
    """Lean slowly to one side and back, from a push, with the wind known in advance."""
    A, B = zero_order_hold(*linearised(pendulum), pendulum.step)
    t = np.arange(steps)
    swing = 2 * np.pi / (steps * pendulum.step)  # rad/s, one swing over the whole time
    target = np.zeros((steps, 3))
    target[:, 0] = 0.1 * np.sin(swing * pendulum.step * t)
    target[:, 1] = 0.1 * swing * np.cos(swing * pendulum.step * t)
    C, c = tracking_cost(1 / np.array([0.05, 0.5, 1.0]) ** 2, target)
    return LQProblem(
        F=np.tile(np.concatenate([A, B], axis=1), (steps, 1, 1)),
        f=pendulum.wind(t)[:, None] * B[:, 0],
        C=C,
        c=c,
        x0=np.array([0.15, 0.0]),
    )
