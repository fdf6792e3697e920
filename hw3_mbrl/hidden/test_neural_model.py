"""Hidden tests of exercise 3.5: angles, inputs, differences, scalers, roll-outs.

Every function is tested by itself, on several angles in an order of their own, on columns of different sizes and with
n != m. The models that roll-outs are made with live on this side and note what they are asked.
"""

from __future__ import annotations

from typing import NamedTuple

import neural_oracles as oracles
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "neural_model"


class Scaler(NamedTuple):
    """A scaler of the test's own."""

    mean: np.ndarray
    std: np.ndarray


def states(rng, *shape):
    """Draw states whose columns differ in size, angles of several turns among them."""
    return rng.normal(size=shape) * np.linspace(1.0, 9.0, shape[-1])


@exercise("3.5", weight=0.75)
def test_wrap_keeps_the_direction(student, rng):
    """wrap: every angle is moved by whole turns to between -pi and pi, however many turns that takes."""
    look = "how many turns are taken off: as many as needed, in both directions, and none where none is needed"
    for shape in [(7,), (3, 4), (2, 3, 2)]:
        angle = rng.uniform(-3.0, 3.0, size=shape) + 2 * np.pi * rng.integers(-3, 4, size=shape)
        got = student.neural_model.wrap(np.array(angle))
        got = assert_shape(f"{WHO}.wrap", got, shape, "[...], as angle")
        assert_close(f"{WHO}.wrap", got, oracles.turned(angle), rtol=SINGLE, look=look)


@exercise("3.5", weight=1)
def test_inputs_hold_cos_and_sin_in_the_place_of_angles(student, rng):
    """inputs: cos of all angles, sin of all angles, the other states, the action; for any number of angles."""
    for N, n, m, angles in [(5, 5, 2, (3, 0)), (4, 3, 1, (1,)), (3, 2, 3, ()), (3, 2, 1, (0, 1))]:
        s, a = states(rng, N, n), rng.normal(size=(N, m))
        got = student.neural_model.inputs(np.array(s), np.array(a), angles)
        assert_shape(f"{WHO}.inputs: x", got, (N, n + len(angles) + m), "[N, n + k + m]")
        look = (
            "the order: cos of all angles as `angles` names them, their sin, the states that are no angles, the action"
        )
        assert_close(f"{WHO}.inputs: x", got, oracles.features(s, a, angles), rtol=SINGLE, look=look)


@exercise("3.5", weight=0.25)
def test_inputs_take_any_leading_axes(student, rng):
    """inputs: one state [n], or whole trajectories [N, T, n], are handled as a list of states is."""
    n, m, angles = 4, 2, (2,)
    for lead in [(), (3, 5)]:
        s, a = states(rng, *lead, n), rng.normal(size=(*lead, m))
        expected = oracles.features(s.reshape(-1, n), a.reshape(-1, m), angles).reshape(*lead, n + 1 + m)
        got = student.neural_model.inputs(np.array(s), np.array(a), angles)
        assert_shape(f"{WHO}.inputs: x", got, expected.shape, "[..., n + k + m]")
        assert_close(f"{WHO}.inputs: x", got, expected, rtol=SINGLE, look="the axis that is joined: the last")


@exercise("3.5", weight=1)
def test_differences_of_angles_take_the_shorter_way(student, rng):
    """differences: s' - s, where angles differ by the shorter way round and other states by what they differ by."""
    look = "which columns are wrapped: those of `angles`, and these after the subtraction"
    for shape, angles in [((6, 4), (2, 0)), ((5, 3), ()), ((2, 3, 2), (1,)), ((3,), (1,))]:
        s = states(rng, *shape)
        moved = rng.uniform(-2.9, 2.9, size=shape)
        s_next = s + moved + np.where(rng.random(shape) < 0.5, 2 * np.pi, 0.0)
        got = student.neural_model.differences(np.array(s), np.array(s_next), angles)
        got = assert_shape(f"{WHO}.differences", got, shape, "[..., n]")
        assert_close(f"{WHO}.differences", got, oracles.changes(s, s_next, angles), rtol=SINGLE, look=look)


def judge_scaler(got, x, look):
    """Compare a fitted scaler with the exact mean and standard deviation of x, each column in its own unit."""
    mean, std = fields(got, "mean std", who=f"{WHO}.fit_scaler")
    d = x.shape[1]
    mean = assert_shape(f"{WHO}.fit_scaler: mean", mean, (d,), "[d]")
    std = assert_shape(f"{WHO}.fit_scaler: std", std, (d,), "[d]")
    center, spread = oracles.measured(x)
    assert_close(
        f"{WHO}.fit_scaler: mean, in standard deviations",
        mean / spread,
        center / spread,
        rtol=SINGLE,
        look="the mean of each column, over the N rows",
    )
    assert_close(f"{WHO}.fit_scaler: std, over what it should be", std / spread, np.ones(d), rtol=SINGLE, look=look)


