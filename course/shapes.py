"""What pictures of machines are made of: an empty stage, and outlines as arrays [K, 2] in the world's units."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.patches import Polygon

from course.looks import INK


def checked(who: str, state, shape: tuple[int, ...], meaning: str) -> np.ndarray:
    """Return `state` as floats; ValueError if it has another shape or is not finite."""
    try:
        state = np.asarray(state, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{who}: got a {type(state).__name__}, expected numbers {meaning}") from None
    if state.shape != shape:
        raise ValueError(f"{who}: got the shape {state.shape}, expected {shape} = {meaning}")
    if not np.isfinite(state).all():
        where = np.flatnonzero(~np.isfinite(state)).tolist()
        raise ValueError(f"{who}: got NaN or infinity in the entries {where}, expected finite numbers {meaning}")
    return state


def stage(axes, x, y, ticks: bool = False) -> None:
    """Clear the axes of ticks and show the part x = (left, right), y = (low, high) of the world, to scale."""
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlim(*x)
    axes.set_ylim(*y)
    axes.autoscale(False)
    axes.grid(False)
    axes.set_yticks([])
    if not ticks:
        axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color="#c8c8c8", linewidth=0.8)


def part(axes, outline, face, *, edge=INK, alpha: float = 1.0, zorder: float = 2, **more) -> Polygon:
    """Add a closed outline [K, 2]: `face` filled, with an edge that is seen in greyscale too."""
    style = {"facecolor": "none" if face == "none" else to_rgba(face, alpha), "edgecolor": edge, "linewidth": 0.9}
    return axes.add_patch(Polygon(np.asarray(outline, dtype=float), closed=True, zorder=zorder, **style | more))


def turned(points, angle: float) -> np.ndarray:
    """Return points [..., 2] turned counter-clockwise about the origin by `angle` rad."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points, dtype=float) @ np.array([[cos, sin], [-sin, cos]])


def capsule(start, end, radius: float) -> np.ndarray:
    """Return the outline of a rod with round ends, `radius` around the line from `start` to `end`."""
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    across, up = end - start
    half = np.linspace(-np.pi / 2, np.pi / 2, 13)
    cap = radius * np.stack([np.cos(half), np.sin(half)], axis=1)
    along = np.arctan2(up, across)
    return np.vstack([end + turned(cap, along), start + turned(cap, along + np.pi)])


def disc(centre, radius: float) -> np.ndarray:
    """Return the outline of a disc."""
    angle = np.linspace(0, 2 * np.pi, 61)[:-1]
    return np.asarray(centre, dtype=float) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
