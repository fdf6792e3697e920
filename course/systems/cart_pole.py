"""A pole hinged on a cart that a motor pushes along a track: balance it, or swing it up first.

    (M + m) x'' + m l (theta'' cos(theta) - theta'^2 sin(theta)) = F
    4/3 l theta'' + x'' cos(theta) = g sin(theta)

The pole is a uniform rod of mass m whose centre is l from the hinge; no friction. The first equation is Newton's for
cart and pole together, the second the moments about the hinge; solved for theta'' they are Barto, Sutton and
Anderson's (1983, doi:10.1109/TSMC.1983.6313077) without their friction, with their numbers, which are Gymnasium's
CartPole too: M = 1 kg, m = 0.1 kg, l = 0.5 m, g = 9.8 m/s^2, |F| <= 10 N. Here F is any force within the bounds, not
one of two, and nothing ends when the pole falls.

Integrated by the classical Runge-Kutta method of order 4, one step of 0.05 s for every action.

    reward = -[2 (1 - cos(theta)) + 0.1 x^2 + 0.01 theta'^2 + 0.01 x'^2 + 0.001 F^2]

It is smooth everywhere, zero only upright at rest in the middle, and near there 2 (1 - cos(theta)) = theta^2.

State [x, x', theta, theta'], m, m/s, rad, rad/s, in the order of Gymnasium's CartPole; theta = 0 upright, positive
when the pole leans towards positive x, not brought to [-pi, pi). Action [F], N, positive towards positive x.
"""

from __future__ import annotations

import math

from course.systems.system import System

CART, POLE, HALF_LENGTH, GRAVITY = 1.0, 0.1, 0.5, 9.8  # kg, kg, m, m/s^2
TOTAL = CART + POLE  # kg
LEVER = POLE * HALF_LENGTH / TOTAL  # m, from the hinge to the centre of mass of cart and pole together
LEAN = 0.1  # rad, from which balancing starts


def accelerations(xp, theta, speed, force) -> tuple:
    """Return x'' (m/s^2) and theta'' (rad/s^2), each [...], of columns [...] of angle, angular speed and force."""
    sin, cos = xp.sin(theta), xp.cos(theta)
    push = force / TOTAL + LEVER * (speed * speed * sin)  # m/s^2, what x'' would be if theta'' were 0
    turn = (GRAVITY * sin - cos * push) / (4 / 3 * HALF_LENGTH - LEVER * (cos * cos))
    return push - LEVER * (turn * cos), turn


def cartpole(swing_up: bool = False, dt: float = 0.05) -> System:
    """Balance the pole from a lean of 0.1 rad; with `swing_up`, from hanging at rest. dt: s, between two forces."""
    half = dt / 2

    def motion(xp, state, action):
        # The four stages of Runge-Kutta's method. No acceleration depends on x or x', so theta is enough for them.
        (x, velocity, theta, speed), (force,) = state, action
        a1, b1 = accelerations(xp, theta, speed, force)
        speed2 = speed + half * b1
        a2, b2 = accelerations(xp, theta + half * speed, speed2, force)
        speed3 = speed + half * b2
        a3, b3 = accelerations(xp, theta + half * speed2, speed3, force)
        a4, b4 = accelerations(xp, theta + dt * speed3, speed + dt * b3, force)
        a, b = a2 + a3, b2 + b3
        return (
            x + dt * (velocity + dt / 6 * (a1 + a)),
            velocity + dt / 6 * (a1 + 2 * a + a4),
            theta + dt * (speed + dt / 6 * (b1 + b)),
            speed + dt / 6 * (b1 + 2 * b + b4),
        )

    def gain(xp, state, action):
        (x, velocity, theta, speed), (force,) = state, action
        place = 0.1 * (x * x) + 0.01 * (velocity * velocity + speed * speed) + 0.001 * (force * force)
        return 2 * (xp.cos(theta) - 1) - place

    return System(
        name="cartpole_swingup" if swing_up else "cartpole",
        states=("position (m)", "velocity (m/s)", "angle (rad)", "angular speed (rad/s)"),
        actions=("force (N)",),
        dt=dt,
        low=[-10.0],
        high=[10.0],
        start=[0.0, 0.0, math.pi if swing_up else LEAN, 0.0],
        motion=motion,
        gain=gain,
    )
