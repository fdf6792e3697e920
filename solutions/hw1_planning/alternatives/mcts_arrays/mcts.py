"""The search works on flat lists, one entry a node, and makes the tree of nodes only at its end."""

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
    return Q / N + C * sqrt(8.0 * log(N_parent) / N)


def best_child(node, C):
    rated = [(score(child.Q, child.N, node.N, C), k) for k, child in enumerate(node.children.values())]
    return list(node.children.values())[max(rated)[1]]


def expand(node, step, rng):
    left = set(node.actions) - set(node.children)
    action = min(left)
    after, reward, legal = step(node.state, action)
    return node.add(action, after, reward, legal)


def tree_policy(root, step, C, rng):
    node = root
    while len(node.actions) > 0 and len(node.children) == len(node.actions):
        node = best_child(node, C)
    return expand(node, step, rng) if len(node.actions) > 0 else node


def play_out(state, legal, step, rng):
    rewards = []
    while legal:
        state, reward, legal = step(state, legal[int(rng.integers(0, len(legal)))])
        rewards.append(reward)
    return rewards


def fold(rewards, G, gamma, players):
    sign = -1 if players == 2 else 1
    for reward in reversed(rewards):
        G = reward + sign * gamma * G
    return G


def default_policy(node, step, gamma, players, rng):
    return fold(play_out(node.state, node.actions, step, rng), 0.0, gamma, players)


def backup(leaf, value, gamma, players):
    chain = [leaf]
    while chain[-1].parent is not None:
        chain.append(chain[-1].parent)
    for k, node in enumerate(chain):
        below = chain[: k + 1] if node.parent is not None else chain[:k]
        node.N += 1
        node.Q += fold([lower.reward for lower in reversed(below)], value, gamma, players)


def search(state, actions, step, rng, *, simulations, C=0.5, gamma=1.0, players=1):
    states, legal, entered, above, via = [state], [tuple(actions)], [0.0], [-1], [None]
    below, N, Q = [[]], [0], [0.0]
    for _ in range(simulations):
        at, path = 0, [0]
        while legal[at] and len(below[at]) == len(legal[at]):
            top = log(N[at])
            at = max(below[at], key=lambda k: Q[k] / N[k] + 2 * C * sqrt(2 * top / N[k]))
            path.append(at)
        if legal[at]:
            action = legal[at][len(below[at])]
            after, reward, more = step(states[at], action)
            below[at].append(len(states))
            above.append(at)
            path.append(len(states))
            columns = (states, legal, entered, via, below, N, Q)
            for column, entry in zip(columns, (after, tuple(more), reward, action, [], 0, 0.0), strict=True):
                column.append(entry)
            at = path[-1]
        G = fold(play_out(states[at], legal[at], step, rng), 0.0, gamma, players)
        for k in reversed(path):
            if k:
                G = entered[k] + (-gamma if players == 2 else gamma) * G
            N[k] += 1
            Q[k] += G
    nodes = [Node(state, actions, 0.0, None, N[0], Q[0])]
    for k in range(1, len(states)):
        nodes.append(nodes[above[k]].add(via[k], states[k], entered[k], legal[k], N[k], Q[k]))
    return nodes[0]


def best_action(root):
    return max(root.children, key=lambda action: root.children[action].Q / root.children[action].N)
