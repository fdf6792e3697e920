"""A car that rolls without slipping: the kinematic bicycle, to be parked or to change lanes.

    x' = v cos(heading),   y' = v sin(heading),   heading' = v tan(delta) / L

With v and delta held for dt seconds the rear axle's middle runs along a circle of radius L / tan(delta), through the
angle phi = v tan(delta) dt / L. The step is this arc, exactly: a chord of length v dt sin(phi/2) / (phi/2) in the
direction heading + phi/2, which becomes the straight line as delta goes to 0.

State [x, y, heading], m, m, rad, of the middle of the rear axle, heading = 0 along x and positive to the left, not
brought to [-pi, pi); action [v, delta], speed in m/s (negative: reverse) and steering angle in rad (positive: left).
L is the wheelbase in m. The textbook model, as in LaValle, Planning Algorithms (2006), section 13.1.2.1.

    miss   = (x - x_goal)^2 + (y - y_goal)^2 + 2 L^2 (1 - cos(heading - heading_goal))
    reward = -0.02 miss - 0.01 (v^2 + delta^2),        final = -10 miss

`miss`, in m^2, is smooth: the squared distance of the rear axle from its place, plus that which the front axle would
have if only the heading were wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from course.systems.arrays import sinc
from course.systems.system import System


def arc(xp, state, action, L: float, dt: float) -> tuple:
    """Return x, y and heading, each [...], after the speed and steering angle in `action` were held for `dt` s.

    state: columns x, y, heading, each [...].  action: columns v, delta.  Nothing is clipped; |delta| < pi/2.
    """
    (x, y, heading), (v, delta) = state, action
    way = v * dt
    half_turn = way * xp.tan(delta) * (0.5 / L)
    chord = way * sinc(xp, half_turn)
    middle = heading + half_turn
    return x + chord * xp.cos(middle), y + chord * xp.sin(middle), middle + half_turn


def bicycle_car(
    L: float = 2.5,
    goal: Sequence[float] = (0.0, 0.0, 0.0),
    start: Sequence[float] = (6.0, 2.5, 0.0),
    dt: float = 0.2,
) -> System:
    """Bring a car of wheelbase `L` metres from `start` to `goal`, at most 2 m/s and 0.6 rad (34 degrees) of steering.

    goal, start: [3] x, y, heading. By default a parallel parking: the place is 6 m behind and 2.5 m to the right.
    A lane change is `bicycle_car(goal=(15, 3.5, 0), start=(0, 0, 0))`.
    """
    if not L > 0:
        raise ValueError(f"bicycle_car: L is {L}, expected a wheelbase above 0 m")
    x_goal, y_goal, heading_goal = (float(value) for value in goal)

    def motion(xp, state, action):
        return arc(xp, state, action, L, dt)

    def miss(xp, state):
        x, y, heading = state
        dx, dy = x - x_goal, y - y_goal
        return dx * dx + dy * dy + 2 * L**2 * (1 - xp.cos(heading - heading_goal))

    def gain(xp, state, action):
        v, delta = action
        return -0.02 * miss(xp, state) - 0.01 * (v * v + delta * delta)

    def end(xp, state):
        return -10.0 * miss(xp, state)

    return System(
        name="bicycle_car",
        states=("x (m)", "y (m)", "heading (rad)"),
        actions=("speed (m/s)", "steering angle (rad)"),
        dt=dt,
        low=[-2.0, -0.6],
        high=[2.0, 0.6],
        start=start,
        motion=motion,
        gain=gain,
        end=end,
    )
