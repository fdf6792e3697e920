"""Pictures of search trees and games stay readable whatever grew."""

from dataclasses import dataclass, field

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402, after the choice of a backend without a screen

from course.plotting import plot_board, plot_heap, plot_tree, style  # noqa: E402


@dataclass(eq=False)
class Node:
    actions: tuple = ()
    children: dict = field(default_factory=dict)
    N: int = 0
    Q: float = 0.0


def grown(rng, actions, simulations):
    """Return the root of a tree that grew by one node a visit, more often where the action is small."""
    root = Node(actions)
    for _ in range(simulations):
        path = [root]
        while len(path[-1].children) == len(path[-1].actions):
            path.append(path[-1].children[actions[min(rng.geometric(0.4), len(actions)) - 1]])
        path.append(path[-1].children.setdefault(actions[len(path[-1].children)], Node(actions)))
        value = rng.normal()
        for node in path:
            node.N, node.Q = node.N + 1, node.Q + value
    return root


@pytest.fixture
def axes():
    with style():
        figure, axes = plt.subplots(figsize=(7.2, 4))
        yield axes
        figure.canvas.draw()
        sizes = [text.get_fontsize() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
        assert min(sizes, default=8) >= 8
        plt.close(figure)


def written(axes):
    return [text.get_text() for text in axes.texts if text.get_text()]


def overlapping(axes):
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    return [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.padded(-1).overlaps(b.padded(-1))]


@pytest.mark.parametrize("simulations", [1, 5, 60, 2000])
@pytest.mark.parametrize("actions", [(0,), (1, 2, 3), tuple(range(9)), tuple(range(40))])
def test_a_tree_of_any_size_is_readable(axes, simulations, actions):
    root = grown(np.random.default_rng(0), actions, simulations)
    spots = plot_tree(axes, root)
    axes.figure.canvas.draw()
    assert 2 <= len(spots) <= 200 and spots[0].node is root
    assert {id(child) for child in root.children.values()} <= {id(spot.node) for spot in spots}
    assert not overlapping(axes)
    for spot in spots[1:]:
        above = spots[spot.parent]
        assert spot.node is above.node.children[spot.action] and spot.x > above.x and spot.depth == above.depth + 1
    low, high = sorted(axes.get_ylim())
    assert all(low < spot.y < high for spot in spots) and max(spot.x for spot in spots) < axes.get_xlim()[1]


def test_nodes_of_one_depth_do_not_share_a_place(axes):
    spots = plot_tree(axes, grown(np.random.default_rng(1), (1, 2, 3), 1000))
    for depth in {spot.depth for spot in spots}:
        assert np.diff([spot.y for spot in spots if spot.depth == depth]).min(initial=1) > 0.99


def test_moves_are_labelled_with_visits_and_means(axes):
    root = Node(("a", "b"), {"a": Node(N=30, Q=15.0), "b": Node(N=10, Q=-5.0)}, N=40, Q=10.0)
    plot_tree(axes, root, names=lambda action: f"go {action}")
    assert {"go a", "go b", "30", "10", "+0.50", "−0.50"} <= set(written(axes))
    assert [text.get_text() for text in axes.texts if text.get_weight() == "bold"] == ["go a", "30", "+0.50"]
    assert "3 of 3 nodes" in axes.get_xlabel()


def test_visits_make_lines_wide_and_one_line_leads(axes):
    root = grown(np.random.default_rng(2), (0, 1, 2), 300)
    spots = plot_tree(axes, root)
    main = [spot for spot in spots if spot.main]
    assert [spot.depth for spot in main] == list(range(len(main)))
    assert [spot.node.N for spot in main[1:3]] == [max(c.N for c in spot.node.children.values()) for spot in main[:2]]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 1]
    by_width = sorted(zip((line.get_linewidth() for line in lines), (spot.node.N for spot in spots[1:]), strict=True))
    assert [visits for _, visits in by_width] == sorted(visits for _, visits in by_width)


def test_odd_trees_are_drawn_or_refused(axes):
    with pytest.raises(ValueError, match="plot_tree: the root has no children: search before you draw"):
        plot_tree(axes, Node((1, 2)))
    plot_tree(axes, Node((1,), {1: Node()}))  # never visited


def test_a_board_shows_marks_and_numbers_in_empty_squares(axes):
    plot_board(axes, (1, 0, 2, 0, 1, 0, 0, 0, 2), {1: 22, 3: 23, 5: 911, 6: 0, 7: 22})
    assert written(axes) == ["22", "23", "911", "0", "22"]
    assert [text.get_text() for text in axes.texts if text.get_weight() == "bold"] == ["911"]
    axes.clear()
    plot_board(axes, (0,) * 9, {square: (-1.0) ** square for square in range(4)})
    assert written(axes) == ["+1", "−1", "+1", "−1"]
    axes.clear()
    plot_board(axes, (0,) * 9, {0: -0.25, 1: 0.5})
    assert written(axes) == ["−0.25", "+0.50"]
    plot_board(axes, (0,) * 9)


@pytest.mark.parametrize("n", [1, 4, 15])
def test_a_heap_is_grouped_from_the_end(axes, n):
    plot_heap(axes, n, {taken: 10 * taken for taken in range(1, min(3, n) + 1)})
    assert len(axes.patches) == n and len(written(axes)) == min(3, n)
    middles = [np.mean(patch.get_path().vertices[:-1, 0]) for patch in axes.patches]
    gaps = np.diff(middles) > 1.2
    assert list(np.flatnonzero(gaps[::-1]) + 1) == list(range(4, n, 4))
