"""Mazes on a grid, as Gymnasium environments with numbered cells, and their exact tables.

#  wall        S  start        G  goal        .  free

. . G        Cells are numbered row by row, walls too: here S is 3 and G is 2. The actions are 0 up, 1 right,
S # .        2 down, 3 left. A step into a wall or off the grid leaves you where you are. The step into a goal
             pays 1 and ends the episode; every other step pays 0.
"""

from __future__ import annotations

from typing import NamedTuple

import gymnasium
import numpy as np

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left: rows, columns

SUTTON = """
.......#G
..#....#.
S.#....#.
..#......
.....#...
.........
"""


class MazeTable(NamedTuple):
    """What a maze does, exactly. Rows of P sum to 1 - end; from walls and goals the episode ends at once, unpaid.

    P: [S, A, S] probabilities of the next cell, where the episode goes on; R: [S, A] rewards;
    end: [S, A] probability that the episode ends with this step.
    """

    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


class Maze(gymnasium.Env):
    """A maze drawn with characters: one line a row, `#` walls, one `S` start, `G` goals, `.` free.

    grid: [rows, columns] of these characters.  S, A: the number of cells and of actions.
    start: the number of the first cell.  goals: tuple of cells in which the episode is terminated.
    steps: after so many steps an episode is truncated; never, unless given.
    calls: how often `step` was called since the environment was made; `reset` does not set it back.
    """

    metadata = {"render_modes": []}

    def __init__(self, picture: str = SUTTON, steps: int | None = None):
        self.grid = _grid(picture)
        self.S, self.A, self.steps = self.grid.size, len(MOVES), steps
        self.start = int(np.flatnonzero(self.grid.ravel() == "S")[0])
        self.goals = tuple(np.flatnonzero(self.grid.ravel() == "G").tolist())
        self.observation_space = gymnasium.spaces.Discrete(self.S)
        self.action_space = gymnasium.spaces.Discrete(self.A)
        self.calls = 0
        self._next = _neighbours(self.grid).tolist()
        self._state, self._t = None, 0

    def reset(self, *, seed: int | None = None, options: dict | None = None):
        """Begin an episode at the start; return its cell and {}."""
        super().reset(seed=seed)
        self._state, self._t = self.start, 0
        return self._state, {}

    def step(self, action):
        """Return the next cell, the reward, whether a goal is reached, whether `steps` are done, and {}."""
        if self._state is None:
            raise RuntimeError("Maze.step: no episode is running; call reset() first")
        if not is_action(action, self.A):
            raise ValueError(f"Maze.step: action is {str(action)[:60]!r}, expected a whole number 0 ... {self.A - 1}")
        state = self._next[self._state][int(action)]
        self.calls += 1
        self._t += 1
        reached = state in self.goals
        self._state = None if reached else state
        return state, float(reached), reached, self.steps is not None and self._t >= self.steps, {}

    def table(self) -> MazeTable:
        """Return what every action does in every cell."""
        cells = np.arange(self.S)
        after = np.array(self._next)
        reached = np.isin(after, self.goals)
        inside = (self.grid.ravel() != "#") & ~np.isin(cells, self.goals)
        P = np.zeros((self.S, self.A, self.S))
        np.put_along_axis(P, after[..., None], (inside[:, None] & ~reached)[..., None], axis=2)
        return MazeTable(P, (inside[:, None] & reached).astype(float), 1.0 - P.sum(axis=2))


def is_action(action, A: int) -> bool:
    """Tell whether something is a whole number 0 ... A-1, in Python's or NumPy's type, and no truth value."""
    if type(action) is not int and not isinstance(action, np.integer):
        array = type(action) is np.ndarray and action.shape == () and action.dtype.kind in "iu"
        return array and 0 <= int(action) < A
    return 0 <= int(action) < A


def _grid(picture: str) -> np.ndarray:
    rows = [line.strip() for line in picture.strip().splitlines()]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise ValueError(f"Maze: rows of {[len(row) for row in rows]} cells, expected rows of the same length")
    grid = np.array([list(row) for row in rows])
    if strange := sorted(set(grid.ravel().tolist()) - set("#SG.")):
        raise ValueError(f"Maze: got the characters {strange}, expected only # (wall), S (start), G (goal), . (free)")
    if (grid == "S").sum() != 1 or not (grid == "G").any():
        found = f"{(grid == 'S').sum()} starts and {(grid == 'G').sum()} goals"
        raise ValueError(f"Maze: got {found}, expected one start S and one goal G or more")
    return grid


def _neighbours(grid) -> np.ndarray:
    """Return the cell that each action leads to, [S, A]; where the way is blocked, the cell itself."""
    cells = np.arange(grid.size).reshape(grid.shape)
    rows, columns = np.indices(grid.shape)
    after = []
    for down, right in MOVES:
        row, column = rows + down, columns + right
        inside = (row >= 0) & (row < grid.shape[0]) & (column >= 0) & (column < grid.shape[1])
        row, column = np.where(inside, row, rows), np.where(inside, column, columns)
        after.append(np.where(grid[row, column] == "#", cells, cells[row, column]))
    return np.stack(after, axis=-1).reshape(grid.size, len(MOVES))
