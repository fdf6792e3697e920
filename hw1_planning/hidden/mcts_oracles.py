"""What must be true of a tree search, worked out from the moves that it asked for.

Every move of a search is a call of `step`, so the moves tell which simulations there were (`replay`), and these tell
every N and Q (`statistics`): sums over whole games, with no tree and no recursion. The exploration bonus is the
solution of the equation it comes from (`radius`). A return is a polynomial: its coefficients are the rewards, and it
is evaluated at gamma, or at -gamma where two players move in turn (`value_of`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.optimize
from mcts_games import Made, Row, Watched

from course.testing import Mismatch


def radius(N: int, n: int) -> float:
    """Return the c at which Hoeffding's bound exp(-2 N c²) for a mean of N samples from [0, 1] has fallen to n^-4."""
    return scipy.optimize.brentq(lambda c: 4 * np.log(n) - 2 * N * c * c, 0.0, 100.0)


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
