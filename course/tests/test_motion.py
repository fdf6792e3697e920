"""The motion and reward of each system, against what was not written here.

Closed forms, conserved quantities, Gymnasium's own Pendulum-v1 and CartPole-v1, and a fine integration of the
equations of motion.
"""

import math

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course.envs import SystemEnv
from course.systems import bicycle_car, cartpole, double_integrator, swingup_pendulum
from course.systems.arrays import NUMPY, array_of, sinc
from course.systems.car import arc
from course.systems.cart_pole import accelerations

finite = st.floats(-1e3, 1e3)


@pytest.fixture
def rng(request):
    return np.random.default_rng(sum(map(ord, request.node.name)))


@settings(deadline=None)
@given(p=finite, v=finite, a=st.floats(-5, 5), steps=st.integers(1, 30))
def test_the_double_integrator_falls_as_galileo_says(p, v, a, steps):
    system, s = double_integrator(), np.array([p, v])
    for _ in range(steps):
        s = system.step(s, np.array([a]))
    t = steps * system.dt
    np.testing.assert_allclose(s, [p + v * t + a * t**2 / 2, v + a * t], rtol=1e-10, atol=1e-9)


def test_the_double_integrators_reward_is_the_contracts():
    system = double_integrator()
    s, a = np.array([0.5, -2.0]), np.array([3.0])
    assert system.reward(s, a) == pytest.approx(-0.5 * (0.25 + 0.1 * 4 + 0.01 * 9))
    assert system.final(s) == pytest.approx(-5 * (0.25 + 4))


@pytest.mark.parametrize("seed", range(3))
def test_the_swing_up_is_gymnasiums_pendulum_in_every_step(seed):
    rng = np.random.default_rng(seed)
    system, theirs = swingup_pendulum(), gymnasium.make("Pendulum-v1").unwrapped
    theirs.reset(seed=seed)
    s = theirs.state = np.array([math.pi, 0.0]) if seed == 0 else np.array(theirs.state)
    ours = SystemEnv(system, 200, start=lambda rng: s)
    ours.reset()
    fastest = 0.0
    for _ in range(200):
        a = np.sign(s[1]) * np.ones(1) * 2.5 if seed == 0 else rng.uniform(-3, 3, size=1)  # beyond the bounds too
        s, reward, *_ = ours.step(a)
        _, their_reward, *_ = theirs.step(a)
        np.testing.assert_allclose(s, theirs.state, rtol=1e-12, atol=1e-12)
        assert reward == pytest.approx(their_reward, rel=1e-12, abs=1e-12)
        fastest = max(fastest, abs(s[1]))
    assert fastest == 8.0 or seed > 0  # pumped: the cut of the speed was met
    assert system.dt == theirs.dt and system.high == theirs.max_torque


@settings(deadline=None)
@given(theta=st.floats(-20, 20), speed=st.floats(-8, 8), turns=st.integers(-3, 3))
def test_a_whole_turn_of_the_pendulum_changes_nothing_but_the_angle(theta, speed, turns):
    system, a, turn = swingup_pendulum(), np.array([0.7]), np.array([2 * math.pi * turns, 0.0])
    s = np.array([theta, speed])
    np.testing.assert_allclose(system.step(s + turn, a), system.step(s, a) + turn, atol=1e-12)
    assert system.reward(s + turn, a) == pytest.approx(system.reward(s, a), abs=1e-10)


def cartpole_energy(s):
    """Return the energy, J, of cart and rod: a rod weighs and turns like its halves at Gauss's two points."""
    x, v, theta, w = s
    r = 0.5 + np.array([-0.5, 0.5]) / math.sqrt(3)  # m, along a rod of 1 m
    vx, vy = v + r * w * math.cos(theta), -r * w * math.sin(theta)
    return 0.5 * v**2 + 0.1 * np.mean(0.5 * (vx**2 + vy**2) + 9.8 * r * math.cos(theta))


