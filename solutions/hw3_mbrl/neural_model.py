"""A neural network that learns what a system does: the model for systems whose equations nobody writes down.

    s'  =  s + mean_y + std_y * net((x - mean_x) / std_x)          x = inputs(s, a),    y = differences(s, s')

The network never sees raw numbers. Its inputs x carry cos and sin in the place of an angle, its targets y are the
CHANGES of the state, where an angle changes by the shorter way round, and both are scaled to mean 0 and standard
deviation 1 in every column. It is fitted to the transitions (s, a, s') of the data by least squares.

Notation: state s [..., n], action a [..., m]. `angles` are the indices of the state that are angles in radians, and
there are k of them. N transitions or trajectories; a trajectory has T actions and T+1 states. A learned model is a
function f(s [..., n], a [..., m]) -> s_next [..., n] on NumPy arrays.
"""

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
    # BEGIN SOLUTION 3.5: the same direction, named by a number between -pi and pi
    return (angle + np.pi) % (2 * np.pi) - np.pi
    # END SOLUTION


def inputs(s, a, angles: Sequence[int] = ()):
    """Build what the network sees of a state and an action.

    s: [..., n], a: [..., m]. angles: the k indices of s that are angles.
    Returns x: [..., n + k + m]: first the cos of all angles, in the order of `angles`, then the sin of all angles in
    the same order, then the n - k states that are no angles, in their order, then the action.
    """
    # BEGIN SOLUTION 3.5: the four parts side by side
    theta = s[..., list(angles)]
    rest = s[..., [i for i in range(s.shape[-1]) if i not in angles]]
    return np.concatenate([np.cos(theta), np.sin(theta), rest, a], axis=-1)
    # END SOLUTION


def differences(s, s_next, angles: Sequence[int] = ()):
    """Return by how much each state changes: [..., n], an angle by the shorter way round, from -pi to pi.

    s, s_next: [..., n]. angles: the indices of s that are angles. Neither s nor s_next is changed.
    """
    # BEGIN SOLUTION 3.5: s' minus s, and the angles among these columns wrapped
    change = s_next - s
    turning = list(angles)
    change[..., turning] = wrap(change[..., turning])
    return change
    # END SOLUTION


def fit_scaler(x) -> Scaler:
    """Measure the columns of x: [N, d]: the mean, and the standard deviation with division by N (ddof 0).

    A column in which all N entries are equal gets the standard deviation 1: it is moved and not stretched.
    """
    # BEGIN SOLUTION 3.5: column by column; which of them never change?
    varies = x.max(axis=0) > x.min(axis=0)
    return Scaler(x.mean(axis=0), np.where(varies, x.std(axis=0), 1.0))
    # END SOLUTION


def scale(x, scaler: Scaler):
    """Move and stretch x: [..., d] so that the data of the scaler has mean 0 and standard deviation 1."""
    # BEGIN SOLUTION 3.5: from the unit of the data to no unit
    return (x - scaler.mean) / scaler.std
    # END SOLUTION


