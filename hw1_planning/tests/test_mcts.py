"""Visible tests of 1.5: every function on a small tree, the search of the handout's example, and two real games.

The example of the handout is a game for two with gamma = 1/2. The first player chooses: action 1 pays 0.5 at once and
ends the game; action 0 pays 0.3, then the opponent has one move, which pays the opponent 1, and then the first player
has one, which pays 4 and ends the game. Its states are called "start", "end", "opponent", "mine" and "over" here.
"""

from __future__ import annotations

import math

import numpy as np

from course.games import Nim, RandomTree, TicTacToe
from course.testing import SINGLE, Mismatch, assert_close, exercise

MOVES = {
    ("start", 0): ("opponent", 0.3, (0,)),
    ("start", 1): ("end", 0.5, ()),
    ("opponent", 0): ("mine", 1.0, (0,)),
    ("mine", 0): ("over", 4.0, ()),
}


class Example:
    """The example of the handout as a function to call; `asked` are the moves that were asked for."""

    def __init__(self, who):
        self.who, self.asked = who, []

    def step(self, state=None, action=None):
        self.asked.append((state, action))
        known = type(state) is str and isinstance(action, int | np.integer)
        if not known or (state, int(action)) not in MOVES:
            raise Mismatch(
                f"{self.who} called step({state!r}, {action!r}); legal in this game are the actions {sorted(MOVES)}"
            )
        return MOVES[state, int(action)]


def grown(student):
    """Build the tree of the example after two simulations. Returns root, child of action 0, child of action 1."""
    root = student.mcts.Node("start", (0, 1), N=2, Q=1.3)
    return root, root.add(0, "opponent", 0.3, (0,), N=1, Q=0.8), root.add(1, "end", 0.5, (), N=1, Q=0.5)


def state_of(node, who):
    """Return the state of a Node; Mismatch if it is none."""
    try:
        return node.state
    except AttributeError:
        lost = ": is a `return` missing?" if node is None else ""
        raise Mismatch(f"{who} returned {type(node).__name__}, expected a Node{lost}") from None


def rows(node, who):
    """Return {path: (N, Q)} of the tree below a node."""
    state_of(node, who)
    return {path: (N, Q) for path, _, _, N, Q in node.table()}


def compare(name, got, expected, look):
    """Compare two trees {path: (N, Q)}, the expected one that of an example in the handout."""
    if set(got) != set(expected):
        raise Mismatch(f"{name}: the tree has the nodes {sorted(got)}, expected {sorted(expected)}\n  look at: {look}")
    for path, numbers in expected.items():
        node = f"the node after {path}" if path else "the root"
        for letter, mine, wanted in zip("NQ", got[path], numbers, strict=True):
            assert_close(f"{name}: {letter} of {node}", mine, float(wanted), rtol=SINGLE, look=look, show=True)


@exercise("1.5")
def test_score_by_hand(student):
    """score: 3 / 4 is the mean of Q = 3 and N = 4; the bonus for N_parent = 10 and C = 1/2 is sqrt(2 ln 10 / 4)."""
    look = "Q / N first; then 2 C in front of the root, and 2 ln N(parent) / N under it"
    assert_close("mcts.score with C = 0", student.mcts.score(3.0, 4, 10, 0.0), 0.75, rtol=SINGLE, look=look, show=True)
    expected = 0.75 + math.sqrt(0.5 * math.log(10))
    assert_close("mcts.score", student.mcts.score(3.0, 4, 10, 0.5), expected, rtol=SINGLE, look=look, show=True)


@exercise("1.5")
def test_best_child_weighs_mean_and_bonus(student):
    """best_child: with C = 0 the best mean wins, with a large C the child that was visited least."""
    root = student.mcts.Node("root", (0, 1), N=12, Q=8.0)
    root.add(0, "often", 0.0, (0,), N=10, Q=7.0)
    root.add(1, "seldom", 0.0, (0,), N=2, Q=1.0)
    for C, expected in [(0.0, "often"), (10.0, "seldom")]:
        got = state_of(student.mcts.best_child(root, C), "mcts.best_child")
        if got != expected:
            raise Mismatch(f"mcts.best_child with C = {C:g} chose the child visited {got}, expected the one {expected}")


