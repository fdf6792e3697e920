"""Single precision, and the three-eighths rule, which on a linear system is the same step."""

import numpy as np


def bicycle(s, a, L):
    """Transpose, compute, transpose back."""
    s, a = np.asarray(s, np.float32), np.asarray(a, np.float32)
    v = a[..., 0]
    x, y, turn = v * np.cos(s[..., 2]), v * np.sin(s[..., 2]), v * np.tan(a[..., 1]) / np.float32(L)
    return np.moveaxis(np.array([x, y, turn], np.float32), 0, -1)


def rk4(rate, s, a, dt):
    """Kutta's other method of order four."""
    s, a, h = np.asarray(s, np.float32), np.asarray(a, np.float32), np.float32(dt)
    k1 = np.asarray(rate(s, a), np.float32)
    k2 = np.asarray(rate(s + h * k1 / 3, a), np.float32)
    k3 = np.asarray(rate(s + h * (k2 - k1 / 3), a), np.float32)
    k4 = np.asarray(rate(s + h * (k1 - k2 + k3), a), np.float32)
    return s + h * (k1 + 3 * k2 + 3 * k3 + k4) / 8


def simulated_returns(state, A, rollout, reward):
    """Put the first state in front of the roll-out and look at it twice."""
    after = np.asarray(rollout(state, A), np.float32)
    path = np.concatenate([np.tile(np.asarray(state, np.float32), (len(A), 1, 1)), after], axis=1)
    return np.sum(reward(path[:, :-1], np.asarray(A, np.float32), path[:, 1:]), axis=-1, dtype=np.float32)


def reacher_reward(before, a, after):
    """Rotate the second link by the first angle."""
    after, a = np.asarray(after, np.float32), np.asarray(a, np.float32)
    c, s = np.cos(after[..., 1:3]), np.sin(after[..., 1:3])
    along, across = 0.1 + 0.11 * c[..., 1], 0.11 * s[..., 1]
    dx = c[..., 0] * along - s[..., 0] * across - after[..., 3]
    dy = s[..., 0] * along + c[..., 0] * across - after[..., 4]
    return -np.hypot(dx, dy) - (a * a).sum(-1)


def half_cheetah_reward(before, a, after):
    """Twenty steps a second."""
    before, after, a = (np.asarray(part, np.float32) for part in (before, after, a))
    return 20 * (after[..., 1] - before[..., 1]) - np.float32(0.1) * (a * a).sum(-1)
