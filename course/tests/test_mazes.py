"""The mazes: their cells and tables, the contract of an environment, and what is known of Sutton's maze."""

from collections import deque

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from course.maze_plots import ARROWS
from course.mazes import MOVES, SUTTON, Maze, is_action

SMALL = """
..G
S#.
"""
TWO = """
#G#G
S...
"""


@pytest.fixture(params=[SUTTON, SMALL, TWO, "SG"])
def maze(request):
    return Maze(request.param)


def distances(maze):
    """Return the number of steps to the nearest goal from every cell, found by breadth-first search on the picture."""
    rows, columns = maze.grid.shape
    waiting = deque((row, column, 0) for row, column in np.argwhere(maze.grid == "G").tolist())
    found = {}
    while waiting:
        row, column, steps = waiting.popleft()
        inside = 0 <= row < rows and 0 <= column < columns
        if inside and maze.grid[row, column] != "#" and row * columns + column not in found:
            found[row * columns + column] = steps
            waiting += [(row + d, column, steps + 1) for d in (-1, 1)]
            waiting += [(row, column + d, steps + 1) for d in (-1, 1)]
    return found


def test_it_is_a_gymnasium_environment(maze):
    check_env(maze, skip_render_check=True)


def test_the_moves_of_a_small_maze_are_those_of_its_picture():
    maze = Maze(SMALL)
    assert (maze.S, maze.A, maze.start, maze.goals) == (6, 4, 3, (2,))
    walk = [(1, 3), (2, 3), (3, 3), (0, 0), (0, 0), (3, 0), (2, 3), (0, 0), (1, 1), (2, 1), (1, 2)]
    state, _ = maze.reset()
    for action, after in walk:
        state, reward, terminated, truncated, info = maze.step(action)
        assert (state, reward, terminated, truncated, info) == (after, float(after == 2), after == 2, False, {})
    assert maze.calls == len(walk)


def test_the_tables_say_what_the_steps_do(maze):
    P, R, end = maze.table()
    assert P.shape == (maze.S, maze.A, maze.S) and R.shape == end.shape == (maze.S, maze.A)
    assert np.allclose(P.sum(axis=2) + end, 1) and np.isin(P, (0, 1)).all()
    state, _ = maze.reset()
    rng = np.random.default_rng(0)
    for _ in range(300):
        action = int(rng.integers(maze.A))
        after, reward, terminated, _, _ = maze.step(action)
        assert reward == R[state, action] and terminated == (end[state, action] == 1)
        assert terminated or P[state, action, after] == 1
        state = maze.reset()[0] if terminated else after


def test_nothing_happens_in_walls_and_goals(maze):
    P, R, end = maze.table()
    closed = (maze.grid.ravel() == "#") | (maze.grid.ravel() == "G")
    assert (end[closed] == 1).all() and not R[closed].any() and not P[closed].any() and not P[:, :, closed].any()


def test_values_fall_by_gamma_with_every_step_from_the_goal(maze):
    P, R, _ = maze.table()
    Q = np.zeros((maze.S, maze.A))
    for _ in range(60):
        Q = R + 0.9 * P @ Q.max(axis=1)
    for cell, steps in distances(maze).items():
        assert Q[cell].max() == pytest.approx(0.9 ** (steps - 1) if steps else 0.0)


def test_suttons_maze_is_14_steps_long_and_takes_869_at_random():
    maze = Maze()
    assert distances(maze)[maze.start] == 14 and maze.grid.shape == (6, 9) and (maze.grid == "#").sum() == 7
    P = maze.table().P.mean(axis=1)
    assert np.linalg.solve(np.eye(maze.S) - P, np.ones(maze.S))[maze.start] == pytest.approx(868.7, abs=0.05)


def test_an_episode_can_be_cut_off_and_begins_anew():
    maze = Maze(SMALL, steps=2)
    for _ in range(2):
        assert maze.reset()[0] == 3
        assert [maze.step(3)[2:4] for _ in range(2)] == [(False, False), (False, True)]
    assert maze.calls == 4


def test_a_finished_episode_refuses_steps():
    maze = Maze("SG")
    with pytest.raises(RuntimeError, match=r"Maze.step: no episode is running; call reset\(\) first"):
        maze.step(0)
    maze.reset()
    assert maze.step(1) == (1, 1.0, True, False, {})
    with pytest.raises(RuntimeError, match="no episode is running"):
        maze.step(1)
    assert maze.calls == 1


@pytest.mark.parametrize("garbage", [None, "1", -1, 4, 0.0, np.nan, True, np.array([1]), np.array(1.0), [0], 10**30])
def test_what_is_no_action_is_refused(garbage):
    maze = Maze()
    maze.reset()
    with pytest.raises(ValueError, match=r"Maze.step: action is .*, expected a whole number 0 \.\.\. 3"):
        maze.step(garbage)
    assert maze.calls == 0


@pytest.mark.parametrize("action", [2, np.int64(2), np.uint8(2), np.array(2)])
def test_whole_numbers_of_every_type_are_actions(action):
    assert is_action(action, 4) and not is_action(action, 2)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("S.\nG", r"rows of \[2, 1\] cells"),
        ("", "rows of"),
        ("SxG", r"the characters \['x'\]"),
        ("..G", "0 starts and 1 goals"),
        ("SSG", "2 starts and 1 goals"),
        ("S..", "1 starts and 0 goals"),
    ],
)
def test_a_picture_that_is_no_maze_is_refused(picture, said):
    with pytest.raises(ValueError, match=f"Maze: .*{said}.*, expected"):
        Maze(picture)


def test_arrows_point_where_the_moves_lead():
    assert [(right, -down) for down, right in MOVES] == list(ARROWS)
