"""Games on the grader's side for exercise 1.5, and how tests build trees in the student's worker and read them.

`Made` is a game made up for a test, `Watched` any game as the student's code gets it: every move is checked and noted.
Trees are planted node by node (`plant`), so that a function is tested without the others, and read as a whole
(`tree_of`). Whatever a student returns ends in Mismatch or in what was expected.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import zlib
from typing import NamedTuple

import numpy as np

from course.testing import Mismatch, StudentError
from course.testing.compare import described

START = 100  # number of the state in which a game made up here begins


class Made:
    """A game made up for a test: `actions` and `reward` of the moves so far say all about it.

    actions(path) -> legal actions; reward(path) -> of the last of these moves. States are numbers without meaning.
    """

    def __init__(self, actions, reward, players=1):
        self.actions, self.reward, self.players = actions, reward, players
        self.paths = {START: ()}

    def start(self):
        return START, 0.0, self.actions(())

    def step(self, state, action):
        path = (*self.paths[state], action)
        # The same number for one path, whatever else was played before; 56 bits, so that no two paths share one.
        number = int.from_bytes(hashlib.blake2b(bytes(path), digest_size=7).digest())
        self.paths[number] = path
        return number, self.reward(path), self.actions(path)


def bushy(salt: int, labels: tuple, depth: int, players: int) -> Made:
    """Make a game with the same actions everywhere, `depth` moves long, and a reward between 0 and 1 for each."""
    return Made(
        lambda path: labels if len(path) < depth else (),
        lambda path: zlib.crc32(bytes(path), salt) / 2**32,
        players,
    )


def chains(rewards: dict, players: int = 1) -> Made:
    """Make a game of one decision: action a is followed by forced moves, rewards[a]: one for every move."""
    return Made(
        lambda path: tuple(rewards) if not path else (5,) if len(path) < len(rewards[path[0]]) else (),
        lambda path: rewards[path[0]][len(path) - 1],
        players,
    )


class Watched:
    """A game as the student's code gets it: `step` refuses in words what makes no sense, and notes every move."""

    def __init__(self, game, who: str, most: int = 20_000):
        self.game, self.who, self.most = game, who, most
        self.first, _, self.actions = game.start()
        self.legal = {self.first: self.actions}
        self.moves: list[tuple] = []  # (state, action), in order
        self.answers: dict[tuple, tuple] = {}  # (state, action) -> (state', reward, actions')
        self.complaint = ""

    def step(self, state=None, action=None):
        """Play one move: what the student's code is given."""
        legal = self._known(state)
        if legal is None:
            self._refuse("with a state that `step` never returned; the state to move from is a node's `state`")
        action = int(action) if isinstance(action, np.integer) else action
        if type(action) is not int or action not in legal:
            over = "the game is over there" if not legal else "the legal ones came with the state"
            self._refuse(f"with an action that is not legal in the state; {over}")
        if len(self.moves) >= self.most:
            self._refuse(f"more than {self.most} times, far more than is needed; does a roll-out ever end?")
        self.moves.append((state, action))
        try:
            answer = self.answers[state, action] = self._remember(self.game.step(state, action))
            return answer
        except ValueError:  # equal to a state, such as (1.0, 0) to (1, 0), and none
            self._refuse("with a state that it had changed; it is to be handed on as `step` returned it")

    def at(self, path: tuple):
        """Return (state, reward, actions) after these moves, which are not counted."""
        state, reward, actions = self.game.start()
        for action in path:
            state, reward, actions = self._remember(self.game.step(state, action))
        return state, reward, actions

    def advance(self, state, action):
        """Play a move of a game in progress, which is not counted."""
        return self._remember(self.game.step(state, action))

    def checked(self, answer):
        """Return what the student's code answered, unless it swallowed an objection on the way."""
        if self.complaint:
            raise Mismatch(self.complaint)
        return answer

    def _remember(self, answer):
        self.legal[answer[0]] = answer[2]
        return answer

    def _known(self, state):
        try:
            return self.legal.get(state) if type(state) in (int, tuple) else None
        except TypeError:  # a tuple of something that has no hash
            return None

    def _refuse(self, what: str):
        self.complaint = f"{self.who} called step(state, action) {what}"
        raise Mismatch(self.complaint)


