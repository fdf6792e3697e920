"""Hidden tests of exercise 2.4, second part: the simulator as a function, and its derivatives.

Masses on springs are a linear system: next state and F are known without a simulator. A double pendulum is compared
with simulators of our own, one for every step, and with differences of fourth order (reference: 2e-9).
"""

from __future__ import annotations

import derivatives_oracles as oracles
import numpy as np

from course.testing import Mismatch, assert_close, assert_shape, exercise

BOTH = 1e-7  # differences with eps 1e-6 leave 1e-9; one-sided ones 1e-6


def make(student, xml, n, m):
    """Construct the student's dynamics and look at n and m."""
    dynamics = student.derivatives.MujocoDynamics(xml)
    for name in ("n", "m", "step", "linearise"):
        if getattr(dynamics, name, None) is None:
            raise Mismatch(f"derivatives.MujocoDynamics(xml) has no `{name}`; expected n, m, step and linearise")
    for name, got, expected in [("n", dynamics.n, n), ("m", dynamics.m, m)]:
        assert_close(f"derivatives.MujocoDynamics: {name}", got, expected, rtol=BOTH, look="2 nv states, nu controls")
    return dynamics


def draw(rng, shape, n, m):
    """Draw states [..., n] and controls [..., m]; the later half of a state are velocities."""
    return rng.normal(size=(*shape, n)) * np.repeat([1.0, 3.0], n // 2), 2 * rng.normal(size=(*shape, m))


@exercise("2.4", weight=0.25)
def test_mujoco_step_moves_a_chain_of_springs_exactly(student, rng):
    """MujocoDynamics.step: the next state of masses on springs, for one state and for any leading axes."""
    for joints, m in [(3, 2), (1, 1)]:
        xml, F = oracles.chain(rng, joints, m)
        dynamics = make(student, xml, 2 * joints, m)
        for shape in [(), (5,), (2, 3)]:
            x, u = draw(rng, shape, 2 * joints, m)
            got = dynamics.step(np.array(x), np.array(u))
            expected = np.concatenate([x, u], axis=-1) @ F.T
            assert_shape("derivatives.MujocoDynamics.step", got, expected.shape, "[..., n]")
            look = "x = (qpos, qvel) in this order, u goes into ctrl, and one mj_step makes the next state"
            assert_close("derivatives.MujocoDynamics.step", got, expected, rtol=BOTH, look=look)


@exercise("2.4", weight=0.5)
def test_mujoco_linearise_knows_the_matrices_of_a_chain_of_springs(student, rng):
    """MujocoDynamics.linearise: F of masses on springs, columns (dq, dv, du), rows (dq', dv'), gears included."""
    for joints, m in [(3, 2), (2, 1)]:
        xml, F = oracles.chain(rng, joints, m)
        dynamics = make(student, xml, 2 * joints, m)
        got = dynamics.linearise(*draw(rng, (4,), 2 * joints, m))
        look = "the blocks: F_t = [A B], A [n, n] for the state and B [n, m] for the control"
        expected = np.tile(F, (4, 1, 1))
        assert_shape("derivatives.MujocoDynamics.linearise", got, expected.shape, "[T, n, d]")
        assert_close("derivatives.MujocoDynamics.linearise", got, expected, rtol=BOTH, look=look)


@exercise("2.4", weight=0.5)
def test_mujoco_linearise_follows_a_double_pendulum(student, rng):
    """MujocoDynamics.linearise: F of a double pendulum, which is another one in every state; seven digits."""
    at_stop = make(student, oracles.STOP, 2, 1)
    oracles.unjudged(at_stop.linearise, np.array([[1.0, rng.uniform(0.5, 1)]]), np.zeros((1, 1)))
    xml = oracles.arm(rng)
    dynamics = make(student, xml, 4, 1)
    x, u = draw(rng, (6,), 4, 1)
    expected = oracles.five_point(lambda z: oracles.next_states(xml, z[:, :4], z[:, 4:]), np.concatenate([x, u], 1))
    got = dynamics.linearise(np.array(x), np.array(u))
    look = "the point: x_t and u_t are both loaded for each t; then the differences: centred, eps 1e-6"
    assert_close("derivatives.MujocoDynamics.linearise", got, expected, rtol=BOTH, look=look)


@exercise("2.4", weight=0.25)
def test_mujoco_step_forgets_what_was_simulated_before(student, rng):
    """MujocoDynamics.step: the same x and u give the same next state, at joint limits too and whatever went before."""
    xml = oracles.arm(rng, stops=True)
    dynamics = make(student, xml, 4, 1)
    x, u = draw(rng, (12,), 4, 1)
    dynamics.step(*draw(rng, (3,), 4, 1))
    got = dynamics.step(np.array(x), np.array(u))
    look = "what the solver remembers of the step before: qacc_warmstart"
    assert_close("derivatives.MujocoDynamics.step", got, oracles.next_states(xml, x, u), rtol=BOTH, look=look)


@exercise("2.4", weight=0.5)
def test_mujoco_linearise_forgets_what_was_simulated_before(student, rng):
    """MujocoDynamics.linearise: it gives the same F after other steps, and row by row in simulators of its own."""
    xml = oracles.arm(rng, stops=True)
    x, u = draw(rng, (5,), 4, 1)
    used = make(student, xml, 4, 1)
    used.step(*draw(rng, (3,), 4, 1))
    got = assert_shape("derivatives.MujocoDynamics.linearise", used.linearise(x, u), (5, 4, 5), "[T, n, d]")
    alone = []
    for t in range(5):
        row = make(student, xml, 4, 1).linearise(x[t : t + 1], u[t : t + 1])
        alone.append(assert_shape("derivatives.MujocoDynamics.linearise", row, (1, 4, 5), "[T, n, d]")[0])
    if not np.max(np.abs(alone)) > 0.5:  # a joint that stays where it is has 1 there
        raise Mismatch("derivatives.MujocoDynamics.linearise: F is zero, but the next state follows from this one")
    look = "what the solver remembers of the step before, qacc_warmstart: it is cleared before every derivative too"
    assert_close("derivatives.MujocoDynamics.linearise after other steps", got, np.array(alone), rtol=BOTH, look=look)
