"""Pictures of mazes: walls, start and goal, values as shades, actions as arrows."""

from __future__ import annotations

import numpy as np

from course.looks import GREEN, INK, SKY, SMALL, VERMILION
from course.shapes import part, stage

WALL = "#5a5a5a"
ARROWS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # of each action: across and up in the picture


def plot_maze(axes, maze, values=None, *, actions=None, top=None) -> None:
    """Draw a maze with what is known about its cells.

    maze: has grid [rows, columns] of the characters # S G and anything else for a free cell, numbered row by row.
    values: [S], the larger the darker; `top` is the darkest, the largest value unless given.
    actions: [S, A] true for the actions to draw as arrows, such as the best ones.
    """
    grid = np.asarray(maze.grid)
    rows, columns = grid.shape
    stage(axes, (-0.04, columns + 0.04), (-0.04, rows + 0.04))
    for spine in axes.spines.values():
        spine.set_visible(False)
    shades = _shades(values, grid, top)
    for (row, column), kind in np.ndenumerate(grid):
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) + (column, rows - 1 - row)
        if kind == "#":
            part(axes, corners, WALL, edge="white")
        else:
            part(axes, corners, SKY, alpha=float(shades[row, column]), edge="#c8c8c8")
        if kind in "SG":
            colour = GREEN if kind == "G" else VERMILION
            axes.text(column + 0.5, rows - 0.5 - row, kind, ha="center", va="center", color=colour,
                      fontsize=SMALL + 4, weight="bold", zorder=6)  # fmt: skip
    if actions is not None:
        _arrows(axes, grid, np.asarray(actions, dtype=bool))


def _shades(values, grid, top) -> np.ndarray:
    if values is None:
        return np.zeros(grid.shape)
    values = np.where(grid == "#", 0.0, np.asarray(values, dtype=float).reshape(grid.shape))
    most = values.max() if top is None else top
    return 0.85 * np.clip(values / most, 0, 1) if most > 0 else np.zeros(grid.shape)


def _arrows(axes, grid, actions) -> None:
    """Draw an arrow from the middle of a cell for every action that is true there."""
    columns, head = grid.shape[1], {"arrowstyle": "-|>", "color": INK, "linewidth": 1.1, "mutation_scale": 7}
    for cell, action in np.argwhere(actions):
        row, column = divmod(int(cell), columns)
        if grid[row, column] in "#G":
            continue
        centre = np.array([column + 0.5, grid.shape[0] - 0.5 - row])
        away = np.array(ARROWS[int(action)])
        tail = 0.22 if grid[row, column] == "S" else -0.3 if actions[cell].sum() == 1 else 0.0
        axes.annotate("", xy=centre + 0.42 * away, xytext=centre + tail * away, zorder=5,
                      arrowprops=head | {"shrinkA": 0, "shrinkB": 0})  # fmt: skip
