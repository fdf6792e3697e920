"""Hidden tests of exercise 1.5, first part: each function by itself. With those of the search the weights add up to 30.

Each function is tested on trees that are built here, node by node, so that a mistake in one costs nothing in the
others: where children are compared, one is better for every bonus that falls with N. These tests are deterministic,
whatever the order in which random numbers are drawn, and carry the diagnosis. Some calls are not judged (`unjudged`):
they only tell apart mistakes that look the same in the test they stand in.
"""

from __future__ import annotations

import mcts_oracles as oracles
import numpy as np
from mcts_games import (
    LABELS,
    Made,
    Watched,
    chains,
    descend,
    family,
    fresh,
    game_of,
    is_number,
    judge_best_child,
    judge_descent,
    named,
    plant,
    root_action,
    salt_of,
    tree_of,
    unjudged,
)

from course.testing import SINGLE, Mismatch, assert_close, exercise

# ---------------------------------------------------------------- score, best_child, best_action


@exercise("1.5", weight=2)
def test_score_is_the_mean_plus_the_radius_of_a_confidence_bound(student, rng):
    """score: Q / N plus 2 C times the radius at which Hoeffding's bound is N(parent)^-4; UCB1 for C = 1/2."""
    drawn = [(int(rng.integers(1, 90)), int(rng.integers(1, 900)), float(rng.uniform(0.1, 3))) for _ in range(8)]
    for N, more, C in [(40, 500, 1.7), (1, 2, 0.5), (3, 4, 0.5), (2, 60, 0.2), (7, 0, 0.0), (1, 0, 0.5), *drawn]:
        Q, N_parent = N * rng.uniform(-1, 1), N + more
        expected = Q / N + 2 * C * oracles.radius(N, N_parent)
        got = student.mcts.score(Q, N, N_parent, C)
        look = "the two parts: with C = 0 only the mean is left; then each factor of the bonus, and what is in the root"
        assert_close(f"mcts.score for N = {N}, N_parent = {N_parent}, C = {C}", got, expected, rtol=SINGLE, look=look)


@exercise("1.5", weight=0.5)
def test_best_child_has_the_better_mean_or_the_fewer_visits(student, rng):
    """best_child: of children alike in one the other decides; with C = 0 the mean alone does."""
    best = rng.uniform(0.6, 0.9)
    means = [best - 0.3, best - 0.5, best, best - 1.2]
    look = "whether the highest score is taken, not the lowest, and whether every child is scored with its own Q and N"
    judge_best_child(student, rng, [6, 6, 6, 6], means, 0.5, 2, "it has the best mean of children with equal N", look)
    look = "what the bonus is computed from: N of the child, N of its parent, and the C that was passed"
    same = [best] * 4
    judge_best_child(student, rng, [5, 9, 2, 1], same, 0.5, 3, "it has the fewest visits of children of one mean", look)
    why = "with C = 0 nothing counts but the mean"
    judge_best_child(student, rng, [3, 40, 9, 1], means, 0.0, 2, why, "the C that was passed: 0 means no bonus")
    why = "with so large a C nothing counts but N"
    judge_best_child(student, rng, [3, 40, 9, 2], means, 1e6, 3, why, "the C that was passed: it scales the bonus")


@exercise("1.5", weight=1.5)
def test_best_child_has_the_highest_score(student, rng):
    """best_child: of children that differ in mean and visits it takes the one of highest score, for the C passed."""
    look = "whether score, with Q and N of the child, N of its parent and C, is all that decides"
    for C in (0.1, 0.3, 0.5, 1.0, 2.0) * 8:
        N, means, winner = oracles.near_tie(rng, C)
        _, nodes = family(student, rng, N, means)
        chosen = tree_of(student.mcts.best_child(nodes[()], C), "mcts.best_child").get(())
        sums = [n * mean for n, mean in zip(N, means, strict=True)]
        at = [k for k in range(4) if chosen and chosen.N == N[k] and np.isclose(chosen.Q, sums[k], rtol=1e-5)]
        if winner in at:
            continue
        # A wrong score costs its own marks and not these: the child that leads by the student's score is right too.
        own = [unjudged(student.mcts.score, Q, n, sum(N), C) for Q, n in zip(sums, N, strict=True)]
        leads = all(map(is_number, own)) and sorted(own)[-1] > sorted(own)[-2]
        if not leads or own.index(max(own)) not in at:
            raise Mismatch(f"mcts.best_child with C = {C} did not return the child of highest score\n  look at: {look}")


