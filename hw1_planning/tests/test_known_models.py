"""Visible tests of 1.6: numbers by hand, the circle, the order of the method, and MuJoCo's environments themselves."""

from __future__ import annotations

import gymnasium
import mujoco
import numpy as np

from course.simulator import Simulator
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise


@exercise("1.6")
def test_the_car_by_hand(student):
    """bicycle: along x at 2 m/s with the wheels at 45° and L = 2.5 m, the rates are 2, 0 and 2 / 2.5."""
    who, look = "known_models.bicycle", "the three equations in the handout"
    got = student.known_models.bicycle(np.array([5.0, 1.0, 0.0]), np.array([2.0, np.pi / 4]), 2.5)
    assert_close(who, got, np.array([2.0, 0.0, 0.8]), rtol=SINGLE, look=look, show=True)
    got = student.known_models.bicycle(np.array([5.0, 1.0, np.pi / 2]), np.array([-1.0, 0.0]), 2.5)
    assert_close(
        f"{who} heading along y, backwards", got, np.array([0.0, -1.0, 0.0]), rtol=SINGLE, look=look, show=True
    )


@exercise("1.6")
def test_many_cars_at_once(student, rng):
    """bicycle: s [N, T, 3] and a [N, T, 2] give [N, T, 3], each car as if it were alone."""
    s, a = rng.normal(size=(3, 4, 3)), 0.5 * rng.normal(size=(3, 4, 2))
    got = student.known_models.bicycle(s.copy(), a.copy(), 2.0)
    assert_shape("known_models.bicycle", got, (3, 4, 3), "[N, T, 3]", look="s[..., 2], a[..., 0]: `...` is any axes")
    alone = student.known_models.bicycle(s[2, 1].copy(), a[2, 1].copy(), 2.0)
    assert_close("known_models.bicycle: one of many", got[2, 1], alone, rtol=SINGLE, look="which axis is the last")


@exercise("1.6")
def test_rk4_by_hand(student):
    """rk4: for ds/dt = s one step of length 1 multiplies by 1 + 1 + 1/2 + 1/6 + 1/24."""
    got = student.known_models.rk4(lambda s, a: s, np.array([1.0, -2.0]), np.zeros(1), 1.0)
    look = "k1 = 1, k2 = 3/2, k3 = 7/4, k4 = 11/4, with weights 1, 2, 2, 1 over 6"
    assert_close("known_models.rk4", got, np.array([65 / 24, -65 / 12]), rtol=SINGLE, look=look, show=True)


@exercise("1.6")
def test_rk4_has_order_four(student):
    """rk4: half the step leaves a sixteenth of the error, here on a swinging pendulum with a motor."""

    def rate(s, a):
        return np.array([s[1], -3 * np.sin(s[0]) + a[0]])

    def end(steps):
        s = np.array([1.0, 0.0])
        for _ in range(steps):
            s = student.known_models.rk4(rate, s, np.array([0.5]), 2.0 / steps)
        return assert_shape("known_models.rk4", s, (2,), "[n]")

    best = end(400)
    ratio = float(np.linalg.norm(end(10) - best) / max(np.linalg.norm(end(20) - best), 1e-300))
    if not 13 < ratio < 20:
        raise Mismatch(f"known_models.rk4: half the step divides the error by {ratio:.1f}, expected about 16")


@exercise("1.6", weight=2)
def test_constant_steering_draws_a_circle(student):
    """bicycle and rk4: with the wheels at 0.3 rad the car runs around one point, L / tan(0.3) away."""
    L, delta = 2.5, 0.3
    s, radius = np.zeros(3), L / np.tan(delta)
    for _ in range(100):
        s = student.known_models.rk4(lambda s, a: student.known_models.bicycle(s, a, L), s, np.array([1.0, delta]), 0.1)
        s = assert_shape("known_models.rk4", s, (3,), "[3]")
        away = float(np.hypot(s[0], s[1] - radius))
        if not abs(away - radius) < 1e-4 * radius:
            raise Mismatch(f"the car is {away:.4f} m from the circle's centre, expected {radius:.4f}")


@exercise("1.6", weight=2)
def test_returns_of_two_plans_by_hand(student):
    """simulated_returns: a counter at 5 moves by its action; each step pays 1 x before + 100 x after."""
    A = np.array([[[1.0], [2.0]], [[-1.0], [0.0]]])
    J = student.known_models.simulated_returns(
        np.array([5.0]),
        A,
        lambda state, A: state + np.cumsum(A, axis=1),
        lambda before, A, after: before[..., 0] + 100 * after[..., 0],
    )
    look = "plan 0 passes 5, 6, 8 and earns (5 + 600) + (6 + 800); plan 1 passes 5, 4, 4"
    assert_close("known_models.simulated_returns", J, np.array([1411.0, 809.0]), rtol=SINGLE, look=look, show=True)


def judge(name, function, who, tolerance):
    """Compare a reward function with what a Gymnasium environment pays in ten real steps."""
    mujoco.set_mju_user_warning(lambda text: None)  # it warns of an old attribute in Gymnasium's own cheetah
    env, rng = gymnasium.make(name), np.random.default_rng(0)
    env.reset(seed=0)
    with Simulator(env, threads=1) as simulator:
        for t in range(10):
            before, a = simulator.state(), rng.uniform(-1, 1, simulator.m)
            _, paid, _, _, _ = env.step(a)
            got = function(before, a, simulator.state())
            got = float(assert_shape(who, got, (), "a number for one state"))
            if not abs(got - paid) < tolerance:
                raise Mismatch(f"{who} says {got:.4f} for step {t}, where {name} paid {paid:.4f}")


@exercise("1.6")
def test_reacher_by_hand_and_in_the_environment(student):
    """reacher_reward: an arm stretched along x has its tip at (0.21, 0); ten real steps pay what it says."""
    after = np.array([0.02, 0.0, 0.0, 0.21, 0.1, 0.0, 0.0, 0.0, 0.0])
    got = student.known_models.reacher_reward(np.zeros(9), np.array([0.5, -0.5]), after)
    look = "-(0.1 m to the target) - (0.25 + 0.25 for the action)"
    assert_close("known_models.reacher_reward", got, -0.6, rtol=SINGLE, look=look, show=True)
    # The environment reads the fingertip a moment too early: it differs by up to a few thousandths, as the handout says.
    judge("Reacher-v5", student.known_models.reacher_reward, "known_models.reacher_reward", 0.01)


@exercise("1.6")
def test_half_cheetah_by_hand_and_in_the_environment(student):
    """half_cheetah_reward: 0.1 m in a step of 0.05 s pays 2, less the price of the action; so do ten real steps."""
    before, after = np.zeros(19), np.zeros(19)
    before[:2], after[:2] = (0.0, 1.0), (0.05, 1.1)
    got = student.known_models.half_cheetah_reward(before, np.array([1.0, 0, 0, 0, 0, -1.0]), after)
    look = "(1.1 - 1.0) / 0.05 - 0.1 x (1 + 1)"
    assert_close("known_models.half_cheetah_reward", got, 1.8, rtol=SINGLE, look=look, show=True)
    judge("HalfCheetah-v5", student.known_models.half_cheetah_reward, "known_models.half_cheetah_reward", 1e-3)
