"""Tensors; fits by pseudo-inverses of bordered matrices, densities by torch.distributions, values by iteration."""

from collections import namedtuple

import numpy as np
import torch

LinearExpectation = namedtuple("LinearExpectation", "F b")
LinearGaussian = namedtuple("LinearGaussian", "F f Sigma")
Physics = namedtuple("Physics", "length mass damping")


def tensors(*arrays):
    return [torch.as_tensor(np.asarray(a), dtype=torch.float64) for a in arrays]


def fit_expectation(x, x_next, r, done):
    x, x_next, r, done = tensors(x, x_next, r, done)
    inverse = torch.linalg.pinv(x)
    return LinearExpectation((inverse @ torch.where(done[:, None] > 0, 0.0, x_next)).T.numpy(), (inverse @ r).numpy())


def value_weights(model, gamma):
    F, b = tensors(model.F, model.b)
    w = b.clone()
    for _ in range(2000):
        w = b + gamma * F.mT @ w
    return w.numpy()


def fit_linear_gaussian(D):
    s, a, s_next = tensors(D.s, D.a, D.s_next)
    z = torch.cat([s, a], dim=1)
    middle_z, middle_y = z.mean(0), s_next.mean(0)
    F = (torch.linalg.pinv(z - middle_z) @ (s_next - middle_y)).T
    f = middle_y - F @ middle_z
    Sigma = torch.cov((s_next - z @ F.T).T, correction=0).reshape(len(f), -1)
    return LinearGaussian(F.numpy(), f.numpy(), Sigma.numpy())


def predict(model, s, a):
    F, f, s, a = tensors(model.F, model.f, s, a)
    n = s.shape[-1]
    return (torch.einsum("ij,...j->...i", F[:, :n], s) + torch.einsum("ij,...j->...i", F[:, n:], a) + f).numpy()


def log_likelihood(model, D):
    mean, Sigma, y = tensors(predict(model, D.s, D.a), model.Sigma, D.s_next)
    return torch.distributions.MultivariateNormal(mean, covariance_matrix=Sigma).log_prob(y).numpy()


def identify_pendulum(D, dt, gravity=9.81):
    s, a, s_next = tensors(D.s, D.a, D.s_next)
    X = torch.stack([gravity * torch.sin(s[:, 0]), -s[:, 1], a[:, 0]], dim=1) * dt
    by_length, friction, push = torch.linalg.lstsq(X, (s_next - s)[:, 1:], driver="gelsd").solution[:, 0].tolist()
    return Physics(1 / by_length, by_length**2 / push, friction / push)
