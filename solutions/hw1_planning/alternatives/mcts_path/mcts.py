"""The way down is remembered as a list, untried actions are shuffled, roll-outs draw from a stock of numbers."""

from math import log, sqrt


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
    mean, spread = Q / N, (2 * log(N_parent) / N) ** 0.5
    return mean + C * spread + C * spread


def best_child(node, C):
    weight = C * sqrt(8 * log(node.N)) if C else 0.0
    return sorted(node.children.values(), key=lambda child: child.Q / child.N + weight / sqrt(child.N))[-1]


def expand(node, step, rng):
    shuffled = [node.actions[k] for k in rng.permutation(len(node.actions))]
    while shuffled[-1] in node.children:
        shuffled.pop()
    return node.add(shuffled[-1], *step(node.state, shuffled[-1]))


def tree_policy(root, step, C, rng):
    way = [root]
    while way[-1].actions:
        if len(way[-1].actions) != len(way[-1].children):
            way.append(expand(way[-1], step, rng))
            break
        way.append(best_child(way[-1], C))
    return way[-1]


def default_policy(node, step, gamma, players, rng):
    mine, others, power, my_turn = 0.0, 0.0, 1.0, True
    state, actions, stock = node.state, node.actions, []
    while actions:
        if not stock:
            stock = rng.random(16).tolist()
        state, reward, actions = step(state, actions[int(stock.pop() * len(actions))])
        if my_turn:
            mine += power * reward
        else:
            others += power * reward
        power *= gamma
        my_turn = players == 1 or not my_turn
    return mine - others


def backup(leaf, value, gamma, players):
    to_come = value
    while leaf.parent:
        to_come = leaf.reward - gamma * to_come if players == 2 else leaf.reward + gamma * to_come
        leaf.N, leaf.Q = leaf.N + 1, leaf.Q + to_come
        leaf = leaf.parent
    leaf.N, leaf.Q = leaf.N + 1, leaf.Q + to_come


def search(state, actions, step, rng, *, simulations, C=0.5, gamma=1.0, players=1):
    root = Node(state, actions)
    done = 0
    while done != simulations:
        leaf = tree_policy(root, step, C, rng)
        backup(leaf, default_policy(leaf, step, gamma, players, rng), gamma, players)
        done += 1
    return root


def best_action(root):
    most = max(child.N for child in root.children.values())
    return [action for action, child in root.children.items() if child.N == most][0]
