"""Nim with one heap: two players take 1 to `most` stones in turn, and whoever takes the last one wins.

With best play the player to move loses exactly when the number of stones is a multiple of most + 1: whatever
is taken, the opponent completes it to most + 1. Otherwise taking n mod (most + 1) wins.
"""

from __future__ import annotations

from course.games.game import Game


class Nim(Game):
    """State: the stones left, an int.  Action: how many to take.  Reward: +1 for taking the last stone."""

    def __init__(self, n: int, most: int = 3) -> None:
        if n < 1 or most < 1:
            raise ValueError(f"Nim: got n={n} and most={most}, expected at least one stone and one to take")
        super().__init__()
        self.n, self.most = int(n), int(most)

    @property
    def first(self) -> int:
        return self.n

    def actions(self, state: int) -> tuple[int, ...]:
        if type(state) is not int or not 0 <= state <= self.n:
            raise self.no_state(state, f"a whole number of stones, 0 to {self.n}")
        return tuple(range(1, min(self.most, state) + 1))

    def after(self, state: int, action: int) -> tuple[int, float]:
        return state - action, 1.0 if action == state else 0.0
