"""Exercise 3.7 in plain loops, with the path-wise gradient from the end to the start."""

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
    theta = torch.tensor(theta, requires_grad=True)
    returns = []
    for start in torch.tensor(s0):
        s, paid = start[None], []
        while len(paid) < T:
            a = policy(theta, s)
            paid.append(reward(s, a)[0])
            s = dynamics(s, a)
        returns.append(torch.stack(paid).sum())
    J = torch.stack(returns).mean()
    J.backward(inputs=[theta])
    return float(J.detach()), theta.grad.numpy()


def pathwise_gradient(f_s, f_a, pi_s, pi_theta, r_s, r_a):
    T = len(f_s)
    value = np.zeros(f_s.shape[1])  # of all rewards to come, in s_{t+1}
    gradient = np.zeros(pi_theta.shape[2])
    for t in range(T - 1, -1, -1):
        worth = r_a[t] + value @ f_a[t]
        gradient = gradient + worth @ pi_theta[t]
        value = r_s[t] + value @ f_s[t] + worth @ pi_s[t]
    return gradient


def likelihood_ratio(scores, rewards):
    N, T, P = scores.shape
    total = [0.0] * P
    for t in range(T):
        ahead = [sum(rewards[i, t:]) for i in range(N)]
        for i in range(N):
            rest = [ahead[j] for j in range(N) if j != i]
            advantage = ahead[i] - (sum(rest) / len(rest) if rest else 0.0)
            total = [total[p] + scores[i, t, p] * advantage / N for p in range(P)]
    return np.array(total)


def clip(g, max_norm):
    if any(not np.isfinite(x) for x in g):
        return 0.0 * np.ones(len(g))
    length = sum(x * x for x in g) ** 0.5
    return g if length <= max_norm else np.array([x / length * max_norm for x in g])


def improve(objective, theta, steps, rate=3e-3, max_norm=1.0):
    P = len(theta)
    m, v, tried, values, norms = [0.0] * P, [0.0] * P, [], [], []
    for k in range(1, steps + 2):
        J, g = objective(np.array(theta))
        tried.append(list(theta))
        values.append(float(J))
        norms.append(sum(x * x for x in g) ** 0.5)
        g = clip(g, max_norm)
        m = [0.9 * m[i] + (1 - 0.9) * g[i] for i in range(P)]
        v = [0.999 * v[i] + (1 - 0.999) * g[i] ** 2 for i in range(P)]
        size = rate * (1 - 0.999**k) ** 0.5 / (1 - 0.9**k)
        theta = [theta[i] + size * m[i] / (v[i] ** 0.5 + 1e-8 * (1 - 0.999**k) ** 0.5) for i in range(P)]
    best = int(np.argmax([-np.inf if J != J else J for J in values]))
    return Improvement(np.array(tried[best]), np.array(values), np.array(norms))


def collect(env, act):
    s = env.reset()[0]
    S, A, R, N, E = [], [], [], [], []
    while True:
        S.append(s)
        A.append(act(s))
        s, r, terminated, truncated, _ = env.step(A[-1])
        R.append(r)
        N.append(s)
        E.append(bool(terminated))
        if terminated or truncated:
            return Transitions(np.array(S), np.array(A), np.array(R), np.array(N), np.array(E))


def algorithm4(env, act, theta, D, fit, climb, rounds, aggregate=True):
    episodes, f = [], None
    for _ in range(rounds):
        if f is None or aggregate:
            f = fit(joined(D, *episodes))
        theta = climb(f, theta)

        def play(s, theta=theta):
            return act(theta, s)

        episodes.append(collect(env, play))
    returns = np.array([np.sum(episode.r) for episode in episodes])
    return Search(theta, returns, joined(D, *episodes) if aggregate else D)
