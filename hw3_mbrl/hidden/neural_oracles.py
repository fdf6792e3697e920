"""What exercise 3.5 is compared with: angles as complex numbers, exact means, and a network trained by hand.

The network here is its list of matrices in double precision, its gradient torch's, and Adam is written out from its
paper. Only the first weights are those of the given `network`: layers drawn one after the other after seeding.
"""

from __future__ import annotations

import statistics

import numpy as np
import torch
import torch._dynamo  # Adam imports it when it is first made: a second that no test should be charged with

from course.testing import Mismatch, assert_shape


def turned(angle):
    """Bring angles to (-pi, pi]: the argument of a number on the unit circle."""
    return np.angle(np.exp(1j * np.asarray(angle)))


def features(s, a, angles):
    """Build the network's inputs entry by entry. s: [N, n], a: [N, m]. Returns [N, n + k + m]."""
    rows = []
    for state, action in zip(s, a, strict=True):
        points = [np.exp(1j * state[i]) for i in angles]
        others = [state[i] for i in range(len(state)) if i not in angles]
        rows.append([p.real for p in points] + [p.imag for p in points] + others + list(action))
    return np.array(rows)


def changes(s, s_next, angles):
    """Subtract column by column; angles by the quotient of two points of the unit circle."""
    columns = [
        np.angle(np.exp(1j * s_next[..., i]) / np.exp(1j * s[..., i])) if i in angles else s_next[..., i] - s[..., i]
        for i in range(s.shape[-1])
    ]
    return np.stack(columns, axis=-1)


def measured(x):
    """Return mean and standard deviation of every column in exact arithmetic; 1 in the place of 0."""
    columns = [[float(number) for number in column] for column in np.asarray(x).T]
    mean = np.array([statistics.fmean(column) for column in columns])
    return mean, np.array([statistics.pstdev(column) or 1.0 for column in columns])


def standard(x):
    """Return the columns of x in units of their own spread, around their mean."""
    mean, std = measured(x)
    return (x - mean) / std


def first_weights(sizes, seed):
    """Return the weights and biases that the given `network` begins with, in double precision."""
    weights = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for wide, next_wide in zip(sizes[:-1], sizes[1:], strict=True):
            layer = torch.nn.Linear(wide, next_wide)
            weights += [layer.weight.detach().double(), layer.bias.detach().double()]
    return weights


def answer(weights, x):
    """Run the network: tensor [N, d] -> tensor [N, n], with z sigmoid(z) between the layers."""
    for i in range(0, len(weights), 2):
        x = x @ weights[i].T + weights[i + 1]
        x = x * torch.sigmoid(x) if i + 2 < len(weights) else x
    return x


def trained(weights, batches, rate):
    """Take Adam's steps on batches of (x [b, d], y [b, n]). Returns the loss before each step, and the last weights."""
    weights = [w.clone().requires_grad_() for w in weights]
    first, second = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    losses = []
    for step, (x, y) in enumerate(batches, start=1):
        gap = answer(weights, torch.as_tensor(x)) - torch.as_tensor(y)
        loss = (gap * gap).sum() / gap.numel()
        losses.append(loss.item())
        slopes = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, g, p, q in zip(weights, slopes, first, second, strict=True):
                p += 0.1 * (g - p)
                q += 0.001 * (g * g - q)
                w -= rate * (p / (1 - 0.9**step)) / ((q / (1 - 0.999**step)).sqrt() + 1e-8)
    return np.array(losses), weights


def forecast(weights, s, a, data, angles):
    """Predict the next states of s [N, n], a [N, m] from a network whose data was `data` = (s, a, s_next)."""
    in_mean, in_std = measured(features(data[0], data[1], angles))
    out_mean, out_std = measured(changes(data[0], data[2], angles))
    with torch.no_grad():
        y = answer(weights, torch.as_tensor((features(s, a, angles) - in_mean) / in_std)).numpy()
    return s + out_mean + out_std * y


class Model:
    """A dynamics model of the grader's: bounded and nonlinear. It notes what it is asked, and never raises."""

    def __init__(self, rng, n, m, N, T, who, drift=None):
        self.A, self.B = rng.normal(size=(n, n)), rng.normal(size=(m, n))
        self.n, self.m, self.N, self.T, self.who, self.drift = n, m, N, T, who, drift
        self.asked, self.complaint = [], ""

    def answer(self, s=None, a=None):
        """Return the next states. This is the `f` that the student's code is given."""
        try:
            if len(self.asked) >= self.T:
                raise Mismatch(f"more than T = {self.T} times; one call moves all {self.N} trajectories by one step")
            s = assert_shape("with s, which", s, (self.N, self.n), "[N, n]")
            a = assert_shape("with a, which", a, (self.N, self.m), "[N, m]")
        except Mismatch as problem:
            self.complaint = self.complaint or f"{self.who} called f(s, a) {problem}"
            return np.full((self.N, self.n), np.nan)
        self.asked.append((s, a))
        return self.step(s, a)

    def step(self, s, a):
        """Move the states [N, n]: by a drift and what the actions say, or to where state and action say."""
        return s + self.drift + a @ self.B if self.drift is not None else np.tanh(s @ self.A + a @ self.B)
