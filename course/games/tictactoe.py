"""Tic-tac-toe: crosses and noughts fill a board of 3 x 3 in turn; three in a row, column or diagonal win.

    0 | 1 | 2
    3 | 4 | 5        the squares, which are also the actions
    6 | 7 | 8

With best play from the empty board nobody wins: every first move has the value 0.
"""

from __future__ import annotations

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
        if not is_board(state):
            raise self.no_state(state, "a tuple of nine squares, 0, 1 or 2, with as many 1 as 2 or one more")
        if winner(state):
            return ()
        return tuple(square for square in range(9) if state[square] == EMPTY)

    def after(self, state: Board, action: int) -> tuple[Board, float]:
        mover = CROSS if state.count(EMPTY) % 2 else NOUGHT
        board = (*state[:action], mover, *state[action + 1 :])
        return board, 1.0 if winner(board) else 0.0


def is_board(state) -> bool:
    """Tell whether it is a board on which the two moved by turns."""
    if type(state) is not tuple or len(state) != 9 or not all(type(square) is int for square in state):
        return False
    crosses, noughts = state.count(CROSS), state.count(NOUGHT)
    return crosses - noughts in (0, 1) and crosses + noughts + state.count(EMPTY) == 9


def winner(board: Board) -> int:
    """Return who has three in a line, 1 or 2; 0 if nobody has."""
    for a, b, c in LINES:
        if board[a] and board[a] == board[b] == board[c]:
            return board[a]
    return 0
