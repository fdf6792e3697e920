"""Exercise 3.7 with as much of torch as there is: functional gradients, its Adam, single precision where it allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from policies import LinearPolicy, NetworkDynamics, PendulumReward, PendulumStep, QuadraticReward, TanhPolicy  # noqa: F401
from transitions import Transitions, joined


class Improvement(NamedTuple):
    theta: np.ndarray
    J: np.ndarray
    norms: np.ndarray


class Search(NamedTuple):
    theta: np.ndarray
    returns: np.ndarray
    D: Transitions


def J_and_gradient(theta, policy, dynamics, reward, s0, T):
    def J(theta):
        s, rewards = torch.from_numpy(s0), []
        for _ in range(T):
            a = policy(theta, s)
            rewards.append(reward(s, a))
            s = dynamics(s, a)
        return torch.stack(rewards).sum(0).mean()

    gradient, value = torch.func.grad_and_value(J)(torch.from_numpy(theta))
    return value.detach().numpy()[()], gradient.detach().numpy()


def pathwise_gradient(f_s, f_a, pi_s, pi_theta, r_s, r_a):
    f_s, f_a, pi_s, pi_theta, r_s, r_a = (torch.tensor(x).float() for x in (f_s, f_a, pi_s, pi_theta, r_s, r_a))
    closed, gain = f_s + f_a @ pi_s, f_a @ pi_theta
    ds = torch.zeros_like(gain[0])
    g = torch.zeros(gain.shape[2])
    for t in range(len(f_s)):
        g = g + (r_s[t] + r_a[t] @ pi_s[t]) @ ds + r_a[t] @ pi_theta[t]
        ds = closed[t] @ ds + gain[t]
    return g.numpy()


def likelihood_ratio(scores, rewards):
    scores, rewards = torch.tensor(scores).float(), torch.tensor(rewards).float()
    N = len(rewards)
    G = rewards.flip(1).cumsum(1).flip(1)
    advantage = (G - G.mean(0)) * N / (N - 1) if N > 1 else G
    return (scores * advantage[:, :, None]).sum((0, 1)).div(N).numpy()


def clip(g, max_norm):
    g = torch.tensor(g)
    length = torch.linalg.vector_norm(g)
    if not torch.isfinite(length):
        return torch.zeros_like(g).numpy()
    return (g * torch.clamp(max_norm / length, max=1.0) if length > 0 else g).numpy()


def improve(objective, theta, steps, rate=3e-3, max_norm=1.0):
    x = torch.tensor(theta, requires_grad=True)
    adam = torch.optim.Adam([x], lr=rate, maximize=True)
    best, top, J, norms = np.array(theta), -float("inf"), np.zeros(steps + 1), np.zeros(steps + 1)
    for k in range(steps + 1):
        J[k], g = objective(x.detach().numpy().copy())
        norms[k] = np.linalg.norm(g)
        if J[k] > top:
            top, best = J[k], x.detach().numpy().copy()
        x.grad = torch.tensor(clip(g, max_norm))
        adam.step()
    return Improvement(best, J, norms)


def collect(env, act):
    s, _ = env.reset()
    parts, over = [], False
    while not over:
        a = act(s)
        new, r, terminated, truncated, _ = env.step(a)
        parts.append(Transitions(s[None], np.asarray(a)[None], np.array([r]), new[None], np.array([terminated])))
        s, over = new, terminated | truncated
    return joined(*parts)


def algorithm4(env, act, theta, D, fit, climb, rounds, aggregate=True):
    f, returns = (None if aggregate else fit(D)), np.zeros(rounds)
    for k in range(rounds):
        f = fit(D) if aggregate else f
        theta = climb(f, theta)
        episode = collect(env, lambda s, now=theta: act(now, s))
        returns[k] = sum(episode.r)
        D = joined(D, episode) if aggregate else D
    return Search(theta, returns, D)
