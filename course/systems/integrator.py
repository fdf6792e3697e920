"""The double integrator: a mass on a frictionless line, pushed left and right.

    p' = v,   v' = a                    exactly, for a held during h seconds:  p += h v + h^2 a / 2,   v += h a

    J = -sum_{t<T} 1/2 (p_t^2 + 0.1 v_t^2 + 0.01 a_t^2) - 5 (p_T^2 + v_T^2)

State [p, v], m and m/s; action [a], m/s^2. Linear dynamics, concave reward and an interval of actions: the best plan
is the solution of a quadratic program, which a planner can be measured against.
"""

from __future__ import annotations

from course.systems.system import System


def double_integrator(dt: float = 0.1) -> System:
    """Come to rest at the origin from 1 m away, with at most 5 m/s^2."""

    def motion(xp, state, action):
        (p, v), (a,) = state, action
        change = dt * a
        return p + dt * (v + 0.5 * change), v + change

    def gain(xp, state, action):
        (p, v), (a,) = state, action
        return -0.5 * (p * p) - 0.05 * (v * v) - 0.005 * (a * a)

    def end(xp, state):
        p, v = state
        return -5.0 * (p * p + v * v)

    return System(
        name="double_integrator",
        states=("position (m)", "velocity (m/s)"),
        actions=("acceleration (m/s^2)",),
        dt=dt,
        low=[-5.0],
        high=[5.0],
        start=[1.0, 0.0],
        motion=motion,
        gain=gain,
        end=end,
    )
