"""Single precision, except for the physics; QR where the columns are independent; scipy's density; a nonlinear fit."""

from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.stats


class LinearExpectation(NamedTuple):
    F: np.ndarray
    b: np.ndarray


class LinearGaussian(NamedTuple):
    F: np.ndarray
    f: np.ndarray
    Sigma: np.ndarray


class Physics(NamedTuple):
    length: float
    mass: float
    damping: float


def single(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def fit_expectation(x, x_next, r, done):
    x, x_next, r, more = single(x, x_next, r, 1 - np.asarray(done, dtype=int))
    inverse = np.linalg.pinv(x)
    return LinearExpectation((inverse @ (x_next * more[:, None])).T, inverse @ r)


def value_weights(model, gamma):
    F, b = single(model.F, model.b)
    return np.linalg.solve(np.eye(len(b), dtype=np.float32) - np.float32(gamma) * F.T, b)


def fit_linear_gaussian(D):
    s, a, y = single(D.s, D.a, D.s_next)
    Q, R = np.linalg.qr(np.hstack([s, a, np.ones_like(s[:, :1])]))
    W = np.linalg.solve(R, Q.T @ y)
    rest = y - Q @ (Q.T @ y)
    return LinearGaussian(W[:-1].T, W[-1], np.einsum("Ni,Nj->ij", rest, rest) / np.float32(len(y)))


def predict(model, s, a):
    F, f, s, a = single(model.F, model.f, s, a)
    return np.concatenate([s, a], axis=-1) @ F.T + f


def log_likelihood(model, D):
    errors = D.s_next - np.hstack([D.s, D.a]) @ model.F.T - model.f
    return np.atleast_1d(scipy.stats.multivariate_normal.logpdf(errors, cov=model.Sigma)).reshape(len(D.s))


def identify_pendulum(D, dt, gravity=9.81):
    def errors(constants):  # logarithms of length, mass and damping: all are positive
        length, mass, damping = np.exp(constants)
        inertia = mass * length**2
        force = gravity / length * np.sin(D.s[:, 0]) + (D.a[:, 0] - damping * D.s[:, 1]) / inertia
        return D.s[:, 1] + dt * force - D.s_next[:, 1]

    found = scipy.optimize.least_squares(errors, np.zeros(3), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return Physics(*(float(c) for c in np.exp(found.x)))
