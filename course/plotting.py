"""Pictures of trajectories, in one style: arrays and an Axes in, lines out; nothing is computed here.

    with style():
        figure, axes = plt.subplots()
        plot_series(axes, times, x, labels=("angle", "rate"), unit="rad, rad/s")

Pictures of machines are in course.films; those of search trees, games and mazes can be had from here too.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np

from course.boards import plot_board, plot_heap
from course.looks import (
    BLACK,
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    STYLE,
    VERMILION,
    style,
)  # fmt: skip
from course.maze_plots import plot_maze
from course.trees import plot_tree

__all__ = [
    "BLACK", "BLUE", "COLOURS", "DASHES", "GREEN", "GREY", "INK", "ORANGE", "PURPLE", "SKY", "SMALL", "STYLE",
    "VERMILION", "plot_band", "plot_board", "plot_cost_to_go", "plot_heap", "plot_maze", "plot_phase", "plot_series",
    "plot_tree", "style",
]  # fmt: skip


def plot_series(axes, times, values, *, labels: Sequence[str] = (), unit: str = "", held: bool = False, target=None):
    """Draw quantities over time, each named at its right end.

    times: [T] seconds.  values: [T] or [T, k].  labels: k names.  unit: of the vertical axis.
    held: draw steps, as for a control that is constant between two times.  target: [T] or [T, k], drawn thin
    and grey.
    """
    times, values = np.asarray(times), _columns(values)
    if target is not None:
        for column in _columns(target).T:
            axes.plot(times, column, color=GREY, linewidth=1.0, linestyle="-", zorder=1.5)
    drawstyle = "steps-post" if held else "default"
    if held and len(times) > 1:  # the last control is held as long as the one before
        times, values = np.append(times, 2 * times[-1] - times[-2]), np.concatenate([values, values[-1:]])
    lines = [axes.plot(times, column, drawstyle=drawstyle)[0] for column in values.T]
    if len(labels):
        _name_ends(axes, times[-1], values[-1], labels, [line.get_color() for line in lines])
    axes.set_xlabel("time (s)")
    axes.set_ylabel(unit)
    axes.margins(x=0.01)
    return lines


def plot_cost_to_go(axes, cost, *, label: str = "", times=None):
    """Draw the cost still to come against time, falling to zero at the end.

    cost: [T+1].  times: [T+1] seconds; the number of the step without them.
    """
    cost = np.asarray(cost)
    at = np.arange(len(cost)) if times is None else np.asarray(times)
    (line,) = axes.plot(at, cost, label=label or None)
    axes.fill_between(at, cost, color=line.get_color(), alpha=0.12, linewidth=0)
    axes.axhline(0, color="#404040", linewidth=0.8)
    axes.set_xlabel("step" if times is None else "time (s)")
    axes.set_ylabel("cost to go")
    axes.margins(x=0.01)
    if label:
        axes.legend()
    return line


def plot_band(axes, x, runs, label: str = "", *, quantiles=(0.1, 0.9)):
    """Draw the median of repeated runs as a line, and a band that holds most of them.

    x: [K].  runs: [R, K], one row a seed.  quantiles: edges of the band, 10 to 90 % of the runs unless given.
    The band is edged with the style of its line, so that bands that overlap are told apart without colour.
    """
    runs = np.atleast_2d(np.asarray(runs, dtype=float))
    if runs.shape[1:] != np.shape(x):
        raise ValueError(f"plot_band: runs has shape {runs.shape}, expected [R, {len(x)}], as long as x")
    low, middle, high = np.quantile(runs, (quantiles[0], 0.5, quantiles[1]), axis=0)
    (line,) = axes.plot(x, middle, label=label or None)
    colour = line.get_color()
    axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
    for edge in (low, high):
        axes.plot(x, edge, color=colour, linewidth=0.8, linestyle=line.get_linestyle())
    axes.margins(x=0.01)
    if label:
        axes.legend()
    return line


def plot_phase(axes, x, y, dx=None, dy=None, *, paths=(), labels: Sequence[str] = (), names=("", "")):
    """Draw a phase portrait: directions in grey, trajectories with arrows and a dot at their start.

    x: [p] and y: [q] grid.  dx, dy: [q, p] rates there; only directions are drawn, fainter where it is
    slower.
    paths: arrays [T, 2].  labels: a name for each.  names: of the two axes, with units.
    """
    if dx is not None:
        _field(axes, np.asarray(x), np.asarray(y), np.asarray(dx), np.asarray(dy))
    for index, path in enumerate(paths):
        path = np.asarray(path)
        (line,) = axes.plot(path[:, 0], path[:, 1], label=labels[index] if len(labels) else None, zorder=3)
        axes.plot(*path[0], "o", color=line.get_color(), markersize=5, zorder=4)
        _arrows(axes, path, line.get_color())
    axes.set_xlim(np.min(x), np.max(x))
    axes.set_ylim(np.min(y), np.max(y))
    axes.grid(False)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    if len(labels):
        axes.legend(frameon=True, framealpha=0.9, edgecolor="none")


def _field(axes, x, y, dx, dy) -> None:
    width, height = np.ptp(x), np.ptp(y)
    across, up = dx / width, dy / height  # directions as they look in the picture
    speed = np.hypot(across, up)
    size = np.where(speed > 0, speed, 1)
    shade = 0.25 + 0.5 * np.clip(speed / np.max(speed, initial=1e-300), 0, 1) ** 0.5
    spacing = 0.75 / max(len(x), len(y))
    colours = [(0.35, 0.35, 0.35, a) for a in shade.ravel()]
    axes.quiver(
        x, y, across / size * spacing, up / size * spacing, color=colours, angles="uv",
        scale_units="width", scale=1, width=0.0025, headwidth=4, pivot="mid", zorder=1,
    )  # fmt: skip


def _arrows(axes, path, colour) -> None:
    """Put arrow heads after a third and three quarters of the way, as it looks in the picture."""
    span = np.where(np.ptp(path, axis=0) > 0, np.ptp(path, axis=0), 1)
    way = np.cumsum(np.linalg.norm(np.diff(path / span, axis=0), axis=1))
    head = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 1.8,
        "mutation_scale": 14,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    for share in (0.33, 0.75) if len(path) > 1 else ():
        i = min(int(np.searchsorted(way, share * way[-1])), len(path) - 2)
        axes.annotate("", xy=path[i + 1], xytext=path[i], arrowprops=head, zorder=4)


def _name_ends(axes, at, ends, labels, colours) -> None:
    """Write each name beside the end of its line, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)  # the names are placed for these limits
    inches = axes.get_position().height * axes.figure.get_figheight()
    gap = (high - low) * (mpl.rcParams["font.size"] * 1.25 / 72) / inches
    order = np.argsort(ends)
    places = np.array(ends, dtype=float)
    for _ in range(50):  # push neighbours apart, half each, until all names have room
        for below, above in zip(order, order[1:], strict=False):
            push = max(0.0, gap - (places[above] - places[below])) / 2
            places[below], places[above] = places[below] - push, places[above] + push
    for place, label, colour in zip(places, labels, colours, strict=True):
        dark = 0.8 * np.array(mpl.colors.to_rgb(colour))  # letters are thinner than lines and need more contrast
        axes.annotate(label, (at, place), xytext=(6, 0), textcoords="offset points", color=dark, va="center")


def _columns(values) -> np.ndarray:
    values = np.asarray(values)
    return values[:, None] if values.ndim == 1 else values
