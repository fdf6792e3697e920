"""Plain loops: one column, one row, one trajectory after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm


class Scaler(NamedTuple):
    """The mean [d] and the standard deviation [d] of the columns of some data."""

    mean: np.ndarray
    std: np.ndarray


def wrap(angle):
    """Bring angles [...], rad, to the interval from -pi to pi by adding a multiple of 2 pi to each."""
    return np.asarray(angle) - 2 * np.pi * np.round(np.asarray(angle) / (2 * np.pi))


def inputs(s, a, angles: Sequence[int] = ()):
    """Build what the network sees of a state and an action.

    s: [..., n], a: [..., m]. angles: the k indices of s that are angles.
    Returns x: [..., n + k + m]: first the cos of all angles, in the order of `angles`, then the sin of all angles in
    the same order, then the n - k states that are no angles, in their order, then the action.
    """
    columns = [np.cos(s[..., i]) for i in angles] + [np.sin(s[..., i]) for i in angles]
    for i in range(s.shape[-1]):
        if i not in angles:
            columns.append(s[..., i])
    for j in range(a.shape[-1]):
        columns.append(a[..., j])
    return np.stack(columns, axis=-1)


def differences(s, s_next, angles: Sequence[int] = ()):
    """Return by how much each state changes: [..., n], an angle by the shorter way round, from -pi to pi.

    s, s_next: [..., n]. angles: the indices of s that are angles. Neither s nor s_next is changed.
    """
    columns = []
    for i in range(s.shape[-1]):
        change = s_next[..., i] - s[..., i]
        columns.append(wrap(change) if i in angles else change)
    return np.stack(columns, axis=-1)


def fit_scaler(x) -> Scaler:
    """Measure the columns of x: [N, d]: the mean, and the standard deviation with division by N (ddof 0).

    A column in which all N entries are equal gets the standard deviation 1: it is moved and not stretched.
    """
    mean, std = [], []
    for column in x.T:
        mean.append(sum(column) / len(column))
        square = sum((number - mean[-1]) ** 2 for number in column) / len(column)
        std.append(1.0 if len(set(column)) == 1 else square**0.5)
    return Scaler(np.array(mean), np.array(std))


def scale(x, scaler: Scaler):
    """Move and stretch x: [..., d] so that the data of the scaler has mean 0 and standard deviation 1."""
    return (x - scaler.mean) / scaler.std


def unscale(z, scaler: Scaler):
    """Undo `scale`: z: [..., d], without unit, back to the unit of the data."""
    return scaler.mean + scaler.std * z


def network(sizes: Sequence[int], seed: int) -> torch.nn.Sequential:
    """Build layers of the given sizes with SiLU between them; the seed fixes the first weights, and nothing else."""
    layers = []
    with torch.random.fork_rng(devices=[]):  # the global generator is left as it was
        torch.manual_seed(seed)
        for wide, next_wide in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [torch.nn.Linear(wide, next_wide), torch.nn.SiLU()]
    return torch.nn.Sequential(*layers[:-1])


class NeuralModel:
    """A dynamics model s' = f(s, a) made of a network that predicts scaled differences.

    net, optimiser, generator: what torch needs; the generator is the only source of randomness after the first weights.
    input_scaler, target_scaler: of the data of the last fit, None before the first.
    """

    def __init__(self, n: int, m: int, angles: Sequence[int] = (), *, hidden=(64, 64), rate=1e-3, seed: int = 0):
        """Take the sizes of state and action and the indices of the state that are angles.

        hidden: sizes of the hidden layers. rate: Adam's step size. seed: fixes all randomness.
        """
        self.n, self.m, self.angles = n, m, tuple(angles)
        self.hidden, self.rate, self.seed = tuple(hidden), rate, seed
        self.restart()

    def restart(self) -> None:
        """Forget everything learned: the same state as right after construction."""
        self.net = network((self.n + len(self.angles) + self.m, *self.hidden, self.n), self.seed)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=self.rate, fused=True)
        self.generator = torch.Generator().manual_seed(self.seed)
        self.input_scaler = self.target_scaler = None

    def prepare(self, s, a, s_next):
        """Fit both scalers to these transitions, and return what the network is trained on.

        s: [N, n], a: [N, m], s_next: [N, n]. Sets input_scaler and target_scaler.
        Returns x: [N, n + k + m] and y: [N, n], scaled, as arrays.
        """
        x = np.array([inputs(one, other, self.angles) for one, other in zip(s, a, strict=True)])
        y = np.array([differences(one, other, self.angles) for one, other in zip(s, s_next, strict=True)])
        self.input_scaler, self.target_scaler = fit_scaler(x), fit_scaler(y)
        return scale(x, self.input_scaler), scale(y, self.target_scaler)

    def fit(self, s, a, s_next, *, epochs=100, batch=64, anew=True, progress=True):
        """Fit the network to N transitions by least squares on the scaled differences.

        s: [N, n], a: [N, m], s_next: [N, n]. epochs: passes over the data. batch: rows a gradient step, at most.
        anew: forget what was learned before and begin with the first weights of the seed; if False, go on from the
        present weights. The scalers are those of these N transitions in either case. progress: show a bar.
        Returns losses: [epochs], for each pass the mean over all N rows and n columns of the squared errors, in scaled
        units, each row's taken before the step that uses it.
        """
        if anew:
            self.restart()
        x, y = (torch.as_tensor(part, dtype=torch.float32) for part in self.prepare(s, a, s_next))
        losses = np.full(epochs, np.nan)
        for epoch in tqdm(range(epochs), desc="fit", leave=False) if progress else range(epochs):
            losses[epoch] = self.one_pass(x, y, batch)
        return losses

    def one_pass(self, x: torch.Tensor, y: torch.Tensor, batch: int) -> float:
        """Take one gradient step for every `batch` rows of x and y, all rows once, in an order of self.generator.

        The step of a batch is made on the mean squared error of its rows and columns; the last batch may be smaller.
        Returns the mean over all rows and columns of the squared errors that the batches had before their steps.
        """
        total, N = 0.0, len(x)
        order = torch.randperm(N, generator=self.generator)
        for start in range(0, N, batch):
            rows = order[start : start + batch]
            for weights in self.net.parameters():
                weights.grad = None
            errors = self.net(x[rows]) - y[rows]
            torch.mean(errors * errors).backward()
            self.optimiser.step()
            total += float((errors * errors).mean(dim=1).sum())
        return total / N

    def predict(self, s, a):
        """Predict the next state: s: [..., n], a: [..., m] -> s_next: [..., n]. NumPy in, NumPy out.

        An angle is not wrapped: it goes on from where it is in s.
        """
        if self.input_scaler is None:
            raise RuntimeError("NeuralModel.predict: got a state before any data, expected fit(s, a, s_next) first")
        x = scale(inputs(s, a, self.angles), self.input_scaler)
        with torch.no_grad():
            y = self.net(torch.as_tensor(x, dtype=torch.float32)).numpy()
        return s + unscale(y, self.target_scaler)


def rollout(f: Callable, s0, A):
    """Let a model imagine N trajectories, all of them side by side: one call of f for each time step.

    f(s: [N, n], a: [N, m]) -> s_next: [N, n], the model. s0: [N, n], the first states. A: [N, T, m], the actions.
    Returns s: [N, T+1, n], where s[:, 0] is s0, and s[:, t+1] is what f predicts for s[:, t] and A[:, t].
    """
    N, T, _ = A.shape
    s = np.full((N, T + 1, s0.shape[-1]), np.nan)
    s[:, 0] = s0
    now = np.array(s0)
    for t in range(T):
        now = np.asarray(f(now, A[:, t]))
        for i in range(N):
            s[i, t + 1] = now[i]
    return s


def horizon_errors(f: Callable, s, A, angles: Sequence[int] = ()):
    """Measure how far a model's imagination is from what happened, after 1, 2, ... T steps without looking.

    f: as in `rollout`. s: [N, T+1, n], trajectories that really happened under the actions A: [N, T, m].
    Returns errors: [T]: errors[h - 1] is the root of the mean, over all N trajectories and n states, of the squared
    difference between the state h steps after s[:, 0] and its prediction; angles differ by the shorter way round.
    """
    imagined = rollout(f, s[:, 0], A)
    errors = []
    for h in range(1, s.shape[1]):
        error = differences(s[:, h], imagined[:, h], angles)
        errors.append(np.linalg.norm(error) / error.size**0.5)
    return np.array(errors)
