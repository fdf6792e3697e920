"""Hidden tests of exercise 1.5, second part: the search as a whole.

It is judged by the moves that it asked for (see `mcts_oracles`), by exact numbers and by the count
of calls; the game is on this side.
"""

from __future__ import annotations

from collections import Counter

import mcts_oracles as oracles
import numpy as np
from mcts_games import (
    LABELS,
    Watched,
    chains,
    fresh,
    game_of,
    named,
    plant,
    salt_of,
    tree_of,
    unjudged,
)

from course.games import RandomTree
from course.testing import SINGLE, Mismatch, assert_close, exercise

# ---------------------------------------------------------------- search: what was played is what the tree says


def judge_books(student, rng, players):
    """Compare N and Q of every node with the sums over the simulations that our own `step` saw."""
    simulations, gamma = 36, 0.9
    game = game_of("search", salt_of(rng), labels=(2, 6), depth=simulations + 2, players=players)
    root = student.mcts.search(
        game.first, game.actions, game.step, fresh(rng), simulations=simulations, gamma=gamma, players=players
    )
    tree = tree_of(game.checked(root), "mcts.search")
    played = oracles.replay(game)
    expected = oracles.statistics(game.game, played, gamma)
    if tree[()].N != simulations:
        raise Mismatch(f"mcts.search: N of the root is {tree[()].N:g} after {simulations} simulations")
    if set(tree) != set(expected):
        raise Mismatch(
            f"mcts.search: the tree has {len(tree)} nodes, expected {len(expected)}, the root and one a simulation\n"
            "  look at: whether every simulation starts from the same root and leaves its leaf in the tree"
        )
    paths = sorted(expected)
    look = "one simulation step by step: leaf, value, and what backup adds where"
    for part in ("N", "Q"):
        got, want = (np.array([getattr(table[path], part) for path in paths]) for table in (tree, expected))
        assert_close(f"mcts.search: {part} of the nodes", got, want, rtol=SINGLE, look=look)


@exercise("1.5")
def test_the_tree_of_one_player_holds_the_sums_of_what_was_played(student, rng):
    """search: N and Q of every node are the number and the sum of the returns of the simulations through it."""
    judge_books(student, rng, 1)


@exercise("1.5")
def test_the_tree_of_two_players_holds_the_sums_of_what_was_played(student, rng):
    """search: with two players as well, each node's Q is the sum of the returns of whoever moved into it."""
    judge_books(student, rng, 2)


def parts(student, rng):
    """Call, unjudged, the parts of a search with the arguments that a search may forget to hand on to them."""
    for players, C in [(1, 0.0), (2, 1e6)]:
        game = game_of("search", labels=(5,), players=players)
        nodes = plant(student, game, {(): (2, 1.0), (5,): (1, 0.5)})
        unjudged(student.mcts.default_policy, nodes[(5,)], game.step, 0.8, players, fresh(rng))
        unjudged(student.mcts.backup, nodes[(5,)], 1.0, 0.8, players)
        nodes[()].table()
        game = game_of("search", labels=(4, 7))
        nodes = plant(student, game, {(): (50, 20.0), (4,): (45, 27.0), (7,): (5, 2.0)})
        unjudged(student.mcts.tree_policy, nodes[()], game.step, C, fresh(rng))
        nodes[()].table()


@exercise("1.5")
def test_the_search_of_forced_games_is_known_to_the_last_digit(student, rng):
    """search: where all follows from one decision, every mean is exact; C = 0 or a huge C say what is visited."""
    parts(student, rng)
    for players, gamma in [(1, 0.8), (2, 0.8), (2, 1.0)]:
        rewards = {label: rng.uniform(-1, 1, length).tolist() for label, length in zip(LABELS, (4, 1, 3), strict=True)}
        values = {label: oracles.value_of(rewards[label], gamma, players) for label in LABELS}
        best = max(values, key=values.get)
        greedy = {label: 16 if label == best else 1 for label in LABELS}
        for C, shares in [(0.0, greedy), (1e6, dict.fromkeys(LABELS, 6))]:
            game = Watched(chains(rewards, players), "mcts.search")
            root = student.mcts.search(
                game.first, game.actions, game.step, fresh(rng), simulations=18, C=C, gamma=gamma, players=players
            )
            tree = tree_of(game.checked(root), "mcts.search")
            said = f"with C = {C:g}, gamma = {gamma}, players = {players}"
            if tree[()].N != 18:
                raise Mismatch(f"mcts.search {said}: N of the root is {tree[()].N:g} after 18 simulations")
            for label, share in shares.items():
                row = tree.get((label,))
                if row is None or row.N != share:
                    got = f"{row.N:g}" if row else "no"
                    raise Mismatch(
                        f"mcts.search {said}: a child of the root got {got} of 18 simulations, expected {share}\n"
                        "  look at: each action is tried once; then C = 0 repeats the best, a huge C the least visited"
                    )
                look = "gamma and players, which both the roll-out and the backup must get"
                assert_close(f"mcts.search {said}: Q / N", row.Q / row.N, values[label], rtol=SINGLE, look=look)
            expected = sum(shares[label] * values[label] for label in LABELS)
            look = "the root: it counts like every node, and its returns are those of its own player"
            assert_close(f"mcts.search {said}: Q of the root", tree[()].Q, expected, rtol=SINGLE, look=look)