def test_without_force_the_cart_pole_keeps_its_energy_and_momentum_as_dt_goes_to_0():
    lost, start = [], np.array([0.0, 0.3, 2.0, 1.0])
    for dt in (0.05, 0.025):
        system, states = cartpole(dt=dt), [start]
        for _ in range(round(4 / dt)):
            states.append(system.step(states[-1], np.zeros(1)))
        x, v, theta, w = np.array(states).T
        momentum = 1.1 * v + 0.1 * 0.5 * w * np.cos(theta)
        lost.append([np.ptp([cartpole_energy(s) for s in states]), np.ptp(momentum)])
    coarse, fine = np.max(lost, axis=1)
    assert coarse < 1e-4 and coarse / fine > 10  # of about 1 J going to and fro; 16 times less in the limit


def test_the_cart_poles_accelerations_are_gymnasiums(rng):
    theirs = gymnasium.make("CartPole-v1").unwrapped
    theirs.reset(seed=0)
    for _ in range(50):
        theirs.steps_beyond_terminated = None
        s = rng.uniform(-3, 3, size=4)
        theirs.state = tuple(s)
        action = int(rng.integers(2))
        theirs.step(action)
        a, b = accelerations(NUMPY, s[2], s[3], 10.0 * (2 * action - 1))
        np.testing.assert_allclose((np.array(theirs.state) - s)[[1, 3]] / theirs.tau, [a, b], rtol=1e-9, atol=1e-9)


def test_a_hanging_pole_swings_with_the_known_period_and_a_standing_one_falls():
    system = cartpole(swing_up=True)
    rate = math.sqrt(9.8 / (4 / 3 * 0.5 - 0.1 * 0.5 / 1.1))  # rad/s, of the linearised equations; period 1.6 s
    s = system.start + [0, 0, 1e-3, 0]
    for k in range(1, 41):
        s = system.step(s, np.zeros(1))
        assert s[2] - math.pi == pytest.approx(1e-3 * math.cos(rate * k * system.dt), abs=1e-6)
    fallen = cartpole().step(cartpole().start, np.zeros(1))
    assert fallen[2] > 0.1 and fallen[3] > 0 > fallen[1]  # it leans to the right, so the cart is pushed to the left


def test_the_cart_poles_step_is_of_fourth_order(rng):
    s, a, ends = rng.uniform(-2, 2, size=4), np.array([6.0]), {}
    for steps in (2, 4, 64):
        end = s
        for _ in range(steps):
            end = cartpole(dt=0.2 / steps).step(end, a)
        ends[steps] = end
    coarse, fine = (np.abs(ends[k] - ends[64]).max() for k in (2, 4))
    assert coarse / fine > 10 and fine < 1e-4  # 16 in the limit


def test_the_cart_poles_reward_is_the_one_stated():
    s, a = np.array([2.0, -3.0, math.pi / 3, 4.0]), np.array([-5.0])
    for system in (cartpole(), cartpole(swing_up=True)):
        assert system.reward(s, a) == pytest.approx(-(1 + 0.1 * 4 + 0.01 * 16 + 0.01 * 9 + 0.001 * 25))


@pytest.mark.parametrize("delta", [0.6, -0.3, 0.05, -1e-4])
@pytest.mark.parametrize("v", [2.0, -1.5])
def test_constant_steering_traces_the_circle_of_radius_l_over_tan_delta(v, delta):
    L, s = 2.5, np.array([1.0, -2.0, 0.4])
    system, radius = bicycle_car(L), L / math.tan(delta)
    centre = s[:2] + radius * np.array([-math.sin(s[2]), math.cos(s[2])])
    for _ in range(50):
        s = system.step(s, np.array([v, delta]))
        assert np.hypot(*(s[:2] - centre)) == pytest.approx(abs(radius), rel=1e-12)
    assert s[2] == pytest.approx(0.4 + 50 * v * system.dt / radius, rel=1e-12)


