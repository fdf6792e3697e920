"""Where the marks of a chart go. Horizontal places are percentages, vertical ones pixels, so that a chart
widens with its page while its lettering keeps its size."""

from __future__ import annotations

import math
from typing import NamedTuple

BINS = 10
HEIGHT = 200


class Column(NamedTuple):
    """One bin of a histogram: `x`, `width` in percent; tops and heights in pixels, graded below refused."""

    x: float
    width: float
    top: float
    height: float
    refused_top: float
    refused_height: float
    count: int
    refused: int
    label: str


class Histogram(NamedTuple):
    """Columns, ticks of the counts (value, y) and of the points (value, x), the median's x or None."""

    columns: list[Column]
    counts: list[tuple[int, float]]
    points: list[tuple[float, float]]
    median: float | None
    height: int


class Segment(NamedTuple):
    """One part of a stacked bar, in percent."""

    level: int
    x: float
    width: float
    count: int


def histogram(totals: list[float], refused: int, max_points: float, median: float | None) -> Histogram:
    """Sort totals [n] into bins of equal width over 0 … max_points; `refused` stand hatched on the first."""
    bins = [0] * BINS
    for total in totals:
        place = total / max_points * BINS if max_points else 0.0
        bins[max(0, min(BINS - 1, math.floor(place + 1e-9)))] += 1
    stacked = [refused if place == 0 else 0 for place in range(BINS)]
    step = _step(max(max(a + b for a, b in zip(bins, stacked, strict=True)), 1))
    top = step * math.ceil(max(a + b for a, b in zip(bins, stacked, strict=True)) / step) or step
    unit = HEIGHT / top
    width = 100 / BINS
    columns = [
        Column(
            round(place * width + 0.6, 3),
            width - 1.2,
            round(HEIGHT - n * unit, 2),
            round(n * unit, 2),
            round(HEIGHT - (n + more) * unit, 2),
            round(more * unit, 2),
            n,
            more,
            f"{max_points * place / BINS:g} to {max_points * (place + 1) / BINS:g} points",
        )
        for place, (n, more) in enumerate(zip(bins, stacked, strict=True))
    ]
    ticks = [(value, round(HEIGHT - value * unit, 2)) for value in range(0, top + 1, step)]
    edges = [(round(max_points * place / BINS, 2), place * width) for place in range(0, BINS + 1, 2)]
    return Histogram(columns, ticks, edges, median and round(100 * median / max_points, 2), HEIGHT)


def _step(highest: int) -> int:
    """Return the distance of the count axis's ticks: 1, 2, 5, 10, … so that there are at most six."""
    scale = 1
    while True:
        for step in (scale, 2 * scale, 5 * scale):
            if highest / step <= 5:
                return step
        scale *= 10


def stack(counts: tuple[int, ...]) -> list[Segment]:
    """Lay counts side by side so that together they fill a bar; empty ones are left out."""
    total, x, segments = sum(counts), 0.0, []
    for level, n in enumerate(counts):
        if n:
            width = 100 * n / total
            segments.append(Segment(level, round(x, 3), round(width, 3), n))
            x += width
    return segments


def percent(part: float, whole: float) -> float:
    """Return part / whole as a percentage within 0 … 100; nothing of nothing is 0."""
    return round(min(100.0, max(0.0, 100 * part / whole)), 2) if whole else 0.0
