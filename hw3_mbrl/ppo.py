"""Proximal policy optimisation: a policy gradient that takes many small steps on each batch of real episodes.

    pi(a | s) = N(mean(s), diag(std^2))        ratio = pi(a | s) / pi_old(a | s)
    maximise   mean of min(ratio A, clip(ratio, 1 - c, 1 + c) A)      A = advantage of (s, a), generalised (GAE)

Provided: you use it in 3.9 and need not change it. Networks are small, in torch and double precision; states, actions
and rewards go in and come out as NumPy arrays. N episodes of L steps are played at once, in a BatchEnv.
Source: Schulman et al., Proximal Policy Optimization Algorithms (2017).
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch


class Network:
    """A multilayer perceptron with tanh between its layers; its first weights follow from the seed."""

    def __init__(self, sizes, seed: int, last: float = 1.0):
        """Take the number of units of each layer, inputs first; `last` shrinks the weights of the last layer."""
        rng, pairs = np.random.default_rng(seed), list(zip(sizes[:-1], sizes[1:], strict=True))
        scales = [1.0] * (len(pairs) - 1) + [last]
        self.W = [
            torch.tensor(scale * rng.normal(size=pair) / np.sqrt(pair[0]))
            for pair, scale in zip(pairs, scales, strict=True)
        ]
        self.b = [torch.zeros(size, dtype=torch.float64) for _, size in pairs]
        self.parameters = [p.requires_grad_() for p in self.W + self.b]

    def __call__(self, x):
        """Return the outputs [..., k] for the inputs [..., j], tensors."""
        for W, b in zip(self.W[:-1], self.b[:-1], strict=True):
            x = torch.tanh(x @ W + b)
        return x @ self.W[-1] + self.b[-1]


class Adam:
    """Adam, as in torch.optim, in ten lines: it changes tensors so that a loss falls (Kingma and Ba, 2015)."""

    # torch.optim does the same, but its first optimiser imports torch's compiler: more than a second of waiting.

    def __init__(self, parameters, rate: float):
        """Take the tensors to change and the size of a step."""
        self.parameters, self.rate, self.count = list(parameters), rate, 0
        self.m = [torch.zeros_like(p) for p in self.parameters]
        self.v = [torch.zeros_like(p) for p in self.parameters]

    def step(self, loss, rate: float | None = None) -> None:
        """Make one step that lowers `loss`, a tensor computed from the parameters; `rate` instead of the usual one."""
        self.count += 1
        rate, debias = self.rate if rate is None else rate, 1 / (1 - 0.999**self.count)
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
                m.lerp_(g, 0.1)
                v.lerp_(g * g, 0.001)
                p -= rate / (1 - 0.9**self.count) * m / ((v * debias).sqrt() + 1e-8)


class Policy:
    """A Gaussian policy: its mean is a network of the scaled state, its std one number for each action.

    mean(s) = a_shift + a_scale * network((features(s) - s_shift) / s_scale)

    features(s): the state, with each angle replaced by its cosine and sine (in place: [angle, speed] becomes
    [cos, sin, speed]). The scales are 0 and 1 until `fit_scales` sets them; they belong to the policy like its weights.
    """

    def __init__(self, n: int, m: int, *, hidden=(32, 32), angles=(), std: float = 1.0, seed: int = 0):
        """Make a policy for n states and m actions; `hidden=()` makes its mean linear. angles: which states are."""
        self.n, self.m, self.hidden, self.angles = n, m, tuple(hidden), tuple(angles)
        k = n + len(self.angles)
        self.network = Network((k, *self.hidden, m), seed, last=0.1)
        self.log_std = torch.full((m,), float(np.log(std)), dtype=torch.float64, requires_grad=True)
        self.s_shift, self.s_scale = np.zeros(k), np.ones(k)
        self.a_shift, self.a_scale = np.zeros(m), np.ones(m)

    def features(self, s):
        """Return the numbers [..., k] that the network sees of the states s [..., n], before they are scaled."""
        s, columns = np.asarray(s, dtype=float), []
        for i in range(self.n):
            columns += [np.cos(s[..., i]), np.sin(s[..., i])] if i in self.angles else [s[..., i]]
        return np.stack(columns, axis=-1)

    def fit_scales(self, s, a) -> None:
        """Set the scales to mean and standard deviation (ddof 0) of states s [N, n] and actions a [N, m].

        A column that does not vary is divided by 1. What the policy does changes with them: train it afterwards.
        """
        self.s_shift, self.s_scale = moments(self.features(s))
        self.a_shift, self.a_scale = moments(np.asarray(a, dtype=float))

    def mean(self, s):
        """Return the mean actions [N, m] for states s [N, n], in the units of the actions: a tensor with gradients."""
        x = torch.as_tensor((self.features(s) - self.s_shift) / self.s_scale)
        return torch.as_tensor(self.a_shift) + torch.as_tensor(self.a_scale) * self.network(x)

    def act(self, s):
        """Return the mean actions [..., m] for states s [..., n]: an array."""
        with torch.no_grad():
            return self.mean(s).numpy()

    __call__ = act

    @property
    def std(self):
        """The standard deviation of the actions, [m], in their units."""
        return self.log_std.detach().exp().numpy()

    def set_std(self, std) -> None:
        """Explore with this standard deviation, a number or [m]."""
        with torch.no_grad():
            self.log_std[:] = torch.as_tensor(np.log(std))

    def sample(self, s, rng):
        """Draw actions [N, m] for states s [N, n] with the Generator rng."""
        mean = self.act(s)
        return mean + self.std * rng.standard_normal(mean.shape)

    def log_prob(self, s, a):
        """Return the log density [N] of actions a [N, m] in states s [N, n]: a tensor with gradients."""
        z = (torch.as_tensor(a) - self.mean(s)) / self.log_std.exp()
        return -(0.5 * z**2 + self.log_std + 0.5 * np.log(2 * np.pi)).sum(-1)

    def parameters(self) -> list:
        """Return the tensors that an optimiser is to change; the std is the last."""
        return [*self.network.parameters, self.log_std]

    def numbers(self) -> list:
        """Return everything that was learned, as arrays: for a file, or for `load` in another policy of this shape."""
        scales = [self.s_shift, self.s_scale, self.a_shift, self.a_scale]
        return scales + [p.detach().numpy().copy() for p in self.parameters()]

    def load(self, numbers) -> None:
        """Become the policy that gave these `numbers`."""
        self.s_shift, self.s_scale, self.a_shift, self.a_scale = (np.array(x) for x in numbers[:4])
        with torch.no_grad():
            for p, x in zip(self.parameters(), numbers[4:], strict=True):
                p[:] = torch.as_tensor(x)

    def copy(self) -> Policy:
        """Return a policy that does the same, and can be trained without changing this one."""
        return copy.deepcopy(self)


def moments(x):
    """Return mean and standard deviation (ddof 0) of each column of x [N, k]; 1 for one that does not vary."""
    std = x.std(axis=0)
    return x.mean(axis=0), np.where(std > 1e-8, std, 1.0)


class Batch(NamedTuple):
    """N episodes of L steps: s [L+1, N, n], a [L, N, m], r [L, N]. Cut off at L: the last s is not terminal."""

    s: np.ndarray
    a: np.ndarray
    r: np.ndarray

    def returns(self):
        """Return the total reward of each episode, [N]."""
        return self.r.sum(axis=0)


def play_batch(env, policy: Policy, rng) -> Batch:
    """Play one episode in each copy of a BatchEnv, with actions drawn from the policy by the Generator rng."""
    (s, _), over = env.reset(), False
    states, actions, rewards = [s], [], []
    while not over:
        a = policy.sample(s, rng)
        s, _, terminated, truncated, info = env.step(a)
        states.append(s)
        actions.append(a)
        rewards.append(info["rewards"])
        over = terminated or truncated
    return Batch(np.array(states), np.array(actions), np.array(rewards))


class PPO:
    """Improves a policy in place, batch by batch: first `fit_critic`, then `fit_policy`, on the same batch."""

    def __init__(
        self, policy: Policy, *, seed: int = 0, gamma=0.97, lam=0.95, clip=0.2, rate=3e-4, epochs=4, size=1250
    ):
        """Take the policy to improve. seed: of the critic's first weights and the order of the minibatches.

        gamma: discount. lam: of GAE. clip: c. rate: of Adam. epochs: passes over a batch. size: of a minibatch.
        """
        self.policy, self.gamma, self.lam, self.clip = policy, gamma, lam, clip
        self.epochs, self.size, self.rng = epochs, size, np.random.default_rng(seed)
        self.critic, self.v_shift, self.v_scale = Network((len(policy.s_shift), 32, 32, 1), seed), None, 1.0
        self.critic_adam, self.policy_adam = Adam(self.critic.parameters, rate), Adam(policy.parameters(), rate)

    def values(self, s):
        """Return the critic's estimate [...] of the discounted rewards to come from states s [..., n]: a tensor."""
        x = torch.as_tensor((self.policy.features(s) - self.policy.s_shift) / self.policy.s_scale)
        return self.v_shift + self.v_scale * self.critic(x)[..., 0]

    def advantages(self, batch: Batch):
        """Return the advantages [L, N] of what was done over what the critic expected (GAE), as an array."""
        with torch.no_grad():
            V = self.values(batch.s).numpy()
        delta, A, last = batch.r + self.gamma * V[1:] - V[:-1], np.zeros_like(batch.r), 0.0
        for t in reversed(range(len(delta))):
            A[t] = last = delta[t] + self.gamma * self.lam * last
        return A

    def fit_critic(self, batch: Batch) -> None:
        """Fit the critic to the returns of the batch, continued by its own estimate where the episodes were cut off."""
        if self.v_shift is None:  # the scale of returns is unknown before the first batch
            per_step = batch.r.mean() / (1 - self.gamma)
            self.v_shift, self.v_scale = per_step, abs(per_step) + 1e-8
        with torch.no_grad():
            target = torch.as_tensor(self.advantages(batch)) + self.values(batch.s[:-1])
        s, target = batch.s[:-1].reshape(-1, batch.s.shape[-1]), target.reshape(-1)
        for at in self.minibatches(len(s)):
            loss = (((self.values(s[at]) - target[at]) / self.v_scale) ** 2).mean()
            self.critic_adam.step(loss)

    def fit_policy(self, batch: Batch) -> None:
        """Raise the probability of what was better than expected, within the clipped ratio."""
        s, a = (x.reshape(-1, x.shape[-1]) for x in (batch.s[:-1], batch.a))
        A = self.advantages(batch).reshape(-1)
        A = torch.as_tensor((A - A.mean()) / (A.std() + 1e-8))
        with torch.no_grad():
            old = self.policy.log_prob(s, a)
        for at in self.minibatches(len(s)):
            ratio = (self.policy.log_prob(s[at], a[at]) - old[at]).exp()
            clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
            self.policy_adam.step(-torch.minimum(ratio * A[at], clipped * A[at]).mean())

    def minibatches(self, count: int):
        """Yield indices of minibatches that go through `count` samples `epochs` times, in random order."""
        for _ in range(self.epochs):
            order = self.rng.permutation(count)
            yield from (order[i : i + self.size] for i in range(0, count, self.size))
