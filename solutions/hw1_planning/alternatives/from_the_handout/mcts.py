"""Monte-Carlo tree search: decide on an action by simulating what may follow it.

There is no formula for the game, only a function that plays one move of it. The search grows a tree of the states
that it has met, from the state in which we have to decide (the root), one node a simulation:

    1. tree policy       walk down to a leaf: in a node where every action was tried go to the child of highest Score,
                         in the first node where one was not, try it: its child is the leaf
    2. default policy    play random moves from the leaf to the end of the game
    3. backup            add the outcome to every node between the leaf and the root

    Score(child) = Q / N + 2 C sqrt(2 ln N(parent) / N)        Q, N: the child's

N counts the simulations through a node, Q is the SUM of their returns, so Q / N is the mean. The return of a move is
its reward and what follows, discounted; with two players what follows is the opponent's, whose gain is our loss:

    G_t = r_t + gamma G_{t+1}        one player
    G_t = r_t - gamma G_{t+1}        two players in turn

Q of a node belongs to whoever made the move into it; so a node compares its children from its own player's side.
The root, into which no move leads, gets the returns of its own player.

Notation: state, any value, only handed on; action, an int; G, the return of one simulation from some move on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt


class Node:
    """A state in the tree, and what the simulations through it have returned. Given: use it as it is.

    state: as `step` returned it.  actions: tuple of the legal ones, () when the game is over.
    reward: of the move that led here, for whoever made it.  parent: Node, None at the root.
    children: {action: Node}, one for each action tried.
    N: how many simulations went through or ended here.  Q: the sum of their returns.
    """

    __slots__ = ("N", "Q", "actions", "children", "parent", "reward", "state")

    def __init__(self, state, actions, reward=0.0, parent=None, N=0, Q=0.0):
        self.state, self.actions, self.reward, self.parent = state, tuple(actions), reward, parent
        self.children = {}
        self.N, self.Q = N, Q

    def add(self, action, state, reward, actions, N=0, Q=0.0) -> Node:
        """Put a new child into the tree, to which `action` leads, and return it."""
        child = self.children[action] = Node(state, actions, reward, self, N, Q)
        return child

    def table(self) -> list[tuple]:
        """Return [(path, state, reward, N, Q), ...] of this node and all below; path: the actions that lead there."""
        rows, waiting = [], [((), self)]
        while waiting:
            path, node = waiting.pop()
            rows.append((path, node.state, node.reward, node.N, node.Q))
            waiting += [((*path, action), child) for action, child in node.children.items()]
        return sorted(rows, key=lambda row: (len(row[0]), row[0]))


def score(Q: float, N: int, N_parent: int, C: float) -> float:
    """Rate a child: the mean of its returns, and a bonus that is large where few simulations went.

    Q: sum of the child's returns.  N: number of its simulations, 1 or more.  N_parent: its parent's.
    C: weight of the bonus, 0 or more, in units of a return; C = 1/2 is UCB1 (Auer et al., 2002).
    """
    return (Q + C * sqrt(8 * N * log(N_parent))) / N


def best_child(node: Node, C: float) -> Node:
    """Return the child of highest score; any of them if several are equal.

    node: with one child or more, each with N >= 1.
    """
    return max(node.children.values(), key=lambda child: score(child.Q, child.N, node.N, C))


def expand(node: Node, step: Callable, rng) -> Node:
    """Try an action that was never tried in this node: put the child it leads to into the tree and return it.

    node: with an untried action or more.  Which of them is taken is up to you.
    step(state, action) -> (state', reward, actions'); called once.
    """
    untried = [action for action in node.actions if action not in node.children]
    action = untried[int(rng.random() * len(untried))]
    state, reward, actions = step(node.state, action)
    return node.add(action, state, reward, actions)


def tree_policy(root: Node, step: Callable, C: float, rng) -> Node:
    """Walk down from the root to the leaf of this simulation, and return it.

    It is a child that was put into the tree just now, or a node in which the game is over.
    step(state, action) -> (state', reward, actions'); called once for a new child, else not at all.
    """
    node = root
    while node.actions:
        if len(node.children) < len(node.actions):
            return expand(node, step, rng)
        node = best_child(node, C)
    return node


def default_policy(node: Node, step: Callable, gamma: float, players: int, rng) -> float:
    """Play uniformly random moves from a node to the end of the game; return G for the player to move there.

    step(state, action) -> (state', reward, actions'); called once a move.  The tree stays as it is.
    gamma: discount of one move.  players: 1, or 2 that move in turn.
    Returns r_0 ± gamma r_1 + gamma^2 r_2 ± ..., with minus if players == 2; 0.0 if the game is over in the node.
    """
    state, actions = node.state, node.actions
    rewards = []
    while actions:
        state, reward, actions = step(state, actions[int(rng.random() * len(actions))])
        rewards.append(reward)
    G = 0.0
    for reward in reversed(rewards):
        G = reward + (gamma if players == 1 else -gamma) * G
    return G


def backup(leaf: Node, value: float, gamma: float, players: int) -> None:
    """Count one simulation in every node from the leaf up to the root, and add its return to their Q.

    value: the return from the leaf on, for the player to move there.
    gamma: discount of one move.  players: 1, or 2 that move in turn.
    A node gets the return of the move into it, for whoever made that move; the root gets its own player's.
    """
    factor = gamma if players == 1 else -gamma
    node, G = leaf, value
    while node is not None:
        if node.parent is not None:
            G = node.reward + factor * G
        node.N += 1
        node.Q += G
        node = node.parent


def search(state, actions, step: Callable, rng, *, simulations: int, C=0.5, gamma=1.0, players=1) -> Node:
    """Grow a tree from `state` by so many simulations and return its root.

    state, actions: where we have to decide, and what is legal there.
    step(state, action) -> (state', reward, actions'), the game: the reward goes to whoever made the move, actions'
    are legal in state', () when the game is over.  rng: numpy Generator, the only source of randomness.
    """
    root = Node(state, actions)
    for _ in range(simulations):
        leaf = tree_policy(root, step, C, rng)
        backup(leaf, default_policy(leaf, step, gamma, players, rng), gamma, players)
    return root


def best_action(root: Node):
    """Return the action to play: the one with most simulations. (The best mean Q / N is right as well.)

    root: with one child or more, each with N >= 1.
    """
    return max(root.children, key=lambda action: (root.children[action].N, root.children[action].Q))
