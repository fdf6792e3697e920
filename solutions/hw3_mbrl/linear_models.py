"""Three models that are linear in what is fitted, so that one least-squares problem finds the best of them.

    linear expectation    E[phi(s') | s, a] = F phi(s, a),  E[r | s, a] = b' phi(s, a)       features, mean values only
    linear-Gaussian       s' ~ N(F z + f, Sigma),  z = [s; a]                                a density, with its noise
    physics               m l^2 theta'' = m g l sin(theta) - c theta' + torque               a few numbers: m, l, c

All three minimise a sum of squares  sum over i of |y_i - X_i W|^2.  They differ in what X and y are, in what is made of
the residuals, and in how far they reach beyond their data.

Notation: N transitions, n numbers in a state, m in an action, d = n + m, the state first in z. A row of data is one
transition; a matrix F acts on columns, so that the prediction of one row x is F @ x. Data is a record `Transitions`
(s [N, n], a [N, m], r [N], s_next [N, n], done [N]); every row in it really happened, the last of an episode too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from transitions import Transitions


class LinearExpectation(NamedTuple):
    """A model of means: the next features are F @ x and the reward is b @ x, on average, for the features x: [p].

    F: [k, p]; b: [p]. Features of a terminal state count as zeros.
    """

    F: np.ndarray
    b: np.ndarray


class LinearGaussian(NamedTuple):
    """A model with a density: s_next ~ N(F @ [s; a] + f, Sigma).

    F: [n, d], state first; f: [n]; Sigma: [n, n], a covariance (squares of the state's units).
    """

    F: np.ndarray
    f: np.ndarray
    Sigma: np.ndarray


class Physics(NamedTuple):
    """A pendulum's constants: length in m, mass in kg, damping (friction in the pivot) in N m s."""

    length: float
    mass: float
    damping: float


def fit_expectation(x, x_next, r, done) -> LinearExpectation:
    """Fit the mean of the next features, and of the reward, by least squares; no constant is added to the features.

    x: [N, p], features of (s, a). x_next: [N, k], features of the next state. r: [N], rewards. done: bool [N]: the next
    state is terminal, its features count as zeros, whatever stands in x_next; its reward counts in full.
    Returns F: [k, p], b: [p]. Where data leave a choice (a feature that never occurred), the solution of least norm.
    """
    # BEGIN SOLUTION 3.4: one least-squares problem, whose targets are the next features and the reward
    targets = np.column_stack([np.where(done[:, None], 0.0, x_next), r])
    W = np.linalg.lstsq(x, targets, rcond=None)[0]
    return LinearExpectation(W[:, :-1].T, W[:, -1])
    # END SOLUTION


def value_weights(model: LinearExpectation, gamma):
    """Find the linear value v(x) = w @ x that agrees with the model: v(x) = b @ x + gamma v(F @ x) for every x.

    model: with k = p: its features are those of states under one policy. gamma: discount, gamma |eigenvalues of F| < 1.
    Returns w: [k].
    """
    # BEGIN SOLUTION 3.4: put w @ x into both sides, compare what stands before x, and solve for w
    k = len(model.b)
    return np.linalg.solve(np.eye(k) - gamma * model.F.T, model.b)
    # END SOLUTION


def fit_linear_gaussian(D: Transitions) -> LinearGaussian:
    """Fit the linear-Gaussian model by maximum likelihood.

    D: transitions with s [N, n], a [N, m], s_next [N, n], N > d + 1; those that are done count like all others.
    Returns F: [n, d], f: [n], Sigma: [n, n], the covariance that maximises the likelihood: divided by N (ddof 0).
    """
    # BEGIN SOLUTION 3.4: regress s_next on z = [s; a] and a constant; Sigma is made of what remains
    X = np.column_stack([D.s, D.a, np.ones(len(D.s))])
    W = np.linalg.lstsq(X, D.s_next, rcond=None)[0]
    rest = D.s_next - X @ W
    F, f = W[:-1].T, W[-1]
    Sigma = rest.T @ rest / len(rest)
    return LinearGaussian(F, f, Sigma)
    # END SOLUTION


def predict(model: LinearGaussian, s, a):
    """Predict the mean of the next state, for one pair or for a whole batch.

    s: [..., n], a: [..., m], with the same leading axes, perhaps none. Returns [..., n].
    """
    # BEGIN SOLUTION 3.4: F z + f, where z = [s; a] lies along the last axis
    z = np.concatenate([s, a], axis=-1)
    return z @ model.F.T + model.f
    # END SOLUTION


def log_likelihood(model: LinearGaussian, D: Transitions):
    """Compute the log-density of each transition's next state.

    model: Sigma is positive definite. D: N transitions; D.r and D.done play no part.
    Returns [N], natural logarithms; may be positive.
    """
    n = D.s_next.shape[1]
    # BEGIN SOLUTION 3.4: the logarithm of the density of N(F z_i + f, Sigma) at s_next_i, all factors included
    rest = D.s_next - np.column_stack([D.s, D.a]) @ model.F.T - model.f
    _, log_det = np.linalg.slogdet(model.Sigma)
    squares = np.sum(rest * np.linalg.solve(model.Sigma, rest.T).T, axis=1)
    return -0.5 * (squares + log_det + n * np.log(2 * np.pi))
    # END SOLUTION


def identify_pendulum(D: Transitions, dt, gravity=9.81) -> Physics:
    """Find the constants of a pendulum that moves as `pendulum_step` says: least squares in the change of speed.

    D: s [N, 2] = (angle in rad, 0 upright, not brought to one turn; speed in rad/s), a [N, 1] torque in N m.
    dt: time of a step, s. gravity: m/s^2, known. Returns Physics(length, mass, damping).
    """
    angle, speed, torque = D.s[:, 0], D.s[:, 1], D.a[:, 0]
    # BEGIN SOLUTION 3.4: the acceleration is linear in three numbers; fit these, then find the constants in them
    acceleration = (D.s_next[:, 1] - speed) / dt
    X = np.column_stack([np.sin(angle), torque, -speed])
    pull, push, friction = np.linalg.lstsq(X, acceleration, rcond=None)[0]
    length = gravity / pull
    mass = 1 / (push * length**2)
    return Physics(float(length), float(mass), float(friction / push))
    # END SOLUTION


def pendulum_step(physics: Physics, s, a, dt, gravity=9.81):
    """Move a pendulum on by dt, s: the speed first, with the acceleration at s; then the angle, with the new speed.

    s: [..., 2], a: [..., 1]. Returns [..., 2].
    """
    inertia = physics.mass * physics.length**2
    torque = physics.mass * gravity * physics.length * np.sin(s[..., 0]) - physics.damping * s[..., 1] + a[..., 0]
    speed = s[..., 1] + dt * torque / inertia
    return np.stack([s[..., 0] + dt * speed, speed], axis=-1)
