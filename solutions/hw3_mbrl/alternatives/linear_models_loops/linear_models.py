"""Normal equations, added up transition by transition; a pseudo-inverse where they are singular; plain loops."""

from typing import NamedTuple

import numpy as np


class LinearExpectation(NamedTuple):
    F: np.ndarray
    b: np.ndarray


class LinearGaussian(NamedTuple):
    F: np.ndarray
    f: np.ndarray
    Sigma: np.ndarray


def regression(X, Y):
    """Return W [p, k] of least norm among those with the least squares."""
    XX, XY = 0.0, 0.0
    for x, y in zip(X, Y, strict=True):
        XX, XY = XX + np.outer(x, x), XY + np.outer(x, y)
    return np.linalg.pinv(XX, rcond=1e-12, hermitian=True) @ XY


def fit_expectation(x, x_next, r, done):
    y = [0 * after if end else after for after, end in zip(x_next, done, strict=True)]
    return LinearExpectation(regression(x, y).T, regression(x, r[:, None])[:, 0])


def value_weights(model, gamma):
    return model.b @ np.linalg.inv(np.eye(len(model.b)) - gamma * model.F)


def fit_linear_gaussian(D):
    X = [[1.0, *s, *a] for s, a in zip(D.s, D.a, strict=True)]
    W = regression(np.array(X), D.s_next)
    errors = [y - x @ W for x, y in zip(np.array(X), D.s_next, strict=True)]
    return LinearGaussian(W[1:].T, W[0], sum(np.outer(e, e) for e in errors) / len(errors))


def predict(model, s, a):
    n = s.shape[-1]
    return s @ model.F[:, :n].T + a @ model.F[:, n:].T + model.f


def log_likelihood(model, D):
    L = np.linalg.cholesky(model.Sigma)
    answer = []
    for e in D.s_next - predict(model, D.s, D.a):
        w = np.linalg.inv(L) @ e
        answer.append(-w @ w / 2 - np.log(np.diag(L)).sum() - len(e) / 2 * np.log(2 * np.pi))
    return np.array(answer)


def identify_pendulum(D, dt, gravity=9.81):
    X = [[np.sin(s[0]) * dt, a[0] * dt, s[1] * dt] for s, a in zip(D.s, D.a, strict=True)]
    pull, push, friction = regression(np.array(X), (D.s_next - D.s)[:, 1:])[:, 0]
    return gravity / pull, pull**2 / (gravity**2 * push), -friction / push
