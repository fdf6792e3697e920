"""The plan is kept in a queue, episodes in buffers of full length that are cut at the end; loops of its own."""

from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass
class Episode:
    """states: [L+1, n]; actions: [L, m]; rewards: [L]."""

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray


def shift(actions):
    """Return a plan without its first action, a zero at its end."""
    moved = np.roll(actions, -1, axis=0)
    moved[-1] = 0
    return moved


class MPC:
    """Keeps what is left of the last plan in a queue that is filled up with zeros."""

    def __init__(self, plan, T, m):
        self.planner = plan
        self.size = (T, m)
        self.left = deque(maxlen=T)

    def reset(self):
        """Empty the queue."""
        self.left.clear()

    def act(self, s):
        """Plan, keep, execute."""
        guess = np.zeros(self.size)
        for t, a in enumerate(self.left):
            guess[t] = a
        first, *rest = self.planner(s, guess)
        self.left.clear()
        self.left.extend(rest)
        return first


def run(env, act, steps):
    """Fill three buffers."""
    s, _ = env.reset()
    states = np.zeros((steps + 1, len(s)))
    actions, rewards = None, np.zeros(steps)
    states[0] = s
    t, over = 0, False
    while t < steps and not over:
        a = np.asarray(act(states[t]))
        if actions is None:
            actions = np.zeros((steps, len(a)))
        actions[t] = a
        states[t + 1], rewards[t], terminated, truncated, _ = env.step(a)
        over = terminated or truncated
        t += 1
    return Episode(states[: t + 1], actions[:t], rewards[:t])


def run_open_loop(env, actions):
    """Step through the list."""
    s, _ = env.reset()
    rows = []
    for a in actions:
        after, reward, terminated, truncated, _ = env.step(a)
        rows.append((s, a, reward))
        s = after
        if terminated or truncated:
            break
    states, played, rewards = (np.array(column) for column in zip(*rows, strict=True))
    return Episode(np.vstack([states, s]), played, rewards)