@exercise("1.5")
def test_every_simulation_widens_first_and_then_follows_the_score(student, rng):
    """search: no node is passed that has an untried action, and the child of highest score is chosen."""
    uniform = oracles.Uniformity("mcts.search")
    for C, simulations in [(0.0, 16), (0.15, 32), (0.5, 32), (1e6, 16)]:
        game = game_of("search", salt_of(rng), labels=(2, 6), depth=simulations + 2)
        root = student.mcts.search(game.first, game.actions, game.step, fresh(rng), simulations=simulations, C=C)
        tree_of(game.checked(root), "mcts.search")
        played = oracles.replay(game)
        if len(played) != simulations:
            raise Mismatch(f"mcts.search played {len(played)} simulations, expected {simulations}")
        number = {path: state for state, path in game.game.paths.items()}
        for k, (leaf, moves) in enumerate(played):
            if len(moves) != simulations + 2:
                raise Mismatch("mcts.search: a roll-out stopped before the game was over")
            so_far = oracles.statistics(game.game, played[:k], 1.0)
            for depth in range(len(leaf) - 1):
                judge_choice(so_far, leaf[: depth + 1], C)
            rolled = Counter((number[moves[:at]], moves[at]) for at in range(len(leaf), len(moves)))
            uniform.add(game, rolled)
    uniform.judge()


def judge_choice(tree, chosen, C):
    """Raise Mismatch if a sibling of the chosen node was untried, or better for every sensible bonus."""
    siblings = [(*chosen[:-1], label) for label in (2, 6)]
    if not all(sibling in tree for sibling in siblings):
        raise Mismatch(f"mcts.search went on below {named(chosen[:-1])} before all of its actions had been tried")
    mean = {path: tree[path].Q / tree[path].N for path in siblings}
    n = int(tree[chosen[:-1]].N)
    for other in siblings:
        better, fewer = mean[other] - mean[chosen], tree[chosen].N - tree[other].N
        tie = SINGLE * max(map(abs, mean.values()))
        if C == 0 and better > tie:
            raise Mismatch("mcts.search with C = 0 went to a child whose mean was not the best")
        if C == 1e6 and fewer > 0:
            raise Mismatch("mcts.search with a huge C went to a child that was not the least visited of its siblings")
        ahead = better + 2 * C * (oracles.radius(tree[other].N, n) - oracles.radius(tree[chosen].N, n))
        if C < 1e6 and ahead > tie:
            raise Mismatch(
                "mcts.search went to a child although a sibling had a higher score\n"
                "  look at: best_child, and N of the node in it: the score takes the parent's"
            )
        if better > tie and fewer >= 0:
            raise Mismatch(
                "mcts.search went to a child although a sibling had a better mean and no more visits\n"
                "  look at: the score: it must fall with N of the child and rise with its mean"
            )


# ---------------------------------------------------------------- search: is it good, is it thrifty


@exercise("1.5", weight=0.5)
def test_a_search_costs_one_call_for_a_node_and_one_for_a_rollout_move(student, rng):
    """search: step is called once for every new node and once for every move of a roll-out, and for nothing else."""
    depth, who = 4, "mcts.search"
    game = Watched(RandomTree(rng, depth=depth), who)
    root = game.checked(student.mcts.search(game.first, game.actions, game.step, fresh(rng), simulations=150))
    tree = tree_of(root, who)
    if tree[()].N != 150:
        raise Mismatch(f"mcts.search: N of the root is {tree[()].N:g} after 150 simulations")
    needed = sum(1 + depth - len(path) for path in tree if path)
    if len(game.moves) != needed:
        raise Mismatch(
            f"mcts.search called step {len(game.moves)} times; its tree of {len(tree)} nodes needs {needed} calls\n"
            "  look at: where step is called. A node keeps its state, so walking down the tree costs no call"
        )


@exercise("1.5", weight=0.5)
def test_the_random_numbers_come_from_rng(student, rng):
    """search: the same rng gives the same tree, another one another tree."""
    seeds, trees = rng.integers(2**31, size=2), []
    salt = salt_of(rng)
    for seed in (*seeds, seeds[0]):
        game = game_of("search", salt, depth=8)
        root = student.mcts.search(game.first, game.actions, game.step, np.random.default_rng(seed), simulations=40)
        trees.append(tree_of(game.checked(root), "mcts.search"))
    if trees[0] != trees[2]:
        raise Mismatch("mcts.search grew two different trees from the same rng; all randomness must come from `rng`")
    if trees[0] == trees[1]:
        raise Mismatch("mcts.search grew the same tree from two different rngs; are the roll-outs drawn from `rng`?")
