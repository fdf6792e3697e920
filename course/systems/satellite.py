"""A satellite flying beside another one on a circular orbit.

Relative motion in the orbit's plane (Hill 1878; Clohessy and Wiltshire 1960, doi:10.2514/8.8704), linear for
distances small beside the orbit's radius. With w the orbit's rate:

    x'' =  3 w^2 x + 2 w y' + a_x        x: outward from the Earth
    y'' =          - 2 w x' + a_y        y: along the direction of flight

State [x, y, x', y'] in km, km, m/s, m/s; control [a_x, a_y], the thrust acceleration, in mm/s^2. These units
keep all numbers near 1.
"""

from __future__ import annotations

import numpy as np

from course.systems.lq import LQProblem, tracking_cost, zero_order_hold

EARTH_MU = 3.986004418e14  # m^3/s^2, gravitational parameter (WGS 84)
EARTH_RADIUS = 6.378137e6  # m, at the equator (WGS 84)
DRAG = 0.01  # mm/s^2, difference in drag between two unlike satellites near 400 km: an order of magnitude
SI_PER_UNIT = np.array([1e3, 1e3, 1.0, 1.0])  # m per km, and m/s as they are


def orbital_rate(altitude: float = 400e3) -> float:
    """Return the rate w, rad/s, of a circular orbit `altitude` metres above the equator."""
    return float(np.sqrt(EARTH_MU / (EARTH_RADIUS + altitude) ** 3))


def continuous(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return A [4, 4] and B [4, 2] of the motion, in the units above and seconds."""
    w = rate
    A = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [3 * w**2, 0, 0, 2 * w], [0, 0, -2 * w, 0]])
    B = np.array([[0, 0], [0, 0], [1e-3, 0], [0, 1e-3]])  # m/s^2 per mm/s^2
    return A * SI_PER_UNIT / SI_PER_UNIT[:, None], B / SI_PER_UNIT[:, None]


def fly_around(rate: float, times: np.ndarray, size: float = 0.5) -> np.ndarray:
    """Return the states [T, 4] of a closed orbit around the other satellite, which needs no thrust.

    It is an ellipse twice as long along the flight as it is high: `size` km outward, 2 `size` km along.
    """
    phase = rate * times
    x, y = -size * np.cos(phase), 2 * size * np.sin(phase)
    speed = 1e3 * size * rate  # m/s
    return np.stack([x, y, speed * np.sin(phase), 2 * speed * np.cos(phase)], axis=1)


def satellite_problem(steps: int = 90, step: float = 60.0, altitude: float = 400e3) -> LQProblem:
    """Enter the fly-around ellipse from 2 km behind, against drag that differs between day and night.

    steps: T.  step: seconds between two controls; 92 of 60 s are one revolution.
    """
    rate = orbital_rate(altitude)
    times = step * np.arange(steps)
    A, B = zero_order_hold(*continuous(rate), step)
    drag = np.zeros((steps, 2))
    drag[:, 1] = -DRAG * (1 + 0.5 * np.cos(rate * times))  # the air is denser on the sunlit side
    target = np.concatenate([fly_around(rate, times), np.zeros((steps, 2))], axis=1)
    deviation = np.array([0.1, 0.1, 0.2, 0.2, 1.0, 1.0])  # km, m/s, mm/s^2: deviations that cost the same
    C, c = tracking_cost(1 / deviation**2, target)
    return LQProblem(
        F=np.tile(np.concatenate([A, B], axis=1), (steps, 1, 1)),
        f=drag @ B.T,
        C=C,
        c=c,
        x0=np.array([0.0, -2.0, 0.0, 0.0]),
    )
