"""NumPy wherever it can be had: scores as an array, ties broken at random, random choices by rng.choice."""

import numpy as np


class Node:
    __slots__ = ("N", "Q", "actions", "children", "parent", "reward", "state")

    def __init__(self, state, actions, reward=0.0, parent=None, N=0, Q=0.0):
        self.state, self.actions, self.reward, self.parent = state, tuple(actions), reward, parent
        self.children = {}
        self.N, self.Q = N, Q

    def add(self, action, state, reward, actions, N=0, Q=0.0):
        child = self.children[action] = Node(state, actions, reward, self, N, Q)
        return child

    def table(self):
        rows, waiting = [], [((), self)]
        while waiting:
            path, node = waiting.pop()
            rows.append((path, node.state, node.reward, node.N, node.Q))
            waiting += [((*path, action), child) for action, child in node.children.items()]
        return sorted(rows, key=lambda row: (len(row[0]), row[0]))


def score(Q, N, N_parent, C):
    mean = np.float64(Q) / N
    return mean + 2 * C * np.sqrt(2 * np.log(N_parent) / N)


def rate(node, C):
    children = list(node.children.values())
    Q = np.array([child.Q for child in children])
    N = np.array([child.N for child in children])
    return score(Q, N, node.N, C), children


def best_child(node, C):
    rated, children = rate(node, C)
    return children[int(np.argmax(rated))]


def expand(node, step, rng):
    tried = list(node.children)
    action = rng.choice([a for a in node.actions if a not in tried])
    after, reward, legal = step(node.state, action)
    return node.add(action, after, np.float64(reward), legal)


def descend(node, C, rng):
    rated, children = rate(node, C)
    best = np.flatnonzero(rated == rated.max())
    return children[rng.choice(best)]


def tree_policy(root, step, C, rng):
    while root.actions:
        if set(root.children) != set(root.actions):
            return expand(root, step, rng)
        root = descend(root, C, rng)
    return root


def default_policy(node, step, gamma, players, rng):
    rewards, at, legal = [], node.state, node.actions
    while len(legal):
        at, reward, legal = step(at, rng.permutation(legal)[0])
        rewards.append(reward)
    weights = gamma ** np.arange(len(rewards))
    if players == 2:
        weights[1::2] *= -1
    return weights @ np.array(rewards)


def backup(leaf, value, gamma, players):
    node, G = leaf, np.float64(value)
    while node.parent is not None:
        G = node.reward + gamma * (-G if players == 2 else G)
        node.Q = node.Q + G
        node.N = node.N + 1
        node = node.parent
    node.Q = node.Q + G
    node.N = node.N + 1


def search(state, actions, step, rng, *, simulations, C=0.5, gamma=1.0, players=1):
    root = Node(state, actions)
    for _ in np.arange(simulations):
        chosen = tree_policy(root, step, C, rng)
        backup(chosen, default_policy(chosen, step, gamma, players, rng), gamma, players)
    return root


def best_action(root):
    labels = np.array(list(root.children))
    return labels[np.argmax([root.children[label].N for label in labels])]