@exercise("1.5")
def test_best_action_has_most_visits_or_the_best_mean(student, rng):
    """best_action: the action with most simulations or the best mean; the exploration bonus has no say."""
    chosen = root_action(student, rng, [2, 3, 60, 1], [0.6, -0.1, 0.7, -1.5])
    if chosen != 2:
        raise Mismatch(
            "mcts.best_action does not return the action that has both the most simulations and the best mean\n"
            "  look at: what it maximises. The bonus of the score belongs to the search, not to the decision after it"
        )
    chosen = root_action(student, rng, [30, 5, 12], [-0.2, -0.9, -0.6])
    if chosen != 0:
        raise Mismatch(
            "mcts.best_action does not return the action with most simulations and best mean, with returns below 0\n"
            "  look at: Q itself, a sum, which is the lower the more often a child with negative returns was visited"
        )
    chosen = root_action(student, rng, [10, 2, 40], [0.1, 0.6, 0.5])
    if chosen == 0:
        raise Mismatch("mcts.best_action returned an action that has neither the most simulations nor the best mean")


# ---------------------------------------------------------------- expand, tree_policy


@exercise("1.5", weight=2)
def test_expand_puts_one_untried_action_into_the_tree(student, rng):
    """expand: one call of step, for an action not tried yet; the new child has its state, reward and actions."""
    made = Made(lambda path: (LABELS, (1, 2), (3,))[len(path)], lambda path: 0.25 * sum(path))
    game = Watched(made, "mcts.expand")
    before = {(): (9, 2.0), (4,): (5, 1.5), (9,): (4, 0.5), (9, 1): (3, 0.25)}
    for parent, action, actions in [((), 7, (1, 2)), ((9,), 2, (3,))]:
        nodes = plant(student, game, before)
        game.moves.clear()
        child = game.checked(student.mcts.expand(nodes[parent], game.step, fresh(rng)))
        added, tree = tree_of(child, "mcts.expand"), tree_of(nodes[()], "mcts.expand")
        if game.moves != [(game.at(parent)[0], action)]:
            raise Mismatch(
                f"mcts.expand made {len(game.moves)} calls of step, expected one, for the action that is not in "
                "`children` yet and from the state of the node that was passed"
            )
        path = (*parent, action)
        if set(tree) != set(before) | {path}:
            raise Mismatch("mcts.expand: the tree must have one node more, the child of the untried action")
        for old, (N, Q) in before.items():
            if tree[old][1:] != (N, Q):
                raise Mismatch(f"mcts.expand changed N or Q of {named(old)}; counting is the work of backup")
        if set(added) != {()} or added[()] != tree[path]:
            raise Mismatch("mcts.expand must return the child that it put into the tree")
        state, reward, _ = game.at(path)
        if tree[path][1:] != (0.0, 0.0):
            raise Mismatch(f"mcts.expand: the new child has N = {tree[path].N:g}, Q = {tree[path].Q:g}, expected zeros")
        look = "what step returned: its second value is the reward of the move that leads to the child"
        assert_close("mcts.expand: reward of the child", tree[path].reward, reward, rtol=SINGLE, look=look)
        if child.state != state:
            raise Mismatch("mcts.expand: the child's state is not the one that step returned")
        if child.actions != actions:
            raise Mismatch("mcts.expand: the child's actions are not the ones that step returned, legal in its state")


