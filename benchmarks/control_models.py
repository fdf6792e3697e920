"""The dynamics of homework 2's tasks as a user of the peers would write them: plain formulas and their derivatives.

One text serves floats (math), torch and CasADi, whose sin and cos are in `f`. A state is a tuple of n numbers (or
columns), a control a tuple of m; `slopes` returns n rows of n + m, dx'/dx and then dx'/du. The physics stands in
course/systems/swing_tasks.py. The course's own task rolls out and scores the controls of every peer, so a formula that
differs shows in J.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from course.systems.swing_tasks import CART, CARTPOLE_DT, GRAVITY, LENGTH, PENDULUM_DT, POLE


class Model(NamedTuple):
    """motion(f, x, u) -> next state, n numbers; slopes(f, x, u) -> its derivatives, n rows of n + m numbers."""

    motion: Callable
    slopes: Callable


def pendulum(f, x, u):
    """Move the pendulum."""
    return x[0] + PENDULUM_DT * x[1], x[1] + PENDULUM_DT * (GRAVITY * f.sin(x[0]) + u[0])


def pendulum_slopes(f, x, u):
    """Differentiate `pendulum`."""
    return (1.0, PENDULUM_DT, 0.0), (PENDULUM_DT * GRAVITY * f.cos(x[0]), 1.0, PENDULUM_DT)


def cartpole(f, x, u):
    """Move the cart-pole."""
    sin, cos, whirl = f.sin(x[1]), f.cos(x[1]), LENGTH * x[3] * x[3]
    h = CART + POLE * sin * sin
    push = (POLE * sin * (whirl + GRAVITY * cos) + u[0]) / h
    turn = -((CART + POLE) * GRAVITY * sin + POLE * whirl * sin * cos + u[0] * cos) / (h * LENGTH)
    return x[0] + CARTPOLE_DT * x[2], x[1] + CARTPOLE_DT * x[3], x[2] + CARTPOLE_DT * push, x[3] + CARTPOLE_DT * turn


def cartpole_slopes(f, x, u):
    """Differentiate `cartpole`: both accelerations are a numerator over h, by angle, angular speed and force."""
    sin, cos, whirl = f.sin(x[1]), f.cos(x[1]), LENGTH * x[3] * x[3]
    h, dh = CART + POLE * sin * sin, 2 * POLE * sin * cos
    double = cos * cos - sin * sin
    push = (POLE * sin * (whirl + GRAVITY * cos) + u[0]) / h
    turn = -((CART + POLE) * GRAVITY * sin + POLE * whirl * sin * cos + u[0] * cos) / (h * LENGTH)
    push_angle = (POLE * (whirl * cos + GRAVITY * double) - push * dh) / h
    turn_angle = ((u[0] * sin - (CART + POLE) * GRAVITY * cos - POLE * whirl * double) / LENGTH - turn * dh) / h
    push_speed, turn_speed = 2 * POLE * LENGTH * sin * x[3] / h, -2 * POLE * sin * cos * x[3] / h
    dt = CARTPOLE_DT
    return (
        (1.0, 0.0, dt, 0.0, 0.0),
        (0.0, 1.0, 0.0, dt, 0.0),
        (0.0, dt * push_angle, 1.0, dt * push_speed, dt / h),
        (0.0, dt * turn_angle, 0.0, 1.0 + dt * turn_speed, -dt * cos / (h * LENGTH)),
    )


MODELS = {
    "pendulum_a": Model(pendulum, pendulum_slopes),
    "pendulum_b": Model(pendulum, pendulum_slopes),
    "euler_cartpole": Model(cartpole, cartpole_slopes),
}
"""By the name of the course's task."""
