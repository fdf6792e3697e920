"""Answers to exercise 1.6 that do not come from its formulas.

A car's rate of change is a difference of the exact arcs of `course.systems`; a linear system's step is the power
series of the matrix exponential; what a step of MuJoCo pays is what the environment says, with the positions of
fingertip and target read from MuJoCo's own kinematics.
"""

from __future__ import annotations

from functools import cache

import gymnasium
import mujoco
import numpy as np

from course.simulator import Simulator
from course.systems import bicycle_car


def car_rate(s, a, L):
    """Return ds/dt: [..., 3] of a car at s: [..., 3] with a = (v, delta): [..., 2], |v| <= 2, |delta| <= 0.6.

    The difference between a short arc forwards and the same arc backwards; its error is below 1e-8.
    """
    dt = 1e-4
    car = bicycle_car(L, dt=dt)
    return (car.step(s, a) - car.step(s, a * [-1.0, 1.0])) / (2 * dt)


def series(M, dt, order):
    """Return the first terms, up to dt^order, of exp(M dt): what a method of that order gets right."""
    total = term = np.eye(len(M))
    for k in range(1, order + 1):
        term = term @ M * (dt / k)
        total = total + term
    return total


@cache
def environment(name):
    """Return a MuJoCo environment without a time limit, made once."""
    mujoco.set_mju_user_warning(lambda text: None)  # it warns of an old attribute in Gymnasium's own cheetah
    return gymnasium.make(name, max_episode_steps=-1)


class Steps:
    """Real steps of an environment: states before and after [..., k], actions [..., m], what was paid [...]."""

    def __init__(self, name, seeds, T, rng):
        """Take T steps with random actions from each of the seeds' starts."""
        env = environment(name)
        rows = [self.row(env, int(seed), T, rng) for seed in seeds]
        self.before, self.a, self.after, self.paid = (np.array(part) for part in zip(*rows, strict=True))

    def row(self, env, seed, T, rng):
        env.reset(seed=seed)
        with Simulator(env, threads=1) as simulator:
            states, actions, paid = [simulator.state()], rng.uniform(-1, 1, (T, simulator.m)), []
            for a in actions:
                paid.append(paid_by(env, simulator, a))
                states.append(simulator.state())
        return states[:-1], actions, states[1:], paid


def paid_by(env, simulator, a):
    """Make a step, and return what it pays by the positions of the state after it.

    HalfCheetah says so itself. Reacher's physics is integrated by Runge-Kutta, and the environment reads the fingertip
    where the last stage left it, up to 3.2e-3 away from where the state says it is (500 random steps). MuJoCo's
    kinematics tells the latter.
    """
    _, reward, _, _, info = env.step(a)
    if "reward_dist" not in info:
        return reward
    model = env.unwrapped.model
    data = mujoco.MjData(model)
    data.qpos[:] = simulator.qpos(simulator.state())
    mujoco.mj_kinematics(model, data)
    return info["reward_ctrl"] - np.linalg.norm(data.body("fingertip").xpos - data.body("target").xpos)
