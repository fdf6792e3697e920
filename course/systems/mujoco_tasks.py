"""Swing-ups in MuJoCo: a cart-pole and an acrobot, one step of the simulator for every control.

A state is x = (qpos, qvel), [n], all of it that these models remember: before every step the solver's first guess,
`qacc_warmstart`, is set to zero, so that `step` is a function of x and u alone. MuJoCo is imported when a task is
built, not before. NumPy arrays only; rows are computed one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from course.systems.arrays import is_tensor
from course.systems.task import Task

FAST, STRONG = 1e4, 1e6  # of a state and of a control, in absolute value: beyond, a step is NaN

CARTPOLE_XML = """
<mujoco model="cartpole">
  <option timestep="0.02" integrator="implicitfast" gravity="0 0 -9.81">
    <flag contact="disable"/>
  </option>
  <worldbody>
    <body name="cart">
      <joint name="slide" type="slide" axis="1 0 0" damping="0.1"/>
      <geom type="box" size="0.1 0.05 0.05" mass="1"/>
      <body name="pole">
        <joint name="hinge" type="hinge" axis="0 1 0" damping="0.001"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.6" size="0.02" mass="0.2"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slide" gear="1"/>
  </actuator>
</mujoco>
"""

ACROBOT_XML = """
<mujoco model="acrobot">
  <option timestep="0.025" integrator="implicitfast" gravity="0 0 -9.81">
    <flag contact="disable"/>
  </option>
  <worldbody>
    <body name="upper">
      <joint name="shoulder" type="hinge" axis="0 -1 0" damping="0.05"/>
      <geom type="capsule" fromto="0 0 0 0 0 -1" size="0.04" mass="1"/>
      <body name="lower" pos="0 0 -1">
        <joint name="elbow" type="hinge" axis="0 -1 0" damping="0.05"/>
        <geom type="capsule" fromto="0 0 0 0 0 -1" size="0.04" mass="1"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="elbow" gear="1"/>
  </actuator>
</mujoco>
"""


def mujoco_cartpole(T: int = 100) -> Task:
    """Swing up and balance a pole of 0.6 m and 0.2 kg on a cart of 1 kg; least cost 105.79095 with T = 100.

    State [position, angle, velocity, angular speed]; angle = 0 upright, positive when the pole leans towards positive
    position; it starts hanging, at pi.
    """
    return Task(
        name="mujoco_cartpole",
        states=("position (m)", "angle (rad)", "velocity (m/s)", "angular speed (rad/s)"),
        controls=("force (N)",),
        dt=0.02,
        T=T,
        x0=[0.0, math.pi, 0.0, 0.0],
        goal=[0.0, 0.0, 0.0, 0.0],
        Q=[0.1, 1.0, 0.01, 0.01],
        R=[0.01],
        Q_final=[10.0, 100.0, 1.0, 10.0],
        move=simulated(CARTPOLE_XML),
        xml=CARTPOLE_XML,
    )


def mujoco_acrobot(T: int = 200) -> Task:
    """Stand two links of 1 m and 1 kg up with a motor at the elbow only; there are several local optima.

    State [shoulder, elbow, their angular speeds]; zero hangs straight down, positive is counter-clockwise, the elbow's
    angle is relative to the upper link; upright is (pi, 0).
    """
    return Task(
        name="mujoco_acrobot",
        states=("shoulder (rad)", "elbow (rad)", "shoulder's speed (rad/s)", "elbow's speed (rad/s)"),
        controls=("torque (N m)",),
        dt=0.025,
        T=T,
        x0=[0.0, 0.0, 0.0, 0.0],
        goal=[math.pi, 0.0, 0.0, 0.0],
        Q=[0.0, 0.0, 0.0, 0.0],
        R=[0.1],
        Q_final=[1000.0, 1000.0, 100.0, 100.0],
        move=simulated(ACROBOT_XML),
        xml=ACROBOT_XML,
    )


def simulated(xml: str) -> Callable:
    """Return move(x [..., n], u [..., m]) -> [..., n]: one step of the model, from any state, row by row.

    A row that is not finite or beyond FAST and STRONG becomes NaN: MuJoCo itself would start again at its first state
    there, without a word to the caller.
    """
    import mujoco

    model = mujoco.MjModel.from_xml_string(xml)
    data, nq = mujoco.MjData(model), model.nq

    def one(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        if not (np.abs(x).max() <= FAST and np.abs(u).max() <= STRONG):
            return np.full(x.shape, np.nan)
        data.time = 0.0
        data.qpos[:], data.qvel[:], data.ctrl[:], data.qacc_warmstart[:] = x[:nq], x[nq:], u, 0.0
        mujoco.mj_step(model, data)
        return np.concatenate([data.qpos, data.qvel])

    def move(x, u):
        if is_tensor(x):
            raise TypeError("MuJoCo's step: got torch tensors, expected NumPy arrays")
        if x.ndim == u.ndim == 1:
            return one(x, u)
        lead = np.broadcast_shapes(x.shape[:-1], u.shape[:-1])
        rows_x = np.broadcast_to(x, (*lead, x.shape[-1])).reshape(-1, x.shape[-1])
        rows_u = np.broadcast_to(u, (*lead, u.shape[-1])).reshape(-1, u.shape[-1])
        rows = [one(a, b) for a, b in zip(rows_x, rows_u, strict=True)]
        return np.array(rows, dtype=float).reshape(*lead, x.shape[-1])

    return move
