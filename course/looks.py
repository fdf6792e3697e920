"""The course's one look: colours, line styles and sizes.

Colours are Okabe and Ito's (2008, jfly.uni-koeln.de/color), told apart by colour-blind readers; each comes
with a line style of its own, so that a picture keeps its meaning in greyscale print.
"""

from __future__ import annotations

import matplotlib as mpl
from cycler import cycler

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
DASHES = ("-", (0, (6, 2)), (0, (1.2, 1.4)), (0, (7, 1.8, 1.5, 1.8)), (0, (3, 1.2)), (0, (9, 3)), "-")
GREY = "#6e6e6e"
INK = "#303030"  # outlines
SMALL = 8.5  # points, the smallest text in any picture

STYLE = {
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=DASHES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#404040",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.labelsize": "medium",
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.handlelength": 2.8,  # long enough to show a line style
    "figure.figsize": (6.4, 3.6),
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "font.size": 10,
}


def style():
    """Return a context with the course's look; `mpl.rcParams.update(STYLE)` sets it for good."""
    return mpl.rc_context(STYLE)
