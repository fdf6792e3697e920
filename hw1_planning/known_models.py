"""Known models: equations of motion that physics gives us, and a simulator that somebody else wrote.

A planner asks a model one question: from this state, with these actions, what comes next? Two ways to answer it.

    a rate        ds/dt = f(s, a), integrated over a step dt in which a is held      the kinematic bicycle
    a simulator   roll-outs of the full physics, N plans at once                      MuJoCo

The kinematic bicycle is a car that never skids: its rear axle's midpoint (x, y) moves where the car points, and the
angle of the front wheels turns it. With L the distance of the axles and a = (v, delta):

    dx/dt = v cos(heading)     dy/dt = v sin(heading)     dheading/dt = v tan(delta) / L

Notation: N plans, horizon T, actions A [N, T, m]. Larger is better: rewards are added up and maximised. A simulator's
state [k] holds everything that its future depends on, in MuJoCo's order: time, positions, velocities.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def bicycle(s, a, L):
    """Return how fast the state of a kinematic bicycle changes.

    s: [..., 3] = (x, y, heading), m, m, rad; heading 0 is along x, positive to the left. a: [..., 2] = (v, delta):
    speed in m/s, negative backwards, and the angle of the front wheels in rad, positive to the left. L: distance of
    the axles, m. Returns ds/dt: [..., 3].
    """
    # TODO 1.6: the three equations, for every leading axis at once
    raise NotImplementedError("1.6")


def rk4(rate: Callable, s, a, dt):
    """Take one step of the classical Runge-Kutta method of order 4, with the action held.

    rate(s [..., n], a [..., m]) -> ds/dt [..., n]: the equations of motion, asked four times. s: [..., n]; a: [..., m];
    dt: length of the step, s. Returns the next state: [..., n]. A step's error shrinks like dt^5.
    """
    # TODO 1.6: k1 at the start, k2 and k3 in the middle, k4 at the end; weights 1, 2, 2, 1
    raise NotImplementedError("1.6")


def simulated_returns(state, A, rollout: Callable, reward: Callable):
    """Score N plans by simulating them all from one state.

    state: [k], the simulator's. A: [N, T, m], the plans. rollout(state [k], A [N, T, m]) -> after [N, T, k]: the states
    that follow each action. reward(before [N, T, k], A [N, T, m], after [N, T, k]) -> [N, T]: what each step pays. No
    step is simulated twice. Returns J: [N], the sum of each plan's rewards.
    """
    # TODO 1.6: the state before an action is the state after the one before it
    raise NotImplementedError("1.6")


def reacher_reward(before, a, after):
    """Return what a step of Gymnasium's Reacher-v5 pays: -(distance of fingertip and target) - |a|^2.

    before, after: [..., k], the states before and after the step: time, q_0, q_1, the target's x and y, velocities. The
    distance is that after the step. a: [..., 2]. The first link is 0.1 m long and turned by q_0 from the x axis, the
    second, with the fingertip at its end, 0.11 m and turned by q_1 from the first; rad. Returns [...].
    """
    # TODO 1.6: the fingertip from the two angles, its distance from the target, the price of the action
    raise NotImplementedError("1.6")


def half_cheetah_reward(before, a, after):
    """Return what a step of Gymnasium's HalfCheetah-v5 pays: (mean speed along x) - 0.1 |a|^2.

    before, after: [..., k], the states before and after the step, which takes 0.05 s: time, x of the torso, other
    positions, velocities. a: [..., 6]. Returns [...].
    """
    # TODO 1.6: distance run over the time it took, and the price of the action
    raise NotImplementedError("1.6")