@exercise("1.5")
def test_expand_tries_every_action_once(student, rng):
    """expand: called as often as there are actions it tries them all, each once."""
    labels = (11, 2, 3, 5, 8, 13, 21, 34)
    game = game_of("expand", salt_of(rng), labels)
    root = plant(student, game, {(): (0, 0.0)})[()]
    for k in range(len(labels)):
        game.checked(student.mcts.expand(root, game.step, fresh(rng)))
        tried = sorted(path for path in tree_of(root, "mcts.expand") if path)
        if len(tried) != k + 1:
            raise Mismatch(
                f"mcts.expand, call {k + 1} on one node: it has {len(tried)} children, expected {k + 1}\n"
                "  look at: which actions it chooses from: those of `node.actions` that are not in `node.children`"
            )


@exercise("1.5", weight=1.5)
def test_tree_policy_tries_every_action_before_it_goes_deeper(student, rng):
    """tree_policy: in a node with an untried action it tries that one, however good the tried ones look."""
    game = game_of("tree_policy", salt_of(rng))
    look = "when it goes down: only where every action has a child"
    judge_descent(student, rng, game, {(): (0, 0.0)}, (), "the first simulation: the root has no child yet")
    judge_descent(student, rng, game, {(): (12, 9.0), (4,): (11, 11.0), (9,): (1, -2.0)}, (), look)
    full = {(): (30, 9.0), (4,): (10, 2.0), (7,): (10, 6.0), (9,): (10, 1.0)}
    judge_descent(student, rng, game, full | {(7, 9): (5, 5.0)}, (7,), look)
    judge_descent(student, rng, game, full | {(7, 9): (5, 5.0), (7, 4): (4, 4.0)}, (7,), look)


@exercise("1.5", weight=1.5)
def test_tree_policy_follows_the_best_children_down(student, rng):
    """tree_policy: through nodes that are full it follows the best child, level after level, with the C passed."""
    game = game_of("tree_policy", salt_of(rng), labels=(4, 7))
    for C in (0.0, 1e6):
        nodes = plant(student, game, {(): (50, 20.0), (4,): (45, 27.0), (7,): (5, 2.0)})
        unjudged(lambda nodes=nodes, C=C: student.mcts.best_child(nodes[()], C).table())
    look = "the loop: one level after the other, the best child of the node reached, until one has an untried action"
    counts = {(): (80, 20.0), (4,): (40, 4.0), (7,): (40, 16.0)}
    counts |= {(7, 4): (20, 9.0), (7, 7): (20, 7.0), (4, 4): (20, 20.0), (4, 7): (20, 18.0)}
    judge_descent(student, rng, game, counts, (7, 4), look)
    deeper = {(7, 4, 4): (10, 2.0), (7, 4, 7): (10, 7.0), (7, 4, 7, 4): (5, 3.0), (7, 4, 7, 7): (5, 4.0)}
    judge_descent(student, rng, game, counts | deeper, (7, 4, 7, 7), look)
    uneven = {(): (50, 20.0), (4,): (45, 27.0), (7,): (5, 2.0)}
    judge_descent(student, rng, game, uneven, (4,), "the C that was passed: with 0 the better mean wins", C=0.0)
    judge_descent(student, rng, game, uneven, (7,), "the C that was passed: a large one favours few visits", C=1e6)


@exercise("1.5")
def test_tree_policy_returns_a_finished_node_as_it_is(student, rng):
    """tree_policy: where the game is over it returns that node, without a call of step and without a new node."""
    game = Watched(chains({4: [0.0, 1.0], 7: [0.5]}), "mcts.tree_policy")
    judge_descent(student, rng, game, {(): (1, 1.0), (4,): (1, 1.0)}, (), "a root that has an untried action")
    counts = {(): (6, 5.0), (4,): (3, 3.0), (7,): (3, 1.5), (4, 5): (2, 2.0)}
    for tree, end in [(counts, (4, 5)), ({(): (8, 4.0), (4,): (4, 0.0), (7,): (4, 4.0)}, (7,))]:
        path, after, calls = descend(student, rng, game, tree)
        if path != end or after != set(tree) or calls:
            raise Mismatch(
                f"mcts.tree_policy returned {named(path)} after {calls} calls of step, expected {named(end)}, in which "
                "the game is over, and no call\n  look at: nodes whose `actions` are empty; nothing is left to try"
            )


