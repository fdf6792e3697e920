"""Hidden tests of exercise 3.4, third part: the constants of a pendulum, found from what it does."""

from __future__ import annotations

import linear_models_oracles as oracles
import numpy as np

from course.testing import EXACT, SINGLE, assert_close, assert_shape, exercise, fields

NAMES = "length mass damping"
LOOK = {
    "length": "the number in front of sin(theta) is gravity / length",
    "mass": "the number in front of the torque is 1 / (mass length^2)",
    "damping": "the number in front of the speed is - damping / (mass length^2)",
}


def constants(rng):
    """Draw length (m), mass (kg) and damping (N m s), so that all three show in the acceleration."""
    length, mass = rng.uniform(0.4, 1.2), rng.uniform(0.5, 2.0)
    return np.array([length, mass, rng.uniform(1.0, 2.0) * mass * length**2])


def observed(rng, reference, made, N, dt, gravity, noise=0.0):
    """Observe N separate steps: angles over several turns, speeds, torques. noise: share of the spread."""
    length, mass, _ = made
    s = np.column_stack([rng.uniform(-10, 10, size=N), rng.normal(0.5, 5.0, size=N)])
    a = rng.normal(0.5, 1.0, size=(N, 1)) * 8 * mass * length**2
    s_next = oracles.turned(s, a, made, dt, gravity)
    change = np.std(s_next[:, 1] - s[:, 1])
    s_next[:, 1] += noise * change * rng.normal(size=N)
    done = rng.random(N) < 0.1
    return reference.transitions.Transitions(s, a, rng.normal(size=N), s_next, done)


def judge(got, expected, rtol, what=""):
    """Compare each of the three constants on its own scale."""
    parts = fields(got, NAMES, who="linear_models.identify_pendulum")
    for name, part, right in zip(NAMES.split(), parts, expected, strict=True):
        who = f"linear_models.identify_pendulum: {name}{what}"
        part = assert_shape(who, part, (), look="three numbers")
        assert_close(who, part, float(right), rtol=rtol, look=LOOK[name])


@exercise("3.4", weight=1)
def test_the_constants_are_found_from_clean_data(student, rng, reference):
    """identify_pendulum: without noise the constants come out, for any time step and on any planet."""
    for dt, gravity in [(0.05, 9.81), (0.1, 1.62), (0.02, 24.8)]:
        made = constants(rng)
        D = observed(rng, reference, made, 40, dt, gravity)
        judge(student.linear_models.identify_pendulum(D, dt, gravity), made, SINGLE)


@exercise("3.4", weight=0.25)
def test_clean_data_leave_no_error_but_rounding(student, rng, reference):
    """identify_pendulum: in double precision, and with the gravity of the Earth by default, 8 digits are right."""
    made = constants(rng)
    D = observed(rng, reference, made, 200, 0.05, 9.81)
    judge(student.linear_models.identify_pendulum(D, 0.05), made, EXACT)


@exercise("3.4", weight=0.75)
def test_noise_is_answered_by_least_squares(student, rng, reference):
    """identify_pendulum: where no constants fit, those whose next speeds have the least sum of squared errors."""
    for dt, gravity in [(0.05, 9.81), (0.1, 3.7)]:
        made = constants(rng)
        D = observed(rng, reference, made, 40, dt, gravity, noise=0.1)
        expected = oracles.searched(D, made, dt, gravity)
        judge(student.linear_models.identify_pendulum(D, dt, gravity), expected, SINGLE, " from noisy data")


@exercise("3.4", weight=0.5)
def test_two_hundred_noisy_transitions_are_enough(student, rng, reference):
    """identify_pendulum: with 1 % of noise on the change of speed, 200 transitions give each constant to 2 %."""
    # Metric: the largest relative error of the three constants; the threshold is 0.02.
    # Over 2000 seeds of the reference: median 0.0023, 99.9 % below 0.0091, largest 0.0105; the root mean square of
    # the worst constant, the mass, is 0.0027. The threshold is 7 of these away: a false failure is rarer than 1e-11.
    made = constants(rng)
    D = observed(rng, reference, made, 200, 0.05, 9.81, noise=0.01)
    judge(student.linear_models.identify_pendulum(D, 0.05, 9.81), made, 0.02, " from 200 noisy transitions")
