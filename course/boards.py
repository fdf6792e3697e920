"""Pictures of games: a tic-tac-toe board and a heap of Nim, with numbers on the moves."""

from __future__ import annotations

import numpy as np

from course.looks import BLUE, INK, SKY, SMALL, VERMILION
from course.shapes import disc, part, stage

LATER = "#d4d4d4"  # stones that cannot be taken yet


def plot_board(axes, board, numbers=None) -> None:
    """Draw a tic-tac-toe board with numbers, such as visits or values, in its empty squares.

    board: [9] 0 (empty), 1 (cross), 2 (nought), row by row.  numbers: {square: number}; the larger, the darker
    the square, and the largest is framed.
    """
    stage(axes, (-0.08, 3.08), (-0.08, 3.08))
    numbers = numbers or {}
    for spine in axes.spines.values():
        spine.set_visible(False)
    for square, mark in enumerate(board):
        x, y = square % 3, 2 - square // 3
        if mark == 0 and square in numbers:
            _number(axes, x, y, numbers, square)
        elif mark == 1:
            for slope in ([y + 0.2, y + 0.8], [y + 0.8, y + 0.2]):
                axes.plot([x + 0.2, x + 0.8], slope, color=BLUE, linewidth=4, linestyle="-", zorder=3)
        elif mark == 2:
            part(axes, disc([x + 0.5, y + 0.5], 0.31), "none", edge=VERMILION, zorder=3).set_linewidth(4)
    for line in (1, 2):
        axes.plot([line, line], [0, 3], color=INK, linewidth=1.4, linestyle="-", zorder=4)
        axes.plot([0, 3], [line, line], color=INK, linewidth=1.4, linestyle="-", zorder=4)


def plot_heap(axes, n: int, numbers=None, *, most: int = 3) -> None:
    """Draw a heap of Nim as a row of `n` stones, taken from the left, with a number under each move.

    The gaps set off groups of most + 1 from the right: whoever leaves only whole groups wins.
    numbers: {stones taken: number}, such as visits; written under the last stone taken.
    """
    numbers = numbers or {}
    place = np.array([i + 0.6 * ((n - 1) // (most + 1) - (n - 1 - i) // (most + 1)) for i in range(n)])
    stage(axes, (-0.8, place[-1] + 0.8), (-1.5 if numbers else -0.7, 0.7))
    for i, x in enumerate(place):
        part(axes, disc([x, 0], 0.4), SKY if i < most else LATER)
    for taken, number in numbers.items():
        strong = number == max(numbers.values())
        x = place[taken - 1]
        axes.text(
            x, -0.95, texts(numbers)[taken], ha="center", va="center", fontsize=SMALL, weight="bold" if strong else None
        )
    for spine in axes.spines.values():
        spine.set_visible(False)


def texts(numbers: dict) -> dict:
    """Return {move: text}: visits as they are, values with a sign, and with digits only where they are needed."""
    if all(isinstance(number, (int, np.integer)) for number in numbers.values()):
        return {move: str(number) for move, number in numbers.items()}
    whole = all(abs(number - round(number)) < 1e-9 for number in numbers.values())
    said = {move: f"{number:+.{0 if whole else 2}f}" for move, number in numbers.items()}
    return {move: "0" if text in ("+0", "-0") else text.replace("-", "\N{MINUS SIGN}") for move, text in said.items()}


def _number(axes, x, y, numbers, square) -> None:
    low, high = min(0, *numbers.values()), max(numbers.values())
    weight = (numbers[square] - low) / (high - low) if high > low else 0.0
    best = numbers[square] == high
    corners = np.array([[0.04, 0.04], [0.96, 0.04], [0.96, 0.96], [0.04, 0.96]]) + (x, y)
    part(axes, corners, SKY, alpha=0.6 * weight, edge=INK if best else "none", zorder=2).set_linewidth(1.6)
    axes.text(x + 0.5, y + 0.5, texts(numbers)[square], ha="center", va="center", zorder=5,
              fontsize=SMALL + 2, weight="bold" if best else None)  # fmt: skip
