"""Swing a pendulum up with a motor too weak to lift it: Gymnasium's Pendulum-v1, step for step.

    theta'' = 3 g / (2 l) sin(theta) + 3 / (m l^2) torque          a uniform rod; g = 10 m/s^2, m = 1 kg, l = 1 m

Gymnasium integrates by the semi-implicit Euler method with h = 0.05 s: the speed first, cut to 8 rad/s either way,
then the angle with the new speed. The reward is -(theta^2 + 0.1 theta'^2 + 0.001 torque^2) with theta brought to
[-pi, pi) first, for the state before the step; 0 is the best, about -16.3 the worst.

State [theta, theta'], rad and rad/s, theta = 0 upright and positive counter-clockwise, not brought to [-pi, pi);
action [torque], N m. Holding the rod level would take 5 N m, and the motor gives 2 unless told otherwise.
"""

from __future__ import annotations

import math

from course.systems.system import System

MAX_SPEED = 8.0  # rad/s
GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0  # m/s^2, kg, m


def swingup_pendulum(torque: float = 2.0) -> System:
    """Swing up from hanging at rest and stay upright, with at most `torque` N m either way."""
    dt = 0.05
    weight, lever = 3 * GRAVITY / (2 * LENGTH), 3.0 / (MASS * LENGTH**2)

    def motion(xp, state, action):
        (theta, speed), (push,) = state, action
        speed = xp.clip(speed + (weight * xp.sin(theta) + lever * push) * dt, -MAX_SPEED, MAX_SPEED)
        return theta + speed * dt, speed

    def gain(xp, state, action):
        (theta, speed), (push,) = state, action
        angle = (theta + math.pi) % (2 * math.pi) - math.pi
        return -(angle * angle + 0.1 * (speed * speed) + 0.001 * (push * push))

    return System(
        name="swingup_pendulum",
        states=("angle (rad)", "angular speed (rad/s)"),
        actions=("torque (N m)",),
        dt=dt,
        low=[-torque],
        high=[torque],
        start=[math.pi, 0.0],
        motion=motion,
        gain=gain,
    )
