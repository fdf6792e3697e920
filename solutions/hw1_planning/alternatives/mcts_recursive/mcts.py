"""One recursion is the whole simulation: down, roll-out and back up; untried actions from last to first."""

import math


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
    if C == 0:
        return Q / N
    return (Q + C * math.sqrt(8 * N * math.log(N_parent))) / N


def best_child(node, C):
    best, highest = None, -math.inf
    for child in node.children.values():
        rated = score(child.Q, child.N, node.N, C)
        if rated >= highest:
            best, highest = child, rated
    return best


def expand(node, step, rng):
    last = next(action for action in reversed(node.actions) if action not in node.children)
    return node.add(last, *step(node.state, last))


def tree_policy(root, step, C, rng):
    if not root.actions:
        return root
    if any(action not in root.children for action in root.actions):
        return expand(root, step, rng)
    return tree_policy(best_child(root, C), step, C, rng)


def default_policy(node, step, gamma, players, rng):
    def rest(state, actions):
        if len(actions) == 0:
            return 0.0
        after, reward, legal = step(state, actions[rng.integers(len(actions))])
        return reward + follow(rest(after, legal), gamma, players)

    return rest(node.state, node.actions)


def follow(G, gamma, players):
    return -gamma * G if players == 2 else gamma * G


def backup(leaf, value, gamma, players):
    is_root = leaf.parent is None
    G = value if is_root else leaf.reward + follow(value, gamma, players)
    leaf.N, leaf.Q = leaf.N + 1, leaf.Q + G
    if not is_root and leaf.parent.parent is None:
        leaf.parent.N += 1
        leaf.parent.Q += G
    elif not is_root:
        backup(leaf.parent, G, gamma, players)
    return G


def search(state, actions, step, rng, *, simulations, C=0.5, gamma=1.0, players=1):
    def simulate(node):
        if not node.actions:
            value = 0.0
        elif len(node.children) < len(node.actions):
            child = expand(node, step, rng)
            value = count(child, default_policy(child, step, gamma, players, rng))
        else:
            child = best_child(node, C)
            value = count(child, simulate(child))
        return value

    def count(child, value):
        G = child.reward + follow(value, gamma, players)
        child.N += 1
        child.Q += G
        return G

    root = Node(state, actions)
    while root.N < simulations:
        root.Q += simulate(root)
        root.N += 1
    return root


def best_action(root):
    return max(root.children.items(), key=lambda pair: (pair[1].N, pair[1].Q))[0]
