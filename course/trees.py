"""A picture of a search tree: where the visits went, and what they found."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np

from course.looks import GREY, INK, SMALL

ROW = 0.21  # inches from one label to the next
COLUMN = 0.2  # inches, at least, from one depth to the next
LETTER = 0.08  # inches, a bold one


class Table(NamedTuple):
    """Where the labels of the root's children stand, inches to the right of them: left edge, right edges, end."""

    action: float
    visits: float
    mean: float
    end: float


class Spot(NamedTuple):
    """A drawn node and where it is."""

    node: object
    x: float  # inches from the root
    y: float  # rows from the top
    depth: int
    parent: int  # its number in the list of spots, -1 for the root
    action: object  # that led to it
    main: bool  # on the line of most visits


def plot_tree(axes, root, *, most: int = 200, share: float = 0.004, names=str) -> list[Spot]:
    """Draw a search tree from left to right: lines as wide as visits, nodes as light as their mean Q / N.

    root: a node with .children {action: node}, .N visits, .Q sum of returns, .actions (those of all its
    children, tried or not).  The root's children are labelled: action, visits, mean; below them only nodes with
    at least two visits and `share` of the root's are drawn, `most` at most, as deep as there is room. The line of
    most visits is dark.
    names: action -> the text that stands for it.  Returns what was drawn, the root first.
    """
    if not getattr(root, "children", None):
        raise ValueError("plot_tree: the root has no children: search before you draw")
    box = axes.get_window_extent()
    size = np.array([box.width, box.height]) / axes.figure.dpi
    table = _table(root, names)
    depth = max(2, int((size[0] - table.end) / COLUMN))
    spots = _placed(root, _kept(root, most, max(2, share * root.N), depth), size, table)
    means = [spot.node.Q / spot.node.N for spot in spots[1:] if spot.node.N] or [0.0]
    level = 0.5 if min(means) == max(means) else 0.0
    shade = mpl.cm.ScalarMappable(mpl.colors.Normalize(min(means) - level, max(means) + level), "cividis")
    for spot in spots:
        _draw(axes, spot, spots[spot.parent], root.N, shade, table)
    _label_moves(axes, spots, size[1], table, names)
    _frame(axes, root, spots, shade, table)
    return spots


def _kept(root, most: int, least: float, depth: int) -> set[int]:
    """Return the ids of the nodes to draw: the root, its children, and the most visited down to a depth."""
    found = []
    waiting = [(child, 2) for move in root.children.values() for child in move.children.values()]
    while waiting:
        node, level = waiting.pop()
        if node.N >= least and level <= depth:  # a child has no more visits than its parent: none is kept without it
            found.append(node)
            waiting.extend((child, level + 1) for child in node.children.values())
    found.sort(key=lambda node: -node.N)
    room = max(0, most - 1 - len(root.children))
    return {id(node) for node in (root, *root.children.values(), *found[:room])}


def _placed(root, kept: set[int], size, table: Table) -> list[Spot]:
    """Return the nodes kept, parents before children, with their places for axes of `size` [2] inches."""
    spots, leaves = [], {}

    def visit(node, depth, parent, action, main):
        number = len(spots)
        spots.append(Spot(node, 0.0, 0.0, depth, parent, action, main))
        below = [move for move in node.actions if move in node.children and id(node.children[move]) in kept]
        ahead = max((node.children[move].N for move in below), default=0)
        for move in below:
            child = node.children[move]
            leads = main and child.N == ahead
            ahead = ahead + 1 if leads else ahead  # one line only, also where two are visited equally often
            visit(child, depth + 1, number, move, leads)
        leaves[number] = max(1, sum(leaves[i] for i in range(number + 1, len(spots)) if spots[i].parent == number))

    visit(root, 0, -1, None, True)
    return _spread(spots, leaves, size, table)