# ---------------------------------------------------------------- default_policy, backup


def judge_rollout(student, rng, players):
    """Compare the value of forced roll-outs with the polynomial of their rewards, from the start and from midway."""
    for length, midway, gamma in [(5, 0, 0.8), (6, 2, 0.5), (4, 1, 1.0), (1, 0, 0.9)]:
        rewards = rng.uniform(1, 2, length) * rng.choice([-1, 1], length)
        game = Watched(chains({4: rewards.tolist()}, players), "mcts.default_policy")
        path = (4, 5, 5)[:midway]
        node = plant(student, game, {path[:k]: (1, 0.0) for k in range(midway + 1)})[path]
        game.moves.clear()
        value = game.checked(student.mcts.default_policy(node, game.step, gamma, players, fresh(rng)))
        expected = oracles.value_of(rewards[midway:], gamma, players)
        look = (
            "the first rewards, one after the other: the first of them has no discount, and the reward of the move "
            "into the node is not among them"
        )
        if players == 2:
            look = "whose the rewards are: the 1st, 3rd, … belong to who moves in the node, the others to the opponent"
        name = f"mcts.default_policy for a roll-out of {length - midway} moves, gamma = {gamma}, players = {players}"
        assert_close(name, value, expected, rtol=SINGLE, look=look)
        if len(game.moves) != length - midway:
            raise Mismatch(
                f"mcts.default_policy called step {len(game.moves)} times, expected {length - midway}, once a move"
            )


@exercise("1.5", weight=1.5)
def test_default_policy_adds_up_discounted_rewards(student, rng):
    """default_policy: with one player the value is the discounted sum of the rewards from the node to the end."""
    judge_rollout(student, rng, 1)


@exercise("1.5", weight=1.5)
def test_default_policy_gives_the_opponent_every_other_reward(student, rng):
    """default_policy: with two players the signs alternate, and the value is that of the player to move in the node."""
    judge_rollout(student, rng, 2)


@exercise("1.5", weight=1.5)
def test_default_policy_plays_uniformly_to_the_end(student, rng):
    """default_policy: every legal action is equally likely in every move, up to the end of the game."""
    # Three actions, 240 moves: each count is binomial(240, 1/3), mean 80, and outside 41 … 122 with probability 1e-8.
    length, rewards = 240, {4: 2.0, 7: 1.0, 9: 3.0}
    game = Watched(
        Made(lambda path: LABELS if len(path) < length else (), lambda path: rewards[path[-1]]),
        "mcts.default_policy",
    )
    node = plant(student, game, {(): (0, 0.0)})[()]
    value = game.checked(student.mcts.default_policy(node, game.step, 1.0, 1, fresh(rng)))
    played = [action for _, action in game.moves]
    if len(played) != length:
        raise Mismatch(f"mcts.default_policy stopped after {len(played)} moves of a game of {length}")
    assert_close("mcts.default_policy", value, float(sum(rewards[action] for action in played)), rtol=SINGLE)
    for action in LABELS:
        if not 41 <= played.count(action) <= 122:
            raise Mismatch(
                f"mcts.default_policy chose one of three actions {played.count(action)} times in {length} moves, "
                "expected about a third of them: the roll-out is uniformly random in every move"
            )
    pairs = {(a, b) for a, b in zip(played, played[1:], strict=False)}
    if len(pairs) < 9:
        raise Mismatch("mcts.default_policy repeats a pattern: some action never follows another; draw anew every move")
    judge_other_actions(student, rng)


def judge_other_actions(student, rng):
    """Judge a roll-out in which five actions are legal from the second state on, where the node has three."""
    more, length = (1, 2, 3, 5, 8), 121  # each of the five is binomial(120, 1/5), outside 4 … 51 with probability 1e-8
    legal = Made(lambda path: (more if path else LABELS) if len(path) < length else (), lambda path: float(path[-1]))
    game = Watched(legal, "mcts.default_policy")
    node = plant(student, game, {(): (0, 0.0)})[()]
    game.checked(student.mcts.default_policy(node, game.step, 1.0, 1, fresh(rng)))
    played = [action for _, action in game.moves[1:]]
    if not all(4 <= played.count(action) <= 51 for action in more):
        raise Mismatch(
            "mcts.default_policy is not uniform where other actions are legal than in the node"
            "\n  look at: the actions that `step` returned with the state the roll-out is in"
        )


