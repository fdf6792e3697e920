"""Visible tests of 2.4: the handout's example, shapes, formulas whose derivatives are known, the edge N = 1.

The example of the handout is x' = x + x u with cost 1/2 (x² + u²) + x² u and final cost x³/6, at x_0 = 2, u_0 = 1.
"""

from __future__ import annotations

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

MASS = """<mujoco>
  <option timestep="0.1" integrator="implicitfast"/>
  <worldbody><body>
    <joint name="slide" type="slide" axis="1 0 0" stiffness="3"/>
    <geom size="0.1" mass="2" contype="0" conaffinity="0"/>
  </body></worldbody>
  <actuator><motor joint="slide" gear="4"/></actuator>
</mujoco>"""  # 2 kg on a spring of 3 N/m, pushed by 4 N for each unit of u
MASS_F = np.array([[0.985, 0.1, 0.02], [-0.15, 1.0, 0.2]])  # v' = v + 0.1 (4 u - 3 q) / 2, then q' = q + 0.1 v'


def wave(z):
    """Return [N, 2]: sin(z_0) z_1 and z_0 z_2²."""
    return np.stack([np.sin(z[:, 0]) * z[:, 1], z[:, 0] * z[:, 2] ** 2], axis=-1)


def wave_jacobian(z):
    zero = np.zeros(len(z))
    first = [np.cos(z[:, 0]) * z[:, 1], np.sin(z[:, 0]), zero]
    return np.moveaxis(np.array([first, [z[:, 2] ** 2, zero, 2 * z[:, 0] * z[:, 2]]]), -1, 0)


def draw_network(rng):
    """Draw the numbers of a network from 3 coordinates to 2 results."""
    return rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)


@exercise("2.4")
def test_jacobian_of_known_formulas(student, rng):
    """jacobian: [N, 2, 3] for sin(z_0) z_1 and z_0 z_2² at N points, and [N, 3] for a function with one result."""
    z = rng.normal(size=(6, 3))
    got = student.derivatives.jacobian(wave, np.array(z))
    assert_shape("derivatives.jacobian", got, (6, 2, 3), "[N, ..., d]")
    look = "(f(z + h e_i) - f(z - h e_i)) / 2h, at [..., i]; seven digits need central differences"
    assert_close("derivatives.jacobian", got, wave_jacobian(z), rtol=1e-7, look=look)
    got = student.derivatives.jacobian(lambda y: np.sum(y**2, axis=1), np.array(z))
    assert_close("derivatives.jacobian of a sum of squares", got, 2 * z, rtol=1e-7, look="a result without own axes")


@exercise("2.4")
def test_jacobian_at_zero_and_far_away(student):
    """jacobian: log(1 + z²) has slope 0 at z = 0 and 2/z at z = 1e6, in one batch; the step follows |z|."""
    z = np.array([[0.0], [1e6], [-1e6]])
    got = assert_shape(
        "derivatives.jacobian", student.derivatives.jacobian(lambda y: np.log1p(y[:, 0] ** 2), z), (3, 1)
    )
    look = "h: eps^(1/3) max(1, |z_i|), for each entry of z by itself"
    expected = np.array([0.0, 2.0, -2.0])
    assert_close("derivatives.jacobian, times 1, 1e6, 1e6", got[:, 0] * [1, 1e6, 1e6], expected, rtol=1e-7, look=look)


@exercise("2.4")
def test_hessian_of_a_quadratic_is_its_matrix(student, rng):
    """hessian: of 1/2 z' A z + b' z it is the symmetric part of A at every point, exactly symmetric."""
    A, b, z = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(4, 3))
    got = student.derivatives.hessian(lambda y: 0.5 * np.einsum("ni,ij,nj->n", y, A, y) + y @ b, z)
    got = assert_shape("derivatives.hessian", got, (4, 3, 3), "[N, d, d]")
    look = "1/2 z' A z has slope 1/2 (A + A') z, whose slope is 1/2 (A + A')"
    assert_close("derivatives.hessian", got, np.tile((A + A.T) / 2, (4, 1, 1)), rtol=1e-5, look=look)
    if np.any(got != np.swapaxes(got, 1, 2)):
        raise Mismatch("derivatives.hessian is not symmetric to the last digit; average it with its transpose")


