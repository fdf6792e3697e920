"""Plain Python: nested loops, sums with powers of gamma, Q as a dictionary while it is being updated."""

import math

import numpy as np


def value_iteration(table, gamma, tolerance):
    S, A = table.R.shape
    largest = max(float(np.max(np.abs(table.R))), 1e-12) / (1 - gamma)
    sweeps = 1 if gamma == 0 else max(1, math.ceil(math.log(tolerance / largest) / math.log(gamma)) + 1)
    V = [0.0] * S
    for _ in range(sweeps):
        Q = [[float(table.R[s, a] + gamma * np.dot(table.P[s, a], V)) for a in range(A)] for s in range(S)]
        V = [max(row) for row in Q]
    return np.array(Q)


def epsilon_greedy(Q, epsilon=0.0):
    pi = np.empty(np.shape(Q))
    for s, row in enumerate(np.asarray(Q).tolist()):
        top = max(row)
        ties = row.count(top)
        pi[s] = [epsilon / len(row) + (q == top) * (1 - epsilon) / ties for q in row]
    return pi


def updated(Q, changes):
    new = np.array(Q, dtype=float)
    for pair, value in changes.items():
        new[pair] = value
    return new


def monte_carlo(Q, episode, gamma, alpha):
    pairs = list(zip(episode.s.tolist(), episode.a.tolist(), strict=True))
    changes = {}
    for t, pair in enumerate(pairs):
        if pair not in changes:
            G = sum(r * gamma**k for k, r in enumerate(episode.r[t:].tolist()))
            changes[pair] = alpha * G + (1 - alpha) * float(Q[pair])
    return updated(Q, changes)


def sarsa(Q, episode, gamma, alpha):
    value = {pair: float(q) for pair, q in np.ndenumerate(Q)}
    pairs = list(zip(episode.s.tolist(), episode.a.tolist(), strict=True))
    for now, then, r in zip(pairs, pairs[1:], episode.r.tolist(), strict=False):
        value[now] = (1 - alpha) * value[now] + alpha * (r + gamma * value[then])
    if episode.done[-1]:
        value[pairs[-1]] = (1 - alpha) * value[pairs[-1]] + alpha * float(episode.r[-1])
    return updated(Q, value)


def q_learning(Q, D, gamma, alpha):
    rows = np.asarray(Q, dtype=float).tolist()
    for s, a, r, y, done in zip(*(column.tolist() for column in D), strict=True):
        follow = 0.0 if done else gamma * max(rows[y])
        rows[s][a] = rows[s][a] * (1 - alpha) + alpha * (r + follow)
    return np.array(rows)


def control(sample, rule, Q, gamma, epsilons, alphas):
    if len(epsilons) == 0:
        return Q
    better = rule(Q, sample(epsilon_greedy(Q, epsilons[0])), gamma, alphas[0])
    return control(sample, rule, better, gamma, epsilons[1:], alphas[1:])


def model_error(table, P, R):
    S, A = R.shape
    eps_P = eps_R = 0.0
    for s in range(S):
        for a in range(A):
            eps_P = max(eps_P, sum(abs(float(x) - float(y)) for x, y in zip(table.P[s, a], P[s, a], strict=True)))
            eps_R = max(eps_R, abs(float(table.R[s, a]) - float(R[s, a])))
    return eps_P, eps_R


def simulation_bound(eps_P, eps_R, gamma, R_max):
    per_step = eps_R + eps_P * gamma * R_max / (1 - gamma)
    return per_step * sum(gamma**t for t in range(5000))
