"""Policy iteration with linear solves in place of sweeps; records in and out of torch."""

from collections import namedtuple

import numpy as np
import torch

Errors = namedtuple("Errors", "eps_P eps_R")


def value_iteration(table, gamma, tolerance):
    S, A = table.R.shape
    states, actions = np.arange(S), table.R.argmax(axis=1)
    while True:
        V = np.linalg.solve(np.eye(S) - gamma * table.P[states, actions], table.R[states, actions])
        Q = table.R + gamma * np.einsum("say,y->sa", table.P, V)
        better = np.where(Q.max(axis=1) > Q[states, actions] + 1e-12, Q.argmax(axis=1), actions)
        if np.array_equal(better, actions):
            return Q
        actions = better


def epsilon_greedy(Q, epsilon=0.0):
    Q = torch.as_tensor(np.array(Q))
    best = (Q >= Q.amax(1, keepdim=True)).double()
    return torch.lerp(best / best.sum(1, keepdim=True), torch.full_like(best, 1 / Q.shape[1]), float(epsilon))


def monte_carlo(Q, episode, gamma, alpha):
    new, seen = np.array(Q, dtype=float), set()
    for t in range(len(episode.s)):
        pair = int(episode.s[t]), int(episode.a[t])
        if pair not in seen:
            seen.add(pair)
            new[pair] += alpha * (np.polyval(episode.r[t:][::-1], gamma) - new[pair])
    return new


def sarsa(Q, episode, gamma, alpha):
    Q = torch.as_tensor(np.array(Q, dtype=float))
    for t, (s, a, r, _, done) in enumerate(zip(*episode, strict=True)):
        if not done and t == len(episode.s) - 1:
            continue
        follow = 0.0 if done else gamma * Q[episode.s[t + 1], episode.a[t + 1]]
        Q[s, a] += alpha * (r + follow - Q[s, a])
    return Q


def q_learning(Q, D, gamma, alpha):
    Q, V = np.array(Q, dtype=float), np.array(Q, dtype=float).max(axis=1)
    for s, a, r, y, done in zip(*D, strict=True):
        Q[s, a] += alpha * (r + gamma * V[y] * (not done) - Q[s, a])
        V[s] = Q[s].max()
    return Q


def control(sample, rule, Q, gamma, epsilons, alphas):
    schedule = iter(zip(epsilons, alphas, strict=True))
    while (step := next(schedule, None)) is not None:
        epsilon, alpha = step
        episode = sample(np.asarray(epsilon_greedy(Q, epsilon)))
        Q = rule(Q, episode, gamma, alpha)
    return Q


def model_error(table, P, R):
    pairs = torch.as_tensor(table.P - P).abs().sum(-1)
    return Errors(pairs.max().item(), float(np.max(np.maximum(table.R - R, R - table.R))))


def simulation_bound(eps_P, eps_R, gamma, R_max):
    # The error x of the worst state obeys x = eps_R + gamma eps_P V_max + gamma x.
    V_max = np.linalg.solve([[1 - gamma]], [R_max])[0]
    return np.linalg.solve([[1 - gamma]], [eps_R + gamma * eps_P * V_max])[0]