class Row(NamedTuple):
    """What a tree says of one node."""

    reward: float
    N: float
    Q: float


def plant(student, game: Watched, counts: dict) -> dict:
    """Build a tree in the student's worker. counts: {path: (N, Q)}, the root is (). Returns {path: its node}."""
    nodes = {}
    for path in sorted(counts, key=len):
        state, reward, actions = game.at(path)
        N, Q = counts[path]
        if path:
            nodes[path] = nodes[path[:-1]].add(path[-1], state, reward, actions, N, Q)
        else:
            nodes[path] = student.mcts.Node(state, actions, 0.0, None, N, Q)
    return nodes


def tree_of(node, who: str) -> dict[tuple, Row]:
    """Read a tree of the student's, {path: Row}; Mismatch if it is none."""
    return read(node, who)[0]


def read(node, who: str) -> tuple[dict[tuple, Row], dict]:
    """Read a tree of the student's as ({path: Row}, {path: state}), shorter paths first; Mismatch if it is none."""
    try:
        rows = node.table()
    except (AttributeError, TypeError):
        lost = ": is a `return` missing?" if node is None else ""
        raise Mismatch(f"{who} returned {described(node)}, expected a Node{lost}") from None
    if type(rows) is not list or not all(type(row) is tuple and len(row) == 5 for row in rows):
        raise Mismatch(f"{who}: `table` of its node is not what it was in the file given; leave class Node as it is")
    if not all(type(row[0]) is tuple and all(is_number(a) and 0 <= a < START for a in row[0]) for row in rows):
        raise Mismatch(f"{who}: the tree has a child for what is no action of the game")
    tree, states = {}, {}
    for path, state, *numbers in sorted(rows, key=lambda row: len(row[0])):
        if path and path[:-1] not in tree or not path and tree:
            raise Mismatch(
                f"{who}: `table` of its node is not what it was in the file given; leave class Node as it is"
            )
        states[path] = state
        for name, number in zip(("reward", "N", "Q"), numbers, strict=True):
            if not is_number(number):
                got = described(number) if not isinstance(number, float) else repr(float(number))
                raise Mismatch(f"{who}: {name} of {named(path)} is {got}, expected a finite number")
        tree[path] = Row(*map(float, numbers))
    if not tree:
        raise Mismatch(f"{who}: `table` of its node is empty; leave class Node as it is")
    return tree, states


def same_state(one, other) -> bool:
    """Tell whether two states are the same, whatever they are."""
    try:
        return type(one) is type(other) and hash(one) == hash(other) and bool(one == other)
    except (TypeError, ValueError):
        return False


