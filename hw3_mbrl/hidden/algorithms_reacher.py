"""MuJoCo's Reacher as exercise 3.6 uses it in the hidden tests: a state that a model can learn, and the reward."""

from __future__ import annotations

from functools import cache

import gymnasium
import mujoco
import numpy as np
from algorithms_networks import Model

STEPS = 50


@cache
def simulator():
    """Return MuJoCo's environment without a time limit of its own, made once."""
    mujoco.set_mju_user_warning(lambda text: None)
    return gymnasium.make("Reacher-v5", max_episode_steps=-1)


class Reacher(gymnasium.Env):
    """States [q0, q1, q0', q1', goal x, goal y], actions [2] within -1..1; episode k begins as seed first + k says."""

    def __init__(self, first):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float64)
        self.seed, self.t = int(first), 0

    def reset(self, *, seed=None, options=None):
        observation, _ = simulator().reset(seed=self.seed)
        self.seed, self.t = self.seed + 1, 0
        return state(observation), {}

    def step(self, action):
        observation, reward, *_ = simulator().step(np.clip(action, -1, 1))
        self.t += 1
        return state(observation), float(reward), False, self.t >= STEPS, {}


def state(observation):
    """Return [q0, q1, q0', q1', goal x, goal y] of what the environment shows."""
    cos, sin = observation[:2], observation[2:4]
    return np.concatenate([np.arctan2(sin, cos), observation[6:8], observation[4:6]])


def reward(s, a):
    """Return minus the distance from fingertip to goal minus the square of the action, for s: [..., 6], a: [..., 2]."""
    first, both = s[..., 0], s[..., 0] + s[..., 1]
    x = 0.1 * np.cos(first) + 0.11 * np.cos(both) - s[..., 4]
    y = 0.1 * np.sin(first) + 0.11 * np.sin(both) - s[..., 5]
    return -np.sqrt(x * x + y * y) - np.sum(a * a, axis=-1)


class ArmModel:
    """A model of the arm alone; the goal stays where it is."""

    def __init__(self, D, seed, **options):
        s, s_next = np.array(D.s, dtype=float)[:, :4], np.array(D.s_next, dtype=float)[:, :4]
        s_next[:, :2] = s[:, :2] + (s_next[:, :2] - s[:, :2] + np.pi) % (2 * np.pi) - np.pi
        self.arm = Model(D._replace(s=s, s_next=s_next), [0, 1], seed, **options)

    def __call__(self, s=None, a=None):
        return np.concatenate([self.arm(s[..., :4], a), s[..., 4:]], axis=-1)