@settings(deadline=None)
@given(v=st.floats(-2, 2), delta=st.floats(-0.6, 0.6), heading=st.floats(-10, 10), L=st.floats(0.1, 10))
def test_two_half_arcs_are_one_and_reversing_returns(v, delta, heading, L):
    s, a = np.array([3.0, -1.0, heading]), np.array([v, delta])
    whole, half = bicycle_car(L, dt=0.2), bicycle_car(L, dt=0.1)
    after = whole.step(s, a)
    np.testing.assert_allclose(half.step(half.step(s, a), a), after, atol=1e-12)
    np.testing.assert_allclose(whole.step(after, np.array([-v, delta])), s, atol=1e-12)


@pytest.mark.parametrize("delta", [0.0, 1e-300, 1e-17, 1e-12, 1e-8, 1e-3, 0.5])
def test_steering_is_well_behaved_on_the_way_to_straight_ahead(delta):
    """d y / d delta of a straight drive along x is (v dt)^2 / (2 L): from the series, at every small angle."""
    a = torch.tensor([2.0, delta], dtype=torch.float64, requires_grad=True)
    s = torch.zeros(3, dtype=torch.float64)
    after = bicycle_car(2.0).step(s, a)
    after[1].backward()
    phi = 0.4 * math.tan(delta) / 2.0
    x, y = (0.4 * math.sin(phi) / phi, 0.4 * 2 * math.sin(phi / 2) ** 2 / phi) if delta > 1e-9 else (0.4, 0.2 * phi)
    np.testing.assert_allclose(after.detach().numpy(), [x, y, phi], rtol=1e-12, atol=1e-300)
    if delta < 1e-3:
        assert a.grad[1].item() == pytest.approx(0.04, rel=1e-5)
        assert a.grad[0].item() == pytest.approx(2 * y / 2.0, rel=1e-5, abs=1e-300)


def test_sinc_is_sin_z_over_z_on_both_sides_of_the_seam():
    z = np.concatenate([np.linspace(-1, 1, 2001), 0.1 + np.array([-1e-15, 0, 1e-15]), [0.0]])
    np.testing.assert_allclose(sinc(NUMPY, z), np.sinc(z / np.pi), rtol=1e-15, atol=0)
    tensor = torch.tensor(z, requires_grad=True)
    sinc(array_of(tensor)[0], tensor).sum().backward()
    safe = np.where(np.abs(z) < 1e-2, 1.0, z)
    slope = np.where(np.abs(z) < 1e-2, -z / 3 + z**3 / 30, np.cos(safe) / safe - np.sin(safe) / safe**2)
    np.testing.assert_allclose(tensor.grad.numpy(), slope, rtol=1e-9, atol=1e-13)


def test_the_arc_is_the_bicycles_equation_of_motion():
    s, (v, delta), L, dt, steps = np.array([0.3, -0.2, 0.7]), (1.5, -0.4), 2.5, 0.2, 2000
    exact = np.array(arc(NUMPY, s, (v, delta), L, dt))
    for _ in range(steps):  # the midpoint method: error 1e-8 of the step
        h = dt / steps
        middle = s[2] + h / 2 * v * math.tan(delta) / L
        s = s + h * np.array([v * math.cos(middle), v * math.sin(middle), v * math.tan(delta) / L])
    np.testing.assert_allclose(exact, s, atol=1e-9)


def test_a_car_has_a_wheelbase_and_its_goal_pays_best():
    with pytest.raises(ValueError, match="L is 0"):
        bicycle_car(0.0)
    car = bicycle_car(L=2.0)
    s, a = np.array([3.0, -4.0, math.pi / 2]), np.array([-2.0, 0.5])
    assert car.final(s) == pytest.approx(-10 * (25 + 8))
    assert car.reward(s, a) == pytest.approx(-0.02 * (25 + 8) - 0.01 * (4 + 0.25))
    system = bicycle_car(goal=(15, 3.5, 0.2))
    assert system.final(np.array([15, 3.5, 0.2])) == 0 > system.final(np.array([15, 3.5, 0.3]))
    front = 2.5 * np.array([math.cos(0.3) - math.cos(0.2), math.sin(0.3) - math.sin(0.2)])
    assert system.final(np.array([15, 3.5, 0.3])) == pytest.approx(-10 * (front @ front))