@exercise("1.5")
def test_expand_adds_the_untried_action(student, rng):
    """expand: the example's root with only action 0 tried gets the child of action 1, by one call of step."""
    root = student.mcts.Node("start", (0, 1), N=1, Q=0.8)
    root.add(0, "opponent", 0.3, (0,), N=1, Q=0.8)
    game = Example("mcts.expand")
    child = student.mcts.expand(root, game.step, rng)
    if game.asked != [("start", 1)]:
        raise Mismatch(f"mcts.expand called step for {game.asked}, expected [('start', 1)]: the one untried action")
    if state_of(child, "mcts.expand") != "end" or child.reward != 0.5 or len(child.actions) != 0:
        raise Mismatch("mcts.expand must return a Node with the state, the reward and the actions that step returned")
    look = "node.add, which puts the child into the tree; N and Q stay 0, they are the work of backup"
    compare("mcts.expand", rows(root, "mcts.expand"), {(): (1, 0.8), (0,): (1, 0.8), (1,): (0, 0.0)}, look)


@exercise("1.5")
def test_tree_policy_goes_down_and_expands_one_node(student, rng):
    """tree_policy: in the third simulation of the example it goes through action 0 and adds the opponent's move."""
    root, _, _ = grown(student)
    game = Example("mcts.tree_policy")
    got = state_of(student.mcts.tree_policy(root, game.step, 0.5, rng), "mcts.tree_policy")
    if got != "mine" or game.asked != [("opponent", 0)]:
        raise Mismatch(
            f"mcts.tree_policy returned the state {got!r} after the calls {game.asked}, expected 'mine' after "
            "[('opponent', 0)]: the root is fully expanded, its better child is not"
        )


@exercise("1.5")
def test_tree_policy_returns_a_finished_node(student, rng):
    """tree_policy: where the game is over there is nothing to expand; the node itself is the leaf."""
    root = student.mcts.Node("start", (0, 1), N=2, Q=1.3)
    root.add(0, "opponent", 0.3, (0,), N=1, Q=-5.0)
    root.add(1, "end", 0.5, (), N=1, Q=0.5)
    game = Example("mcts.tree_policy")
    got = state_of(student.mcts.tree_policy(root, game.step, 0.5, rng), "mcts.tree_policy")
    if got != "end" or game.asked:
        raise Mismatch(f"mcts.tree_policy returned {got!r} after the calls {game.asked}, expected 'end' and no call")


@exercise("1.5")
def test_default_policy_by_hand(student, rng):
    """default_policy: in "opponent" the rewards to come are 1 and 4: 1 - 4/2 = -1 for two players, 3 for one."""
    _, child, end = grown(student)
    look = "the weights of the rewards: 1 for the first, then a factor gamma a move, or -gamma with two players"
    for players, expected in [(2, -1.0), (1, 3.0)]:
        game = Example("mcts.default_policy")
        got = student.mcts.default_policy(child, game.step, 0.5, players, rng)
        name = f"mcts.default_policy with players = {players}"
        assert_close(name, got, expected, rtol=SINGLE, look=look, show=True)
    look = "a node in which the game is over: nothing follows, so nothing is paid"
    got = student.mcts.default_policy(end, Example("mcts.default_policy").step, 0.5, 2, rng)
    assert_close("mcts.default_policy", got, 0.0, rtol=SINGLE, look=look, show=True)


@exercise("1.5")
def test_backup_by_hand(student):
    """backup: the third simulation of the example adds -1 to the new node, 0.8 to its parent, 0.8 to the root."""
    root, child, _ = grown(student)
    leaf = child.add(0, "mine", 1.0, (0,))
    student.mcts.backup(leaf, 4.0, 0.5, 2)
    look = "G on its way up: 1 - 4/2 = -1 for the opponent's move, then 0.3 - (-1)/2 = 0.8, and the root gets 0.8 too"
    expected = {(): (3, 2.1), (0,): (2, 1.6), (1,): (1, 0.5), (0, 0): (1, -1.0)}
    compare("mcts.backup", rows(root, "mcts.backup"), expected, look)


