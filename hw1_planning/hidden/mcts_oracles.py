"""What must be true of a tree search, worked out from the moves that it asked for.

Every move of a search is a call of `step`, so the moves tell which simulations there were (`replay`), and these tell
every N and Q (`statistics`): sums over whole games, with no tree and no recursion. The exploration bonus is the
solution of the equation it comes from (`radius`). A return is a polynomial: its coefficients are the rewards, and it
is evaluated at gamma, or at -gamma where two players move in turn (`value_of`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.optimize
from mcts_games import Made, Row, Watched, named, read, same_state

from course.games import Game, optimal_values
from course.testing import Mismatch


@cache
def radius(N: int, n: int) -> float:
    """Return the c at which Hoeffding's bound exp(-2 N c²) for a mean of N samples from [0, 1] has fallen to n^-4."""
    return scipy.optimize.brentq(lambda c: 4 * np.log(n) - 2 * N * c * c, 0.0, 100.0)


def near_tie(rng, C: float) -> tuple[list, list, int]:
    """Draw (N, means, position of the best) of four children whose scores are close, but for a clear first one."""
    while True:
        N = np.exp(rng.uniform(0, rng.choice([3, 5, 7]), 4)).astype(int).tolist()
        bonuses = np.array([2 * C * radius(n, sum(N)) for n in N])
        scores = rng.uniform(0, 0.5, 4) * bonuses.min()
        if np.diff(np.sort(scores))[-1] > 0.1 * bonuses.min():
            return N, (scores - bonuses).tolist(), int(scores.argmax())


def value_of(rewards, gamma: float, players: int) -> float:
    """Return the discounted return of these rewards for who gets the first of them."""
    return float(np.polynomial.Polynomial(rewards)(-gamma if players == 2 else gamma))


class Simulation(NamedTuple):
    """leaf: the path of the node it added; moves: all of its game, from the root to where the roll-out stopped."""

    leaf: tuple
    moves: tuple


def replay(game: Watched) -> list[Simulation]:
    """Cut the moves of a search in a `Made` game into simulations; each adds a node, as no end is near.

    A simulation may begin at the leaf's parent, or repeat the way from the root.
    """
    tree, played, leaf, at = {()}, [], None, None
    for state, action in [*game.moves, (None, None)]:
        before = game.game.paths.get(state)
        if before != at:
            if at is not None:
                played.append(Simulation(leaf, at))
            if before not in tree and state is not None:
                raise Mismatch(f"{game.who}: a move was played from a state neither in the tree nor just reached")
            if leaf is None and at is not None:
                raise Mismatch(f"{game.who}: a simulation put no new node into the tree, though no game was over")
            leaf = None
        if state is not None:
            at = (*before, action)
            if leaf is None and at not in tree:
                tree.add(at)
                leaf = at
    return played


def statistics(game: Made, played: list[Simulation], gamma: float) -> dict[tuple, Row]:
    """Return what N and Q must be after these simulations: Q of a node is the sum of returns from the move into it."""
    sums: dict[tuple, list] = {}
    for leaf, moves in played:
        rewards = [game.reward(moves[: k + 1]) for k in range(len(moves))]
        for depth in range(len(leaf) + 1):
            entry = sums.setdefault(leaf[:depth], [0, 0.0])
            entry[0] += 1
            entry[1] += value_of(rewards[max(depth - 1, 0) :], gamma, game.players)
    return {path: Row(game.reward(path) if path else 0.0, N, Q) for path, (N, Q) in sums.items()}


def games_of(game: Watched, first) -> tuple[dict, Counter]:
    """Cut the moves of a search into games that end, also where several ways lead to one state.

    first: the state of the root. Returns {(state, action) that led to a new node: values of the roll-outs from there}
    and how often a roll-out played each (state, action). A simulation may repeat the way from the root.
    """
    values, rolled = defaultdict(list), Counter()
    sign = -1.0 if game.game.players == 2 else 1.0
    known, current, at = set(), [], None
    for state, action in game.moves:
        if current and state != at:
            raise Mismatch(f"{game.who}: a roll-out stopped before the game was over, or a move was tried out of turn")
        current.append((state, action))
        at, _, legal = game.answers[state, action]
        if legal:
            continue
        new = 0
        if current[0][0] == first:
            path = tuple(move[1] for move in current)
            while new < len(path) and path[: new + 1] in known:
                new += 1
            known.add(path[: new + 1])
        if new < len(current):
            rest = current[new + 1 :]
            values[current[new]].append(sum(sign**k * game.answers[move][1] for k, move in enumerate(rest)))
            rolled.update(rest)
        current = []
    if current:
        raise Mismatch(f"{game.who}: a roll-out stopped before the game was over")
    return values, rolled


