"""Tic-tac-toe: crosses and noughts fill a board of 3 x 3 in turn; three in a row, column or diagonal win.

    0 | 1 | 2
    3 | 4 | 5        the squares, which are also the actions
    6 | 7 | 8

With best play from the empty board nobody wins: every first move has the value 0.
"""

from __future__ import annotations

from functools import lru_cache

from course.games.game import Game

EMPTY, CROSS, NOUGHT = 0, 1, 2
LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))

Board = tuple[int, ...]  # 9 squares: 0 empty, 1 cross, 2 nought


class TicTacToe(Game):
    """State: the nine squares, a tuple of 0 (empty), 1 (cross, moves first), 2 (nought).  Action: a square.

    Reward: +1 for the move that completes a line, else 0.
    """

    @property
    def first(self) -> Board:
        return (EMPTY,) * 9

    def actions(self, state: Board) -> tuple[int, ...]:
        try:
            legal = legal_squares(state) if type(state) is tuple else None
        except TypeError:  # it holds something that cannot be looked up
            legal = None
        if legal is None:
            raise self.no_state(state, "a tuple of nine squares, 0, 1 or 2, with as many 1 as 2 or one more")
        return legal

    def after(self, state: Board, action: int) -> tuple[Board, float]:
        mover = CROSS if state.count(EMPTY) % 2 else NOUGHT
        board = (*state[:action], mover, *state[action + 1 :])
        return board, 1.0 if winner(board) else 0.0


@lru_cache(10_000)  # there are 5,478 boards; a search asks for the same ones again and again
def legal_squares(board: Board) -> tuple[int, ...] | None:
    """Return the empty squares, () when the game is over, None if the two did not move by turns."""
    if not is_board(board):
        return None
    return () if winner(board) else tuple(square for square in range(9) if board[square] == EMPTY)


def is_board(state: Board) -> bool:
    """Tell whether it is a board on which the two moved by turns."""
    if len(state) != 9:
        return False
    crosses, noughts = state.count(CROSS), state.count(NOUGHT)
    return crosses - noughts in (0, 1) and crosses + noughts + state.count(EMPTY) == 9


@lru_cache(10_000)
def winner(board: Board) -> int:
    """Return who has three in a line, 1 or 2; 0 if nobody has."""
    for a, b, c in LINES:
        if board[a] and board[a] == board[b] == board[c]:
            return board[a]
    return 0