@exercise("1.5", weight=2)
def test_search_reproduces_the_table_of_the_handout(student, rng):
    """search: after 2, 3, … 6 simulations N and Q of the example are those of the table in the handout."""
    tables = {
        2: {(): (2, 1.3), (0,): (1, 0.8), (1,): (1, 0.5)},
        3: {(): (3, 2.1), (0,): (2, 1.6), (1,): (1, 0.5), (0, 0): (1, -1)},
        4: {(): (4, 2.6), (0,): (2, 1.6), (1,): (2, 1.0), (0, 0): (1, -1)},
        5: {(): (5, 3.4), (0,): (3, 2.4), (1,): (2, 1.0), (0, 0): (2, -2), (0, 0, 0): (1, 4)},
        6: {(): (6, 4.2), (0,): (4, 3.2), (1,): (2, 1.0), (0, 0): (3, -3), (0, 0, 0): (2, 8)},
    }
    for simulations, expected in tables.items():
        game = Example("mcts.search")
        root = student.mcts.search("start", (0, 1), game.step, rng, simulations=simulations, gamma=0.5, players=2)
        look = "the row before: which leaf comes next, what is it worth, and what does backup add where?"
        name = f"mcts.search after {simulations} simulations"
        compare(name, rows(root, "mcts.search"), expected, look)


@exercise("1.5")
def test_best_action_is_the_most_visited_one(student):
    """best_action: of 40 and 3 simulations the action with 40 is played, which has the better mean as well."""
    root = student.mcts.Node("root", (5, 6), N=43, Q=30.0)
    root.add(5, "seldom", 0.0, (0,), N=3, Q=1.5)
    root.add(6, "often", 0.0, (0,), N=40, Q=28.5)
    got = student.mcts.best_action(root)
    if not isinstance(got, int | np.integer) or got != 6:
        raise Mismatch(f"mcts.best_action returned {got!r}, expected the action 6; the bonus has no say any more")


@exercise("1.5")
def test_search_finds_the_treasure(student, rng):
    """search: in a random tree with one good leaf among 27 most simulations go where it is."""
    game = RandomTree(rng, branching=3, depth=3)
    state, _, actions = game.start()
    root = student.mcts.search(state, actions, game.step, rng, simulations=500)
    counts = {path[0]: N for path, (N, _) in rows(root, "mcts.search").items() if len(path) == 1}
    if not counts or max(counts, key=counts.get) != game.path[0]:
        raise Mismatch(f"mcts.search: its simulations per action are {counts}, expected most for action {game.path[0]}")


@exercise("1.5")
def test_search_wins_at_nim(student, rng):
    """search: with 5, 6 or 7 stones it leaves 4 to the opponent, who then loses."""
    for n in (5, 6, 7):
        game = Nim(n)
        state, _, actions = game.start()
        root = student.mcts.search(state, actions, game.step, rng, simulations=500, players=2)
        counts = {path[0]: N for path, (N, _) in rows(root, "mcts.search").items() if len(path) == 1}
        if not counts or max(counts, key=counts.get) != n - 4:
            raise Mismatch(f"mcts.search with {n} stones: simulations per action {counts}, expected most for {n - 4}")


@exercise("1.5")
def test_search_blocks_in_tic_tac_toe(student, rng):
    """search: crosses hold two squares of the first row; noughts, to move, take the third."""
    game, state = TicTacToe(), (1, 1, 0, 0, 2, 0, 0, 0, 0)
    root = student.mcts.search(state, game.actions(state), game.step, rng, simulations=500, players=2)
    counts = {path[0]: N for path, (N, _) in rows(root, "mcts.search").items() if len(path) == 1}
    if not counts or max(counts, key=counts.get) != 2:
        raise Mismatch(
            f"mcts.search: simulations per square {counts}, expected most for square 2, which blocks the row"
        )