@exercise("3.5", weight=0.75)
def test_a_scaler_measures_every_column(student, rng):
    """fit_scaler: mean and standard deviation of every column, with division by N, also for two rows of data."""
    for N, d in [(2, 3), (5, 4), (40, 2)]:
        x = rng.normal(size=(N, d)) * np.geomspace(0.1, 30.0, d) + rng.normal(size=d)
        look = "how the standard deviation is made: of each column by itself, dividing by N (ddof 0), nothing added"
        judge_scaler(student.neural_model.fit_scaler(np.array(x)), x, look)


@exercise("3.5", weight=0.75)
def test_a_scaler_tells_constant_columns_from_small_ones(student, rng):
    """fit_scaler: a column of equal entries gets the std 1, and one that varies by a millionth keeps its own."""
    small = rng.normal(size=30) * 1e-6
    look = "equal entries, whose std comes out as 0 or, by rounding, as 1e-17; small entries need their own std"
    constants = [np.full(30, 0.1 * rng.integers(1, 10)) for _ in range(4)] + [np.zeros(30)]
    for x in [np.column_stack([small, *constants]), rng.normal(size=(1, 3))]:
        judge_scaler(student.neural_model.fit_scaler(np.array(x)), x, look)


@exercise("3.5", weight=0.5)
def test_scale_and_unscale_use_mean_and_std(student, rng):
    """scale, unscale: (x - mean) / std, and back again; for [d], [N, d] and [N, T, d]."""
    for shape in [(3,), (5, 2), (2, 4, 3)]:
        d = shape[-1]
        scaler = Scaler(rng.normal(size=d), rng.uniform(0.2, 4.0, size=d))
        z = rng.normal(size=shape)
        x = np.array([scaler.mean + number * scaler.std for number in z.reshape(-1, d)]).reshape(shape)
        got = student.neural_model.scale(np.array(x), scaler)
        assert_close(f"{WHO}.scale", got, z, rtol=SINGLE, look="the data's mean becomes 0, one std above it becomes 1")
        got = student.neural_model.unscale(np.array(z), scaler)
        assert_close(f"{WHO}.unscale", got, x, rtol=SINGLE, look="0 becomes the data's mean, 1 one std above it")


@exercise("3.5", weight=0.75)
def test_a_rollout_starts_each_prediction_from_the_last(student, rng):
    """rollout: s[:, 0] is s0, every later state is predicted from the one before; f is called once a time step."""
    for N, T, n, m in [(4, 6, 3, 2), (3, 1, 2, 3), (1, 4, 1, 1)]:
        f = oracles.Model(rng, n, m, N, T, f"{WHO}.rollout")
        s0, A = rng.normal(size=(N, n)), rng.normal(size=(N, T, m))
        with complaints_of(f):
            got = student.neural_model.rollout(f.answer, np.array(s0), np.array(A))
        got = assert_shape(f"{WHO}.rollout: s", got, (N, T + 1, n), "[N, T+1, n]")
        if len(f.asked) != T:
            raise Mismatch(f"{WHO}.rollout called f {len(f.asked)} times, expected T = {T}: once for each time step")
        expected = np.empty((N, T + 1, n))
        for i in range(N):
            expected[i, 0] = s0[i]
            for t in range(T):
                expected[i, t + 1] = f.step(expected[i, t], A[i, t])
        look = "s[:, t+1] = f(s[:, t], A[:, t]), where s[:, t] is itself a prediction for t > 0"
        assert_close(f"{WHO}.rollout: s", got, expected, rtol=SINGLE, look=look)


@exercise("3.5", weight=1)
def test_horizon_errors_measure_predictions_without_looking(student, rng):
    """horizon_errors: the RMSE h steps after the first states, from one roll-out; angles by the shorter way."""
    look = (
        "errors[h - 1]: predict h steps from s[:, 0] without looking; mean of the squares over N and n, then the root"
    )
    for N, T, n, m, angles in [(5, 4, 3, 2, ()), (4, 5, 2, 1, (1,)), (3, 1, 2, 3, (0, 1))]:
        drift, A = rng.normal(size=n), rng.normal(size=(N, T, m))
        f = oracles.Model(rng, n, m, N, T, f"{WHO}.horizon_errors", drift=drift)
        moved = np.concatenate([np.zeros((N, 1, n)), np.cumsum(drift + A @ f.B, axis=1)], axis=1)
        s = rng.normal(size=(N, 1, n)) + moved  # what f says, and then what it gets wrong:
        wrong = rng.uniform(-2.5, 2.5, size=(N, T, n)) * np.where(np.isin(np.arange(n), angles), 1, 3)
        turns = 2 * np.pi * rng.integers(-1, 2, size=(N, T, n)) * np.isin(np.arange(n), angles)
        s[:, 1:] += wrong + turns
        with complaints_of(f):
            got = student.neural_model.horizon_errors(f.answer, np.array(s), np.array(A), angles)
        expected = [np.linalg.norm(wrong[:, h]) / np.sqrt(N * n) for h in range(T)]
        assert_shape(f"{WHO}.horizon_errors", got, (T,), "[T]")
        assert_close(f"{WHO}.horizon_errors", got, np.array(expected), rtol=SINGLE, look=look)