@exercise("2.4")
def test_autograd_agrees_with_differences(student, rng):
    """autograd_jacobian, autograd_hessian: on a small network they agree with differences of its values."""
    derivatives, z = student.derivatives, rng.normal(size=(7, 3))
    network = derivatives.Network(*draw_network(rng))
    unit, h = np.eye(3), 1e-4

    def slope(name, i):
        return getattr(derivatives, name)(network, z + h * unit[i]) - getattr(derivatives, name)(
            network, z - h * unit[i]
        )

    got = assert_shape("derivatives.autograd_jacobian", derivatives.autograd_jacobian(network, z), (7, 2, 3))
    values = [(network(z + h * e) - network(z - h * e)) / (2 * h) for e in unit]
    look = "the axes: [N, ..., d], the points first and the coordinate last; and torch in double precision"
    assert_close("derivatives.autograd_jacobian", got, np.stack(values, -1), rtol=1e-6, look=look)
    got = assert_shape("derivatives.autograd_hessian", derivatives.autograd_hessian(network, z), (7, 2, 3, 3))
    slopes = [slope("autograd_jacobian", i) / (2 * h) for i in range(3)]
    look = "how torch keeps the graph of the first derivatives; and double precision, in autograd_jacobian too"
    assert_close("derivatives.autograd_hessian", got, np.stack(slopes, -1), rtol=1e-6, look=look)


@exercise("2.4")
def test_mujoco_moves_and_linearises_a_mass_on_a_spring(student, rng):
    """MujocoDynamics: 2 kg on a spring of 3 N/m with a motor of gear 4: the next state and F, known by hand."""
    dynamics = student.derivatives.MujocoDynamics(MASS)
    x, u = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    expected = np.concatenate([x, u], axis=1) @ MASS_F.T
    look = "x = (qpos, qvel), u in ctrl, one mj_step"
    assert_close("derivatives.MujocoDynamics.step", dynamics.step(x, u), expected, rtol=1e-7, look=look)
    assert_close("derivatives.MujocoDynamics.step of one", dynamics.step(x[0], u[0]), expected[0], rtol=1e-7, look=look)
    look = "F_t = [A B] of mjd_transitionFD"
    got = dynamics.linearise(x, u)
    assert_close("derivatives.MujocoDynamics.linearise", got, np.tile(MASS_F, (4, 1, 1)), rtol=1e-7, look=look)


@exercise("2.4")
def test_expand_by_hand(student):
    """expand: the handout's example, T = 1: F = [2, 2], C = [[3, 4], [4, 1]], c = [6, 5], C_final = 4, c_final = 8."""

    def step(x, u):
        return x + x * u

    def stage(x, u):
        return 0.5 * (x[..., 0] ** 2 + u[..., 0] ** 2) + x[..., 0] ** 2 * u[..., 0]

    def final(x):
        return x[..., 0] ** 3 / 6

    x, u = np.array([[2.0], [4.0]]), np.array([[1.0]])
    answer = student.derivatives.expand(step, stage, final, x, u)
    F, C, c, C_final, c_final, D = fields(answer, "F C c C_final c_final D", who="derivatives.expand")
    look = "the table in the handout; the final cost is that of x_1 = 4"
    expected = [("F", F, [[[2, 2]]]), ("C", C, [[[3, 4], [4, 1]]]), ("c", c, [[6, 5]])]
    for name, got, right in [*expected, ("C_final", C_final, [[4]]), ("c_final", c_final, [8])]:
        assert_close(
            f"derivatives.expand: {name}", got, np.array(right, dtype=float), rtol=SINGLE, look=look, show=True
        )
    if D is not None:
        raise Mismatch("derivatives.expand: D is not None, though second_order was not set")
    answer = student.derivatives.expand(step, stage, final, x, u, second_order=True)
    D = fields(answer, "F C c C_final c_final D", who="derivatives.expand")[5]
    assert_close("derivatives.expand: D", D, np.array([[[[0.0, 1.0], [1.0, 0.0]]]]), rtol=SINGLE, look=look, show=True)
