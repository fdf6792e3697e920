"""Machines drawn from their states, one picture or a strip of them: `film_strip(draw_cartpole, states, times)`.

A drawing is a function `draw(axes, state)`. It sets the view (what part of the world the axes show), so that
everything drawn lies inside and all pictures of a strip are to the same scale. More of its arguments are given
by functools.partial: `film_strip(partial(draw_car, trail=states), states, times)`.
"""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt

from course.looks import BLUE, GREEN, GREY, INK, ORANGE, SKY, SMALL, VERMILION
from course.robots import draw_half_cheetah, draw_reacher
from course.shapes import capsule, checked, disc, part, stage, turned

__all__ = [
    "draw_acrobot", "draw_car", "draw_cartpole", "draw_half_cheetah", "draw_pendulum", "draw_reacher", "film_strip",
]  # fmt: skip

CAR_GREY = "#d4d4d4"


def film_strip(draw, states, times, *, frames: int = 8, columns: int | None = None, width: float = 7.2):
    """Return a figure with the states at some times side by side, each with its time above.

    draw: draw(axes, state).  states: [L, ...].  times: [L] seconds.  frames: how many are shown, evenly spaced
    with the first and the last among them; all if there are no more.  columns: pictures in a row, at most 8
    unless given.  width: of the figure, inches.
    """
    states, times = np.asarray(states), np.asarray(times)
    if len(states) != len(times) or len(states) == 0:
        raise ValueError(f"film_strip: got {len(states)} states and {len(times)} times, expected a time for each state")
    shown = np.unique(np.linspace(0, len(states) - 1, min(frames, len(states))).round().astype(int))
    columns = min(columns or 8, len(shown))
    rows = -(-len(shown) // columns)
    figure, grid = plt.subplots(rows, columns, squeeze=False, figsize=(width, 1))
    decimals = 1 if np.allclose(times[shown], np.round(times[shown], 1)) else 2
    for axes, index in zip(grid.flat, shown, strict=False):
        draw(axes, states[index])
        label = f"$t$ = {times[index]:.{decimals}f} s" if index == shown[0] else f"{times[index]:.{decimals}f} s"
        axes.set_title(label, fontsize=SMALL + 0.5, loc="center", pad=3)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    (left, right), (low, high) = grid[0, 0].get_xlim(), grid[0, 0].get_ylim()
    picture = width / columns * (high - low) / (right - left)  # inches high
    labels = 0.22 if grid[0, 0].get_xticks().size else 0.0
    figure.set_size_inches(width, rows * (picture + 0.27 + labels))
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return figure


def draw_pendulum(axes, state) -> None:
    """Draw a rod on a pivot.

    state: [2] (theta, theta'), theta = 0 upright and positive counter-clockwise, as in Gymnasium's Pendulum.
    """
    theta, _ = checked("draw_pendulum", state, (2,), "(theta, theta')")
    stage(axes, (-1.25, 1.25), (-1.25, 1.25))
    axes.plot([0, 0], [0.0, 1.12], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)  # upright
    tip = turned([0.0, 1.0], theta)
    part(axes, capsule([0, 0], tip, 0.09), VERMILION)
    part(axes, disc([0, 0], 0.05), INK, zorder=4)


def draw_cartpole(axes, state, *, length: float = 1.0, track: float = 2.4) -> None:
    """Draw a cart on its track and the pole on it.

    state: [4] (x, x', theta, theta'), m and rad, theta = 0 upright and positive towards positive x.
    length: of the pole, m; the cart is drawn to match.  track: half of the track that is shown, m; more if the cart
    is further out.
    """
    x, _, theta, _ = checked("draw_cartpole", state, (4,), "(x, x', theta, theta')")
    reach = max(track, abs(x)) + 0.4 * length
    tip = np.array([x, 0.0]) + turned([0.0, length], -theta)
    reach = max(reach, abs(tip[0]) + 0.2 * length)
    stage(axes, (-reach, reach), (-1.25 * length, 1.25 * length))
    rail = -0.17 * length
    axes.plot([-reach, reach], [rail, rail], color=INK, linewidth=1.0, zorder=1)
    axes.plot([0, 0], [rail - 0.11 * length, rail], color=GREY, linewidth=1.0, zorder=1)  # the middle
    cart = length * np.array([[-0.35, -0.15], [0.35, -0.15], [0.35, 0.15], [-0.35, 0.15]])
    part(axes, np.array([x, 0.0]) + cart, SKY)
    part(axes, capsule([x, 0.0], tip, 0.06 * length), VERMILION, zorder=3)
    part(axes, disc([x, 0.0], 0.05 * length), INK, zorder=4)


def draw_acrobot(axes, state, *, lengths: tuple[float, float] = (1.0, 1.0)) -> None:
    """Draw two links hanging from a shoulder; the motor is at the elbow between them.

    state: [4] (shoulder, elbow, their speeds), rad, zero hangs straight down, positive counter-clockwise; the elbow's
    angle is relative to the upper link.  lengths: of the links, m.
    """
    first, second, *_ = checked("draw_acrobot", state, (4,), "(shoulder, elbow, their speeds)")
    reach = 1.12 * sum(lengths)
    elbow = turned([0.0, -lengths[0]], first)
    tip = elbow + turned([0.0, -lengths[1]], first + second)
    radius = 0.04 * sum(lengths)
    stage(axes, (-reach, reach), (-reach, reach))
    axes.plot([0, 0], [0.0, reach], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)  # upright
    part(axes, capsule([0, 0], elbow, radius), BLUE, alpha=0.75)
    part(axes, capsule(elbow, tip, radius), SKY, zorder=2.1)
    part(axes, disc([0, 0], 0.5 * radius), INK, zorder=4)
    part(axes, disc(elbow, 0.8 * radius), ORANGE, zorder=4)


def draw_car(
    axes, state, *, L: float = 2.5, steer: float = 0.0, trail=None, obstacles=(), goal=None, view=None
) -> None:
    """Draw a car from above, its front wheels steered.

    state: [3] (x, y, heading), the middle of the rear axle, m and rad.  L: wheelbase, m.  steer: angle of the
    front wheels, rad, positive to the left.  trail: [T, 3] the states of the whole way, drawn as a line.
    obstacles: parked cars, [K, 3] like states.  goal: [3], drawn as a dashed outline.
    view: (left, right, low, high), m; unless given, around all this, with the car anywhere on its way.
    """
    state = checked("draw_car", state, (3,), "(x, y, heading)")
    steer = float(checked("draw_car: steer", steer, (), "an angle in rad"))
    obstacles = [checked("draw_car: obstacle", parked, (3,), "(x, y, heading)") for parked in obstacles]
    way = [] if trail is None else [checked("draw_car: trail", pose, (3,), "(x, y, heading)") for pose in trail]
    target = [] if goal is None else [checked("draw_car: goal", goal, (3,), "(x, y, heading)")]
    if view is None:
        corners = np.vstack([car_outline(car, L) for car in (state, *obstacles, *way, *target)])
        (left, low), (right, high) = corners.min(axis=0) - 0.2 * L, corners.max(axis=0) + 0.2 * L
        view = (left, right, low, high)
    stage(axes, view[:2], view[2:])
    for pose in target:
        part(axes, car_outline(pose, L), "none", edge=GREEN, linestyle=(0, (4, 2)), zorder=1.5)
    for parked in obstacles:
        part(axes, car_outline(parked, L), CAR_GREY, edge=GREY, hatch="////", zorder=1.2)
    if way:
        axes.plot(*np.array(way)[:, :2].T, color=ORANGE, linewidth=1.6, linestyle="-", zorder=1.8)
    _car(axes, state, L, steer)


def car_outline(state, L: float) -> np.ndarray:
    """Return the corners [K, 2] of a car's body in the world, m: rounded, 1.5 L long and 0.7 L wide."""
    back, front, side, round_ = -0.25 * L, 1.25 * L, 0.35 * L, 0.12 * L
    angles = np.linspace(0, np.pi / 2, 6)
    corner = round_ * np.stack([np.cos(angles), np.sin(angles)], axis=1)  # of the front left
    centres = [(front, side, 0), (back, side, 1), (back, -side, 2), (front, -side, 3)]
    corners = [
        np.array([x - np.sign(x) * round_, y - np.sign(y) * round_]) + turned(corner, quarter * np.pi / 2)
        for x, y, quarter in centres
    ]
    return state[:2] + turned(np.vstack(corners), state[2])


def _car(axes, state, L: float, steer: float) -> None:
    """Draw wheels, body and windows."""
    place, heading = state[:2], state[2]
    wheel = 0.5 * np.array([[-0.26, -0.09], [0.26, -0.09], [0.26, 0.09], [-0.26, 0.09]]) * L
    for x, y, angle in [(0, 0.3, 0), (0, -0.3, 0), (1, 0.3, steer), (1, -0.3, steer)]:
        part(axes, place + turned(np.array([x, y]) * L + turned(wheel, angle), heading), INK, zorder=4)
    part(axes, car_outline(state, L), SKY, zorder=3)
    shield = np.array([[0.62, -0.22], [0.86, -0.27], [0.86, 0.27], [0.62, 0.22]]) * L
    part(axes, place + turned(shield, heading), "white", zorder=3.5)
    part(axes, disc(place, 0.05 * L), INK, zorder=5)
