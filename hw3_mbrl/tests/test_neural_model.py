"""Visible tests of 3.5: the examples of the handout by hand, and a system that is easy to learn."""

from __future__ import annotations

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


@exercise("3.5")
def test_wrap_names_the_same_direction(student):
    """wrap: 3 stays, 4 and -4 are the same directions as 4 - 2 pi and 2 pi - 4."""
    expected = np.array([3.0, 4.0 - 2 * np.pi, 2 * np.pi - 4.0])
    got = student.neural_model.wrap(np.array([3.0, 4.0, -4.0]))
    assert_close("neural_model.wrap", got, expected, rtol=SINGLE, look="whole turns of 2 pi, either way", show=True)


@exercise("3.5")
def test_inputs_of_the_example(student):
    """inputs: of s = (2, pi/2), whose second entry is an angle, and a = (5) the network sees (0, 1, 2, 5)."""
    got = student.neural_model.inputs(np.array([[2.0, np.pi / 2]]), np.array([[5.0]]), (1,))
    look = "the order: cos, sin, the states that are no angles, the action"
    assert_close("neural_model.inputs", got, np.array([[0.0, 1.0, 2.0, 5.0]]), rtol=SINGLE, look=look, show=True)


@exercise("3.5")
def test_differences_of_the_example(student):
    """differences: from (3, 1) to (-3, 4), the first an angle, is a change by (2 pi - 6, 3)."""
    got = student.neural_model.differences(np.array([[3.0, 1.0]]), np.array([[-3.0, 4.0]]), (0,))
    expected = np.array([[2 * np.pi - 6.0, 3.0]])
    look = "s' - s, then the angle wrapped: from 3 on past pi to -3 it is a short way"
    assert_close("neural_model.differences", got, expected, rtol=SINGLE, look=look, show=True)


@exercise("3.5")
def test_scaler_of_the_example(student):
    """fit_scaler: the columns (1, 3) and (10, 10) have means 2 and 10 and the standard deviations 1 and 1."""
    mean, std = fields(
        student.neural_model.fit_scaler(np.array([[1.0, 10.0], [3.0, 10.0]])), "mean std", who="neural_model.fit_scaler"
    )
    assert_close("neural_model.fit_scaler: mean", mean, np.array([2.0, 10.0]), rtol=SINGLE, show=True)
    look = "division by N = 2; and the second column, in which all entries are equal"
    assert_close("neural_model.fit_scaler: std", std, np.ones(2), rtol=SINGLE, look=look, show=True)


@exercise("3.5")
def test_unscale_undoes_scale(student, rng):
    """scale, unscale: the columns of the data come out with mean 0, and come back as they were."""
    module, x = student.neural_model, rng.normal(size=(20, 3)) * [0.1, 1.0, 30.0] + [5.0, 0.0, -7.0]
    scaler = module.fit_scaler(np.array(x))
    z = assert_shape("neural_model.scale", module.scale(np.array(x), scaler), (20, 3), "[N, d]")
    assert_close("neural_model.scale: means", z.mean(axis=0) + 1, np.ones(3), rtol=SINGLE, look="x - mean comes first")
    assert_close("neural_model.unscale after scale", module.unscale(z, scaler), x, rtol=SINGLE)


@exercise("3.5")
def test_rollout_and_its_errors_on_the_example(student):
    """rollout, horizon_errors: with f(s, a) = s + a, from 0 under 1, 2, 3; in truth a gust came in step 2."""

    def f(s, a):
        return np.asarray(s) + np.asarray(a)

    A = np.array([[[1.0], [2.0], [3.0]]])
    got = student.neural_model.rollout(f, np.array([[0.0]]), A)
    assert_shape("neural_model.rollout", got, (1, 4, 1), "[N, T+1, n]")
    assert_close("neural_model.rollout", got, np.array([[[0.0], [1.0], [3.0], [6.0]]]), rtol=SINGLE, show=True)
    truth = np.array([[[0.0], [1.0], [3.5], [6.5]]])
    got = student.neural_model.horizon_errors(f, truth, A)
    look = "the prediction h steps from the first state on, without looking at the states between"
    assert_close("neural_model.horizon_errors", got, np.array([0.0, 0.5, 0.5]), rtol=SINGLE, look=look, show=True)


@exercise("3.5", weight=2)
def test_the_model_learns_a_cart(student, rng):
    """NeuralModel: after 200 transitions of a cart the loss has fallen, and new predictions are nearly right."""

    def cart(s, a):
        return np.column_stack([s[:, 0] + 0.1 * s[:, 1], s[:, 1] + 0.1 * a[:, 0]])

    s, a = rng.normal(size=(200, 2)) * [10.0, 1.0], rng.uniform(-3, 3, size=(200, 1))
    model = student.neural_model.NeuralModel(2, 1, hidden=(16,), rate=1e-2, seed=0)
    losses = model.fit(s, a, cart(s, a), epochs=30, batch=32, progress=False)
    losses = assert_shape("NeuralModel.fit: losses", losses, (30,), "[epochs]")
    if not losses[-1] < 0.1 * losses[0]:
        raise Mismatch(f"NeuralModel.fit: the loss went from {losses[0]:.3g} to {losses[-1]:.3g}, expected a tenth")
    s, a = rng.normal(size=(50, 2)) * [10.0, 1.0], rng.uniform(-3, 3, size=(50, 1))
    got = assert_shape("NeuralModel.predict", model.predict(s, a), (50, 2), "[N, n]")
    error, change = got - cart(s, a), cart(s, a) - s
    share = np.max(np.std(error, axis=0) / np.std(change, axis=0))
    if not share < 0.3:
        raise Mismatch(
            f"NeuralModel.predict: its error is {share:.2f} of the change itself, expected less than 0.3\n"
            "  look at: s + the unscaled answer of the network, which saw scaled inputs"
        )
    fast = assert_shape("NeuralModel.function()", model.function()(s, a), (50, 2), "[N, n]")
    look = "predict: the given `function` builds the same scalers into the network's weights, so both agree"
    assert_close("NeuralModel.predict", got, fast, rtol=1e-4, look=look)
