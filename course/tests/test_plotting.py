"""Pictures are drawn from arrays alone and stay readable without colour."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402, after the choice of a backend without a screen

from course import plotting  # noqa: E402
from course.mazes import Maze  # noqa: E402


@pytest.fixture
def axes():
    with plotting.style():
        figure, axes = plt.subplots()
        yield axes
        figure.canvas.draw()
        plt.close(figure)


def test_series_are_named_and_apart_without_colour(axes):
    lines = plotting.plot_series(axes, np.arange(5.0), np.zeros((5, 4)), labels="abcd", unit="m", target=np.zeros(5))
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}) == 4
    heights = sorted(text.xy[1] for text in axes.texts)
    assert [text.get_text() for text in axes.texts] == list("abcd") and min(np.diff(heights)) > 0


def test_a_held_control_reaches_to_the_end_of_its_last_step(axes):
    (line,) = plotting.plot_series(axes, [0.0, 0.5], [1.0, 2.0], held=True, labels=["u"])
    assert line.get_xdata()[-1] == 1.0 and line.get_drawstyle() == "steps-post"


def test_cost_to_go_and_phase_portraits_draw_also_degenerate_data(axes):
    plotting.plot_cost_to_go(axes, [3.0, 1.0, 0.0], label="optimal")
    grid = np.linspace(-1, 1, 5)
    zero = np.zeros((5, 5))
    plotting.plot_phase(axes, grid, grid, zero, zero, paths=[np.zeros((3, 2)), np.eye(2)], labels=("a", "b"))
    assert axes.get_xlim() == (-1, 1)


def test_a_band_holds_the_median_and_most_runs(axes):
    runs = np.arange(11.0)[:, None] + np.zeros((11, 4))
    line = plotting.plot_band(axes, range(4), runs, "some seeds")
    other = plotting.plot_band(axes, range(4), runs + 3)
    assert line.get_ydata() == pytest.approx(5.0) and line.get_linestyle() != other.get_linestyle()
    (low, high), _ = [band.get_datalim(axes.transData).intervaly for band in axes.collections]
    assert (low, high) == pytest.approx((1, 9)) and axes.get_legend() is not None
    with pytest.raises(ValueError, match=r"plot_band: runs has shape \(4, 11\), expected \[R, 4\]"):
        plotting.plot_band(axes, range(4), runs.T)


def test_a_maze_shows_walls_values_and_arrows(axes):
    maze = Maze("..G\nS#.")
    best = np.zeros((6, 4), dtype=bool)
    best[[0, 1, 1, 3], [1, 1, 0, 0]] = True
    plotting.plot_maze(axes, maze, np.linspace(0, 1, 6), actions=best)
    assert len(axes.patches) == 6 and [text.get_text() for text in axes.texts if text.get_text()] == ["G", "S"]
    shades = [patch.get_facecolor()[3] for patch in axes.patches[:6]]
    assert shades[4] == 1 and np.allclose(np.delete(shades, 4), 0.85 * np.delete(np.linspace(0, 1, 6), 4))
    assert len(axes.texts) == 2 + 4  # start, goal and four arrows


def test_a_maze_of_which_nothing_is_known_is_drawn_too(axes):
    plotting.plot_maze(axes, Maze(), np.zeros(54), actions=np.zeros((54, 4)))
    assert len(axes.patches) == 54 and len(axes.texts) == 2
