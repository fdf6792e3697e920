"""Functions whose derivatives are known in closed form, and MuJoCo models whose next state is.

`smooth` is a network of one hidden layer behind a change of scale: y = W2' tanh(W1' s + b1) + b2 with s = asinh(z).
asinh changes over distances of 1 where |z| < 1 and of |z| beyond, which is what the step of a difference must follow.
"""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np
import torch  # noqa: F401  loaded here, or the first test would take the seconds that it needs

from course.testing import Mismatch, StudentError, assert_shape


class Weights(NamedTuple):
    """W1: [d, hidden], b1: [hidden], W2: [hidden, ...], b2: [...]."""

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def draw_weights(rng, d, out=(), hidden=6) -> Weights:
    """Draw a network whose values, slopes and curvatures are all of size 1 or so."""
    W1 = rng.normal(size=(d, hidden)) / np.sqrt(d)
    return Weights(W1, 0.5 * rng.normal(size=hidden), rng.normal(size=(hidden, *out)), rng.normal(size=out))


def value(weights, z):
    """Return the network at z [N, d]."""
    W1, b1, W2, b2 = weights
    return np.tensordot(np.tanh(z @ W1 + b1), W2, 1) + b2


def derivatives(weights, z):
    """Return J [N, ..., d] and H [N, ..., d, d] of the network at z [N, d], in closed form."""
    W1, b1, W2, _ = weights
    t = np.tanh(z @ W1 + b1)
    J = np.einsum("nh,h...,ih->n...i", 1 - t**2, W2, W1)
    H = np.einsum("nh,h...,ih,jh->n...ij", -2 * t * (1 - t**2), W2, W1, W1)
    return J, H


def scaled_value(weights, z):
    """Return the network at asinh(z)."""
    return value(weights, np.arcsinh(z))


def scaled_derivatives(weights, z):
    """Return what `derivatives` does for the network at asinh(z), times the scale of z: all entries are of size 1.

    J[..., i] is multiplied by s_i = sqrt(1 + z_i^2), H[..., i, j] by s_i s_j.
    """
    J, H = derivatives(weights, np.arcsinh(z))
    bend = -z / np.sqrt(1 + z**2)  # asinh'' s^2
    own = np.eye(z.shape[1]) * spread(bend, J)[..., None, :]
    return J, H + own * J[..., None, :]


def spread(scale, like):
    """Return scale [N, d] with axes put between, so that it multiplies an array [N, ..., d] like `like`."""
    return scale.reshape(scale.shape[0], *(1,) * (like.ndim - 2), scale.shape[1])


class Asked:
    """A function of a test's own: it checks what it is asked, and counts calls and rows.

    It never raises: what makes no sense is noted in `complaint` and answered by NaN, and so is everything beyond
    `most` rows.
    """

    def __init__(self, who, f, *widths, most=200_000):
        self.who, self.f, self.widths, self.most = who, f, widths, most
        self.calls, self.rows, self.complaint = 0, 0, ""

    def answer(self, *arguments):
        """Return f of arrays [rows, width], one for each of the widths."""
        try:
            arrays = self._checked(arguments)
        except Mismatch as problem:
            self.complaint = self.complaint or str(problem)
            return np.full(1, np.nan)
        self.calls += 1
        self.rows += len(arrays[0])
        return self.f(*arrays)

    def _checked(self, arguments):
        if len(arguments) != len(self.widths):
            raise Mismatch(f"{self.who} was called with {len(arguments)} arguments, expected {len(self.widths)}")
        rows = len(arguments[0]) if type(arguments[0]) is np.ndarray and arguments[0].ndim else 1
        if self.rows + rows > self.most:
            raise Mismatch(f"{self.who} was called with more than {self.most} rows altogether; it was stopped there")
        return [
            assert_shape(f"{self.who}: argument {k}", argument, (rows, width), "[rows, width]")
            for k, (argument, width) in enumerate(zip(arguments, self.widths, strict=True), start=1)
        ]


def unjudged(function, *arguments):
    """Call what is not judged: mistakes in precision part ways here that look the same elsewhere, which finds hints."""
    try:
        return function(*arguments)
    except StudentError:
        return None


# ---------------------------------------------------------------- MuJoCo