def unscale(z, scaler: Scaler):
    """Undo `scale`: z: [..., d], without unit, back to the unit of the data."""
    # BEGIN SOLUTION 3.5: from no unit to the unit of the data
    return scaler.mean + scaler.std * z
    # END SOLUTION


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
        # BEGIN SOLUTION 3.5: inputs and differences, a scaler for each, both scaled
        x, y = inputs(s, a, self.angles), differences(s, s_next, self.angles)
        self.input_scaler, self.target_scaler = fit_scaler(x), fit_scaler(y)
        return scale(x, self.input_scaler), scale(y, self.target_scaler)
        # END SOLUTION

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
        # BEGIN SOLUTION 3.5: shuffle; for each batch the loss, its gradient (the old one cleared), the optimiser's step
        for rows in torch.randperm(N, generator=self.generator).split(batch):
            loss = (self.net(x[rows]) - y[rows]).square().mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += loss.item() * len(rows)
        # END SOLUTION
        return total / N

    def expect_data(self, who: str) -> None:
        """Raise RuntimeError in the name of the method `who` if nothing was fitted or prepared yet."""
        if self.input_scaler is None:
            raise RuntimeError(f"NeuralModel.{who}: was called before any data, expected fit(s, a, s_next) first")

    def predict(self, s, a):
        """Predict the next state: s: [..., n], a: [..., m] -> s_next: [..., n]. NumPy in, NumPy out.

        An angle is not wrapped: it goes on from where it is in s.
        """
        self.expect_data("predict")
        # BEGIN SOLUTION 3.5: scaled inputs through the network, without gradients; its answer is a scaled difference
        x = scale(inputs(s, a, self.angles), self.input_scaler)
        with torch.no_grad():
            y = self.net(torch.as_tensor(x, dtype=torch.float32)).numpy()
        return s + unscale(y, self.target_scaler)
        # END SOLUTION

    def function(self) -> Callable:
        """Return what was learned so far as a function f(s [..., n], a [..., m]) -> s_next [..., n], made for speed.

        The same numbers as `predict`, to single precision, in about a third of the time: a planner asks it a hundred
        thousand times. The scalers are folded into the first and the last layer, and nothing is left but the products.
        Fitting afterwards does not change it.
        """
        self.expect_data("function")
        weights = [part.detach().double().numpy() for part in self.net.parameters()]  # W [out, in], b [out], W, b, ...
        layers = [list(pair) for pair in zip(weights[::2], weights[1::2], strict=True)]
        (mean, std), (shift, size) = self.input_scaler, self.target_scaler
        layers[0] = [layers[0][0] / std, layers[0][1] - layers[0][0] @ (mean / std)]
        layers[-1] = [layers[-1][0] * size[:, None], layers[-1][1] * size + shift]
        *hidden, last = [(torch.tensor(b).float(), torch.tensor(W.T).float().contiguous()) for W, b in layers]
        b_last, W_last = (part.numpy() for part in last)  # NumPy is the faster one where a product is narrow
        silu = torch.nn.functional.silu

        def f(s, a):
            x = inputs(s, a, self.angles)
            h = torch.as_tensor(x.reshape(-1, x.shape[-1]), dtype=torch.float32)
            for b, W in hidden:
                h = silu(torch.addmm(b, h, W), inplace=True)
            change = h.numpy() @ W_last
            change += b_last
            return s + change.reshape(s.shape)

        return f


def rollout(f: Callable, s0, A):
    """Let a model imagine N trajectories, all of them side by side: one call of f for each time step.

    f(s: [N, n], a: [N, m]) -> s_next: [N, n], the model. s0: [N, n], the first states. A: [N, T, m], the actions.
    Returns s: [N, T+1, n], where s[:, 0] is s0, and s[:, t+1] is what f predicts for s[:, t] and A[:, t].
    """
    N, T, _ = A.shape
    s = np.full((N, T + 1, s0.shape[-1]), np.nan)
    # BEGIN SOLUTION 3.5: every prediction is the state that the next one starts from
    s[:, 0] = s0
    for t in range(T):
        s[:, t + 1] = f(s[:, t], A[:, t])
    # END SOLUTION
    return s


def horizon_errors(f: Callable, s, A, angles: Sequence[int] = ()):
    """Measure how far a model's imagination is from what happened, after 1, 2, ... T steps without looking.

    f: as in `rollout`. s: [N, T+1, n], trajectories that really happened under the actions A: [N, T, m].
    Returns errors: [T]: errors[h - 1] is the root of the mean, over all N trajectories and n states, of the squared
    difference between the state h steps after s[:, 0] and its prediction; angles differ by the shorter way round.
    """
    # BEGIN SOLUTION 3.5: one rollout from the first states; differences, then the root of the mean square
    imagined = rollout(f, s[:, 0], A)
    error = differences(s, imagined, angles)[:, 1:]
    return np.sqrt(np.mean(error**2, axis=(0, 2)))
    # END SOLUTION
