"""A tree for one player, in which one leaf pays much more than the others: a treasure to be found by search.

Every state but the leaves has `branching` actions, every way from the root to a leaf has `depth` moves, and
only the last move pays. States are numbered from the root, 0, level by level: the action a leads from s to
branching s + 1 + a.
"""

from __future__ import annotations

import numpy as np

from course.games.game import Game


class RandomTree(Game):
    """State: the number of the node, an int.  Action: 0 .. branching-1.  Reward: on entering a leaf.

    rng: draws the rewards once, here; the game itself is deterministic.  best: what one leaf pays, chosen at
    random.  rest: the other leaves pay between 0 and this, uniformly.
    path: the actions that lead from the root to the best leaf.
    """

    players = 1

    def __init__(
        self, rng: np.random.Generator, branching: int = 3, depth: int = 4, best: float = 1.0, rest: float = 0.5
    ) -> None:
        if branching < 2 or depth < 1 or not 0 <= rest < best:
            got = f"branching={branching}, depth={depth}, best={best}, rest={rest}"
            raise ValueError(f"RandomTree: got {got}, expected branching >= 2, depth >= 1 and 0 <= rest < best")
        super().__init__()
        self.branching, self.depth = int(branching), int(depth)
        self.leaves = self.branching**self.depth
        self.inner = (self.leaves - 1) // (self.branching - 1)  # nodes above the leaves
        treasure = int(rng.integers(self.leaves))
        self.rewards = rng.uniform(0, rest, self.leaves)  # [leaves], from left to right
        self.rewards[treasure] = best
        digits = np.unravel_index(treasure, (self.branching,) * self.depth)  # the leaf's number in base `branching`
        self.path = tuple(int(digit) for digit in digits)

    @property
    def first(self) -> int:
        return 0

    def actions(self, state: int) -> tuple[int, ...]:
        if type(state) is not int or not 0 <= state < self.inner + self.leaves:
            raise self.no_state(state, f"the number of a node, 0 to {self.inner + self.leaves - 1}")
        return tuple(range(self.branching)) if state < self.inner else ()

    def after(self, state: int, action: int) -> tuple[int, float]:
        child = self.branching * state + 1 + action
        return child, float(self.rewards[child - self.inner]) if child >= self.inner else 0.0