@exercise("1.5", weight=0.5)
def test_default_policy_stops_where_the_game_is_over(student, rng):
    """default_policy: a finished node is worth 0.0 without any call of step, and the tree stays as it is."""
    game = Watched(chains({4: [2.0, 3.0, 1.0]}), "mcts.default_policy")
    counts = {(): (4, 5.0), (4,): (3, 4.0), (4, 5): (2, 3.0), (4, 5, 5): (1, 1.0)}
    nodes = plant(student, game, counts)
    for path, expected in [((4,), 4.0), ((4, 5, 5), 0.0)]:
        game.moves.clear()
        value = game.checked(student.mcts.default_policy(nodes[path], game.step, 1.0, 1, fresh(rng)))
        look = "the end of the game: its last reward stands in the node, and backup adds it"
        assert_close(f"mcts.default_policy for {named(path)}", value, expected, rtol=SINGLE, look=look)
    if game.moves:
        raise Mismatch("mcts.default_policy called step although the game is over")
    tree = tree_of(nodes[()], "mcts.default_policy")
    if {path: row[1:] for path, row in tree.items()} != counts:
        raise Mismatch("mcts.default_policy changed the tree; the states of a roll-out are not kept")


def judge_backup(student, rng, players):
    """Back up two simulations and one that ends in the root; every N and Q must have grown by what came back."""
    game = game_of("backup", salt_of(rng), players=players)
    counts = {(): (9, 3.0), (4,): (5, 2.5), (7,): (4, 1.5), (4, 9): (3, -1.0), (4, 7): (1, 0.5), (4, 9, 7): (0, 0.0)}
    nodes = plant(student, game, counts)
    expected = {path: [N, Q] for path, (N, Q) in counts.items()}
    for leaf, gamma in [((4, 9, 7), 0.8), ((7,), 0.5), ((4, 9), 1.0), ((), 0.7)]:
        value = float(rng.uniform(1, 2) * rng.choice([-1, 1]))
        answer = student.mcts.backup(nodes[leaf], value, gamma, players)
        if isinstance(answer, np.ndarray):
            raise Mismatch("mcts.backup returned an array, expected nothing: it changes the tree")
        game.checked(answer)
        for depth in range(len(leaf) + 1):
            after = [game.at(leaf[: k + 1])[1] for k in range(max(depth - 1, 0), len(leaf))]
            expected[leaf[:depth]][0] += 1
            expected[leaf[:depth]][1] += oracles.value_of([*after, value], gamma, players)
        tree = tree_of(nodes[()], "mcts.backup")
        if set(tree) != set(counts):
            raise Mismatch("mcts.backup added or lost nodes; it changes nothing but N and Q")
        for path, (N, Q) in expected.items():
            where = f"of {named(path)} after a simulation that ended in {named(leaf)}"
            if tree[path].N != N:
                raise Mismatch(
                    f"mcts.backup: N {where} grew by {tree[path].N - N + (path == leaf[: len(path)]):g}, expected "
                    f"{int(path == leaf[: len(path)])}: one for every node from the leaf up to the root, both included"
                )
            look = "the way of the return, from the leaf up: at each node its reward, then what came from below, turned"
            assert_close(f"mcts.backup: Q {where}", tree[path].Q, Q, rtol=SINGLE, look=look)


@exercise("1.5", weight=2)
def test_backup_adds_the_return_of_one_player_all_the_way_up(student, rng):
    """backup: N grows by one from leaf to root, Q by the reward of the move into the node and what follows."""
    judge_backup(student, rng, 1)


@exercise("1.5", weight=2)
def test_backup_turns_the_return_at_every_move_of_two_players(student, rng):
    """backup: with two players every node gets the return of whoever made the move into it, the root of its own."""
    judge_backup(student, rng, 2)
