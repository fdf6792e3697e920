"""Single precision; errors in vector form; the policy by ranks."""

import numpy as np


def single(x):
    return np.array(x, dtype=np.float32)


def value_iteration(table, gamma, tolerance):
    P, R, gamma = single(table.P), single(table.R), np.float32(gamma)
    S, A = R.shape
    flat, Q = P.reshape(S * A, S), R
    for _ in range(20_000):
        V = np.amax(Q, axis=1)
        Q, old = R + gamma * (flat @ V).reshape(S, A), Q
        if np.abs(Q - old).max() <= 0.01 * (1 - gamma) * tolerance:
            break
    return Q


def epsilon_greedy(Q, epsilon=0.0):
    Q = np.asarray(Q)
    best = np.isclose(Q, Q.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    pi = np.full(Q.shape, epsilon / Q.shape[1], dtype=np.float32)
    rows, columns = np.nonzero(best)
    pi[rows, columns] += (1 - epsilon) / np.bincount(rows)[rows]
    return pi


def monte_carlo(Q, episode, gamma, alpha):
    Q, T = single(Q), len(episode.s)
    returns = single(episode.r)
    for t in range(T - 2, -1, -1):
        returns[t] += np.float32(gamma) * returns[t + 1]
    _, first = np.unique(episode.s * Q.shape[1] + episode.a, return_index=True)
    Q[episode.s[first], episode.a[first]] += np.float32(alpha) * (
        returns[first] - Q[episode.s[first], episode.a[first]]
    )
    return Q


def sarsa(Q, episode, gamma, alpha):
    Q = single(Q)
    s, a, r, done = episode.s, episode.a, single(episode.r), episode.done
    last = len(s) if done[-1] else len(s) - 1
    for t in range(last):
        error = r[t] - Q[s[t], a[t]]
        if not done[t]:
            error += np.float32(gamma) * Q[s[t + 1], a[t + 1]]
        Q[s[t], a[t]] += np.float32(alpha) * error
    return Q


def q_learning(Q, D, gamma, alpha):
    Q = single(Q)
    for k in range(len(D.r)):
        pair = D.s[k], D.a[k]
        follow = (1 - D.done[k]) * gamma * np.max(Q[D.s_next[k]])
        Q[pair] = Q[pair] + alpha * (D.r[k] + follow - Q[pair])
    return Q


def control(sample, rule, Q, gamma, epsilons, alphas):
    for k in range(len(epsilons)):
        Q = rule(Q, sample(epsilon_greedy(Q, epsilons[k])), gamma, alphas[k])
    return Q


def model_error(table, P, R):
    eps_P = np.linalg.norm((single(table.P) - single(P)).reshape(R.size, -1), ord=1, axis=1).max()
    eps_R = np.linalg.norm((single(table.R) - single(R)).ravel(), ord=np.inf)
    return eps_P, eps_R


def simulation_bound(eps_P, eps_R, gamma, R_max):
    return np.float32(eps_R / (1 - gamma) + gamma * eps_P * R_max / (1 - gamma) ** 2)
