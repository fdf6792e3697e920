"""Swing-ups with formulas of their own, integrated by the explicit Euler method: small, smooth, and well measured.

Pendulum, a point mass of 1 kg on a massless rod of 1 m, g = 9.81 m/s^2, dt = 0.05 s, no friction:

    theta'' = g sin(theta) + u                       state [theta, theta'], theta = 0 upright; it starts hanging, at pi

Cart-pole, a point mass m = 2 kg on a massless rod of l = 1 m, hinged on a cart of M = 10 kg, dt = 0.1 s:

    (M + m sin^2) p''       = m sin (l theta'^2 + g cos) + u
    (M + m sin^2) l theta'' = -(M + m) g sin - m l theta'^2 sin cos - u cos

State [p, theta, p', theta'], theta = 0 HANGING and positive counter-clockwise, so upright is pi; the pole's end is at
(p + l sin, -l cos). It is the swing-up task of Stanford's course AA203, Optimal and Learning-based Control.

The least costs are known from independent solvers: 59.117744 (pendulum_a), 82.863503 (pendulum_b) and 1223.91589
(euler_cartpole), from the start and with the number of steps that come without arguments.
"""

from __future__ import annotations

import math

from course.systems.task import Task, on_columns

GRAVITY = 9.81  # m/s^2
PENDULUM_DT, CARTPOLE_DT = 0.05, 0.1  # s
CART, POLE, LENGTH = 10.0, 2.0, 1.0  # kg, kg, m


def pendulum_a(T: int = 60) -> Task:
    """Swing up and stay: every stage costs, so the way up is short and strong."""
    return _pendulum("pendulum_a", T, Q=[1.0, 0.1], R=[0.01], Q_final=[100.0, 10.0])


def pendulum_b(T: int = 100) -> Task:
    """Be upright and at rest at the end, with little torque on the way: it swings to and fro first."""
    return _pendulum("pendulum_b", T, Q=[0.0, 0.0], R=[1.0], Q_final=[1000.0, 100.0])


def _pendulum(name: str, T: int, **weights) -> Task:
    def motion(xp, state, control):
        (theta, speed), (torque,) = state, control
        return theta + PENDULUM_DT * speed, speed + PENDULUM_DT * (GRAVITY * xp.sin(theta) + torque)

    return Task(
        name=name,
        states=("angle (rad)", "angular speed (rad/s)"),
        controls=("torque (N m)",),
        dt=PENDULUM_DT,
        T=T,
        x0=[math.pi, 0.0],
        goal=[0.0, 0.0],
        move=on_columns(motion),
        **weights,
    )


def euler_cartpole(T: int = 99) -> Task:
    """Swing the pole up by pushing its cart, and bring the cart back to the middle."""

    def motion(xp, state, control):
        (position, theta, velocity, speed), (force,) = state, control
        sin, cos = xp.sin(theta), xp.cos(theta)
        h = CART + POLE * (sin * sin)
        whirl = LENGTH * (speed * speed)
        push = (POLE * sin * (whirl + GRAVITY * cos) + force) / h
        turn = -((CART + POLE) * GRAVITY * sin + POLE * whirl * sin * cos + force * cos) / (h * LENGTH)
        return (
            position + CARTPOLE_DT * velocity,
            theta + CARTPOLE_DT * speed,
            velocity + CARTPOLE_DT * push,
            speed + CARTPOLE_DT * turn,
        )

    return Task(
        name="euler_cartpole",
        states=("position (m)", "angle (rad)", "velocity (m/s)", "angular speed (rad/s)"),
        controls=("force (N)",),
        dt=CARTPOLE_DT,
        T=T,
        x0=[0.0, 0.0, 0.0, 0.0],
        goal=[0.0, math.pi, 0.0, 0.0],
        Q=[10.0, 10.0, 2.0, 2.0],
        R=[0.01],
        Q_final=[100.0, 100.0, 100.0, 100.0],
        move=on_columns(motion),
    )