def audited(root, game: Watched, first, simulations: int, gamma: float = 1.0) -> tuple[dict, Counter]:
    """Demand of a search's tree what holds in every right one, so that the moves which `step` saw explain it.

    gamma: of the search; only with 1 are the values of the roll-outs compared. Returns (tree, roll-out moves).
    """
    who, (tree, states) = game.who, read(game.checked(root), game.who)
    values, rolled = games_of(game, first)
    if tree[()].N != simulations or not same_state(states[()], first):
        raise Mismatch(f"{who}: N of the root is {tree[()].N:g} after {simulations} simulations")
    below, returns = Counter(), defaultdict(float)
    for path, row in tree.items():
        if path:
            below[path[:-1]] += row.N
            returns[path[:-1]] += row.Q
    nodes, rest = Counter(), defaultdict(float)
    turn = -gamma if game.game.players == 2 else gamma
    for path, row in tree.items():
        if not path:
            continue
        move = (states[path[:-1]], path[-1])
        after = game.answers.get(move)
        if after is None or not same_state(states[path], after[0]):
            raise Mismatch(
                f"{who}: the state of {named(path)} is not what `step` returned for the move that leads there"
            )
        if row.N != below[path] + 1 if after[2] else path in below or row.N < 1:
            raise Mismatch(f"{who}: N of {named(path)} is not the visits of its children and the one that made it")
        nodes[move] += 1
        rest[move] += row.Q - row.N * after[1] - turn * returns[path]
    if below[()] != simulations or abs(tree[()].Q - returns[()]) > 1e-4 * simulations:
        raise Mismatch(f"{who}: N and Q of the root are not the sums of its children's N and Q")
    if nodes != Counter({move: len(found) for move, found in values.items()}):
        raise Mismatch(
            f"{who}: the tree has {len(tree)} nodes, and `step` was called for others\n  look at: a simulation puts "
            "one new node into the tree, by one call of step, and plays from there to the end"
        )
    if gamma == 1.0 and any(abs(rest[move] - turn * sum(found)) > 1e-4 * simulations for move, found in values.items()):
        raise Mismatch(f"{who}: Q of the nodes does not add up to the rewards of the moves that were played")
    return tree, rolled


class Uniformity:
    """Collects moves of roll-outs and tells whether each was drawn uniformly from the legal actions.

    In each group of moves the surplus of hits is a martingale; it exceeds `limit` with a probability below 1e-13
    (Freedman's inequality), and there are fewer than 10^5 groups in a test.
    """

    def __init__(self, who: str):
        self.who, self.groups = who, defaultdict(lambda: [0.0, 0.0])  # surplus, variance

    def add(self, game: Watched, rolled: Counter):
        """Count the moves by the place of the action among the legal ones, by state, and by whether it is best."""
        for state in {state for state, _ in rolled}:
            legal = game.legal[state]
            counts = [rolled[state, action] for action in legal]
            for place, count in enumerate(counts):
                self._add(("place", len(legal), place), count, sum(counts), 1 / len(legal))
                self._add((state, place, id(game.game)), count, sum(counts), 1 / len(legal))
            if isinstance(game.game, Game):
                values = optimal_values(game.game, state, legal)
                best = [values[action] == max(values.values()) for action in legal]
                hits = sum(count for count, good in zip(counts, best, strict=True) if good)
                self._add("best", hits, sum(counts), sum(best) / len(best))

    def judge(self):
        """Raise Mismatch if a group is out of bounds."""
        for surplus, variance in self.groups.values():
            limit = 10 + np.sqrt(100 + 2 * 30 * variance)
            if abs(surplus) > limit:
                raise Mismatch(
                    f"{self.who}: the moves of the roll-outs are not uniformly random: some actions are preferred\n"
                    "  look at: how an action is drawn in the roll-out; every legal one is equally likely"
                )

    def _add(self, key, hits, count, p):
        group = self.groups[key]
        group[0] += hits - p * count
        group[1] += p * (1 - p) * count