def _spread(spots, leaves, size, table: Table) -> list[Spot]:
    """Give every leaf a row, and every child of the root at least the room of its label."""
    moves = [number for number, spot in enumerate(spots) if spot.depth == 1]
    least = 1.0
    for _ in range(60):
        rows = sum(max(leaves[number], least) for number in moves)
        least = max(1.0, min(ROW / size[1], 1 / len(moves)) * rows)
    column = max(COLUMN, (size[0] - table.end) / max(spot.depth for spot in spots))
    top, placed = {-1: 0.0, 0: 0.0}, []
    used = dict.fromkeys(range(-1, len(spots)), 0.0)  # rows given to the children so far
    room = {}
    for number, spot in enumerate(spots):
        room[number] = max(leaves[number], least) if spot.depth == 1 else leaves[number]
        if spot.depth > 0:
            slack = room[spot.parent] - leaves[spot.parent] if spot.depth > 1 else 0.0
            top[number] = top[spot.parent] + slack / 2 + used[spot.parent]
            used[spot.parent] += room[number]
        elif moves:
            room[number] = rows
        x = column * spot.depth + (table.end if spot.depth > 1 else 0.0)
        placed.append(spot._replace(x=x, y=top[number] + room[number] / 2))
    return placed


def _draw(axes, spot: Spot, above: Spot, visits: int, shade, table: Table) -> None:
    """Draw a node, and the line that leads to it as wide as its visits."""
    weight = np.sqrt(spot.node.N / max(1, visits))
    if spot.depth:
        start = above.x + (table.end if above.depth == 1 else 0.0)
        bend = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, 20))
        x, y = np.linspace(start, spot.x, 20), above.y + bend * (spot.y - above.y)
        axes.plot(x, y, color=INK if spot.main else "#b0b0b0", linewidth=0.5 + 7 * weight, linestyle="-",
                  solid_capstyle="butt", zorder=2 if spot.main else 1)  # fmt: skip
    colour = shade.to_rgba(spot.node.Q / spot.node.N) if spot.depth and spot.node.N else INK
    axes.plot(spot.x, spot.y, "o", color=colour, markeredgecolor=INK, markeredgewidth=0.7,
              markersize=3 + 6 * weight, zorder=3)  # fmt: skip


def _table(root, names) -> Table:
    action = 0.16 + LETTER * max(4, *(len(names(move)) for move in root.children))
    visits = action + 0.08 + LETTER * max(6, len(str(root.N)))
    return Table(0.16, visits, visits + 0.52, visits + 0.62)


def _label_moves(axes, spots, height: float, table: Table, names) -> None:
    """Write action, visits and mean beside the children of the root, the most visited first, where there is room."""
    room = ROW * 0.9 / height * 2 * spots[0].y  # rows
    labelled, sides = [], ("left", "right", "right")
    for spot in sorted((spot for spot in spots if spot.depth == 1), key=lambda spot: -spot.node.N):
        if any(abs(spot.y - other.y) < room for other in labelled):
            continue
        labelled.append(spot)
        mean = f"{spot.node.Q / spot.node.N:+.2f}".replace("-", "\N{MINUS SIGN}") if spot.node.N else ""
        for text, x, side in zip((names(spot.action), str(spot.node.N), mean), table, sides, strict=False):
            axes.text(spot.x + x, spot.y, text, ha=side, va="center_baseline", fontsize=SMALL,
                      weight="bold" if spot.main else None)  # fmt: skip
    for text, x, side in zip(("move", "visits", "mean"), table, sides, strict=False):
        axes.annotate(text, (labelled[0].x + x, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                      textcoords="offset points", ha=side, va="bottom", fontsize=SMALL, color=GREY)  # fmt: skip


def _frame(axes, root, spots, shade, table: Table) -> None:
    """Set the view, count the depth below, and explain the shades."""
    columns = {spot.depth: spot.x for spot in spots}
    rows = 2 * spots[0].y
    axes.set_xlim(-0.12, max(*columns.values(), columns[1] + table.end) + 0.12)
    axes.set_ylim(1.02 * rows, -0.02 * rows)
    axes.grid(False)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    step = 1 if len(columns) <= 12 else 2
    axes.set_xticks([columns[depth] for depth in sorted(columns)[::step]], sorted(columns)[::step], fontsize=SMALL)
    axes.tick_params(length=0)
    total, waiting = 0, [root]
    while waiting:
        total += 1
        waiting.extend(waiting.pop().children.values())
    axes.set_xlabel(f"moves from the root ({len(spots)} of {total} nodes drawn)")
    bar = axes.figure.colorbar(shade, ax=axes, fraction=0.025, pad=0.01, aspect=30)
    bar.set_label("mean return Q/N of the move", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
