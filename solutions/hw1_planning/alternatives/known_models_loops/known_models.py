"""One plan and one step at a time; points of the plane as complex numbers; the time of a step read off the states."""

import numpy as np


def bicycle(s, a, L):
    """Fill in the rates one by one."""
    rates = np.empty(np.shape(s))
    velocity = a[..., 0] * np.exp(1j * s[..., 2])
    rates[..., 0], rates[..., 1] = velocity.real, velocity.imag
    rates[..., 2] = a[..., 0] / (L / np.tan(np.where(a[..., 1] == 0, 1e-300, a[..., 1])))
    return rates


def rk4(rate, s, a, dt):
    """Add up the weighted slopes as they come."""
    total, slope = np.zeros(np.shape(s)), np.zeros(np.shape(s))
    for share, weight in [(0, 1), (0.5, 2), (0.5, 2), (1, 1)]:
        slope = rate(s + share * dt * slope, a)
        total = total + weight * slope
    return s + dt * total / 6


def simulated_returns(state, A, rollout, reward):
    """Follow each plan."""
    after = rollout(state, A)
    J = np.zeros(len(A))
    for i in range(len(A)):
        s = np.array(state)
        for t in range(A.shape[1]):
            J[i] += reward(s, A[i, t], after[i, t])
            s = after[i, t]
    return J


def reacher_reward(before, a, after):
    """Add the links as complex numbers."""
    q = np.cumsum(after[..., 1:3], axis=-1)
    tip = 0.1 * np.exp(1j * q[..., 0]) + 0.11 * np.exp(1j * q[..., 1])
    away = np.abs(tip - after[..., 3] - 1j * after[..., 4])
    return -(away + np.einsum("...i,...i", a, a))


def half_cheetah_reward(before, a, after):
    """Divide by the time that passed."""
    moved = after[..., :2] - before[..., :2]
    return moved[..., 1] / moved[..., 0] - 0.1 * np.linalg.norm(a, axis=-1) ** 2