STOP = """<mujoco>
  <option timestep="0.02" integrator="implicitfast" gravity="0 0 0"/>
  <worldbody><body>
    <joint name="slide" type="slide" axis="1 0 0" limited="true" range="-1 1"/>
    <geom size="0.1" mass="1" contype="0" conaffinity="0"/>
  </body></worldbody>
  <actuator><motor joint="slide"/></actuator>
</mujoco>"""  # at 1 the mass meets a stop: its next speed has a jump there

MODEL = """<mujoco>
  <option timestep="{dt}" integrator="implicitfast" {option}/>
  <worldbody>{bodies}</worldbody>
  <actuator>{motors}</actuator>
</mujoco>"""


def chain(rng, joints, m, dt=0.02):
    """Return the XML of masses on one line, each on a spring from the one before, and F [n, n+m], exactly.

    The equations M v' = G u - K q - D v are linear, and the integrator solves (M + dt D) (v_next - v) / dt = the same
    right side; q_next = q + dt v_next. Motors with gears G drive the first m joints.
    """
    mass, spring = rng.uniform(0.5, 2, joints), rng.uniform(5, 30, joints)
    damping, gear = rng.uniform(0.2, 3, joints), rng.uniform(1.5, 4, m) * rng.choice([-1, 1], m)
    bodies = ""
    for i in reversed(range(joints)):
        bodies = (
            f'<body><joint name="j{i}" type="slide" axis="1 0 0" stiffness="{spring[i]:.17g}" '
            f'damping="{damping[i]:.17g}"/>'
            f'<geom size="0.05" mass="{mass[i]:.17g}" contype="0" conaffinity="0"/>{bodies}</body>'
        )
    motors = "".join(f'<motor joint="j{i}" gear="{gear[i]:.17g}"/>' for i in range(m))
    beyond = np.cumsum(mass[::-1])[::-1]  # joint i moves all masses from i on
    M = beyond[np.maximum.outer(np.arange(joints), np.arange(joints))]
    G = np.eye(joints, m) * gear
    force = np.concatenate([-np.diag(spring), -np.diag(damping), G], axis=1)
    v = dt * np.linalg.solve(M + dt * np.diag(damping), force)
    v[:, joints : 2 * joints] += np.eye(joints)
    q = dt * v
    q[:, :joints] += np.eye(joints)
    return MODEL.format(dt=dt, option="", bodies=bodies, motors=motors), np.concatenate([q, v])


def arm(rng, *, stops=False):
    """Return the XML of a double pendulum with a motor at the elbow: n = 4, m = 1.

    stops: friction and narrow limits at the joints, with a solver that is cut off after one iteration, so that where
    it starts from decides where it ends.
    """
    length, mass, gear = rng.uniform(0.4, 0.9, 2), rng.uniform(0.5, 2, 2), rng.uniform(1.5, 3)
    option = 'solver="CG" iterations="1"' if stops else ""
    extra = 'frictionloss="0.8" limited="true" range="-25 25"' if stops else ""
    bodies = ""
    for i in (1, 0):
        at = f'pos="0 0 {length[0]:.4f}"' if i else ""
        bodies = (
            f'<body {at}><joint name="j{i}" axis="0 1 0" damping="0.1" {extra}/><geom type="capsule" size="0.04" '
            f'fromto="0 0 0 0 0 {length[i]:.4f}" mass="{mass[i]:.4f}" contype="0" conaffinity="0"/>{bodies}</body>'
        )
    motors = f'<motor joint="j1" gear="{gear:.4f}"/>'
    return MODEL.format(dt=0.02, option=option, bodies=bodies, motors=motors)


def next_states(xml, x, u):
    """Return the states [..., n] after one step from x [..., n] under u [..., m], each in a simulator of its own."""
    model = mujoco.MjModel.from_xml_string(xml)
    result = np.empty(x.shape)
    for row in np.ndindex(x.shape[:-1]):
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:] = np.split(x[row], 2)
        data.ctrl[:] = u[row]
        mujoco.mj_step(model, data)
        result[row] = np.concatenate([data.qpos, data.qvel])
    return result


def five_point(f, z, h=1e-3):
    """Return J [N, ..., d] of f at z [N, d] by differences of fourth order: the error is h^4 / 30 times f'''''."""
    columns = []
    for e in np.eye(z.shape[1]) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - f(z + 2 * e) + f(z - 2 * e)) / (12 * h))
    return np.stack(columns, axis=-1)