def is_number(value) -> bool:
    """Tell whether a value is a finite real number, and no bool."""
    kinds = (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def named(path) -> str:
    """Say which node a path leads to."""
    return f"the node after {', '.join(map(str, path))}" if path else "the root"


def visits(root, who: str) -> dict:
    """Return {action: N} of the children of a root; cheap for a tree of any size."""
    try:
        children = root.children
        counts = {action: child.N for action, child in children.items()} if type(children) is dict else None
    except (AttributeError, TypeError):
        counts = None
    if counts is None or not all(is_number(N) for N in counts.values()):
        raise Mismatch(f"{who} returned {described(root)}, expected the root, a Node with `children`")
    if not counts:
        raise Mismatch(f"{who}: the root has no children after the last simulation")
    return {int(action) if isinstance(action, np.integer) else action: N for action, N in counts.items()}


def most_visited(root, who: str):
    """Return the action with most simulations."""
    counts = visits(root, who)
    return max(counts, key=counts.get)


LABELS = (4, 7, 9)  # actions need not be 0, 1, 2


def game_of(who, salt=0, labels=LABELS, depth=6, players=1):
    """Return a watched game with the same actions in every state."""
    return Watched(bushy(salt, labels, depth, players), f"mcts.{who}")


def salt_of(rng):
    return int(rng.integers(2**31))


def fresh(rng):
    """Return a generator for the student: from the one that drew the data these could be computed backwards."""
    return np.random.default_rng(rng.integers(1 << 62))


def unjudged(call, *arguments):
    """Call a function of the student's that another test judges; whatever comes of it stays without consequence."""
    with contextlib.suppress(StudentError, Mismatch, AttributeError, TypeError):
        return call(*arguments)


def family(student, rng, N, means, parent_N=None):
    """Plant a root whose children, in this order, have these N and means. Returns the nodes."""
    labels = tuple(int(label) for label in rng.choice(np.arange(1, 90), len(N), replace=False))
    counts = {(label,): (n, n * mean) for label, n, mean in zip(labels, N, means, strict=True)}
    total = sum(N) if parent_N is None else parent_N
    nodes = plant(student, game_of("best_child", labels=labels), {(): (total, 0.0)} | counts)
    return labels, nodes


def judge_best_child(student, rng, N, means, C, winner, why, look):
    labels, nodes = family(student, rng, N, means)
    unjudged(student.mcts.score, 3.0, 4, 10, 0.5)
    chosen = tree_of(student.mcts.best_child(nodes[()], C), "mcts.best_child")
    expected = (float(N[winner]), N[winner] * means[winner])
    got = chosen.get((), None)
    if got is None or got.N != expected[0] or not np.isclose(got.Q, expected[1], rtol=1e-6, atol=1e-9):
        said = f"with N = {got.N:g}, Q = {got.Q:.4g}" if got else "that is not one of them"
        raise Mismatch(
            f"mcts.best_child with C = {C:g} returned a child {said}, expected the one with N = {expected[0]:g}, "
            f"Q = {expected[1]:.4g}: {why}\n  look at: {look}"
        )


def root_action(student, rng, N, means):
    """Ask for the final decision at a planted root. Returns the position of the action among the children."""
    labels, nodes = family(student, rng, N, means)
    action = student.mcts.best_action(nodes[()])
    if not isinstance(action, int | np.integer) or isinstance(action, bool) or int(action) not in labels:
        raise Mismatch(f"mcts.best_action returned {described(action)}, expected one of the actions {labels}")
    return labels.index(int(action))


def descend(student, rng, game, counts, C=0.5):
    """Run the tree policy on a planted tree. Returns (path of the node returned, paths of the tree, calls)."""
    nodes = plant(student, game, counts)
    game.moves.clear()
    leaf = game.checked(student.mcts.tree_policy(nodes[()], game.step, C, fresh(rng)))
    at = tree_of(leaf, "mcts.tree_policy")
    tree = tree_of(nodes[()], "mcts.tree_policy")
    for path, (N, Q) in counts.items():
        if tree.get(path, (0, 0, 0))[1:] != (N, Q):
            raise Mismatch(f"mcts.tree_policy changed or lost {named(path)}; counting is the work of backup")
    state = leaf.state
    ends = [path for path in tree if game.at(path)[0] == state]
    if len(ends) != 1 or len(at) != sum(path[: len(ends[0])] == ends[0] for path in tree):
        raise Mismatch("mcts.tree_policy returned a node that is not in the tree below the root that was passed")
    return ends[0], set(tree), len(game.moves)


def judge_descent(student, rng, game, counts, parent, look, C=0.5):
    """The tree policy must add one child to `parent` and return it."""
    path, tree, _ = descend(student, rng, game, counts, C)
    added = tree - set(counts)
    if len(added) != 1:
        raise Mismatch(f"mcts.tree_policy put {len(added)} nodes into the tree, expected one\n  look at: {look}")
    (new,) = added
    if new[:-1] != parent:
        raise Mismatch(f"mcts.tree_policy expanded {named(new[:-1])}, expected {named(parent)}\n  look at: {look}")
    if path != new:
        raise Mismatch(f"mcts.tree_policy returned {named(path)}, expected the child that it put into the tree")
