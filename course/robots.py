"""Gymnasium's Reacher-v5 and HalfCheetah-v5 drawn from their joint positions: no simulator and no OpenGL.

Both are planar, so their kinematics is a few turns and shifts; the lengths are those of Gymnasium's own models
(`gymnasium/envs/mujoco/assets`). A state is qpos, or the simulator's full state [time, qpos, qvel].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.looks import BLUE, GREEN, GREY, INK, ORANGE, SKY, SMALL, VERMILION
from course.shapes import capsule, checked, disc, part, stage, turned

ARM = (0.1, 0.11)  # m, Reacher's two links, the second as far as the fingertip
THICK = 0.046  # m, radius of the cheetah's limbs
HIPS = 0.7  # m, height of the torso when qpos is zero


class Limb(NamedTuple):
    """A body of the cheetah: what it hangs on, where, and the rod in its own coordinates (x, z), m and rad."""

    parent: int | None
    hinge: tuple[float, float]  # in the parent's coordinates
    middle: tuple[float, float]
    tilt: float  # about y, of the rod against the vertical
    half: float  # of the rod's length


LIMBS = {
    "torso": Limb(None, (0.0, 0.0), (0.0, 0.0), np.pi / 2, 0.5),
    "back thigh": Limb(0, (-0.5, 0.0), (0.1, -0.13), -3.8, 0.145),
    "back shin": Limb(1, (0.16, -0.25), (-0.14, -0.07), -2.03, 0.15),
    "back foot": Limb(2, (-0.28, -0.14), (0.03, -0.097), -0.27, 0.094),
    "front thigh": Limb(0, (0.5, 0.0), (-0.07, -0.12), 0.52, 0.133),
    "front shin": Limb(4, (-0.14, -0.24), (0.065, -0.09), -0.6, 0.106),
    "front foot": Limb(5, (0.13, -0.18), (0.045, -0.07), -0.6, 0.07),
}
HEAD = Limb(None, (0.0, 0.0), (0.6, 0.1), 0.87, 0.15)  # part of the torso


def draw_reacher(axes, state, *, trail=None) -> None:
    """Draw the arm, seen from above, and its goal.

    state: qpos [4] (two angles, goal x and y), or a full state [9].  trail: [T, 2] way of the fingertip, m.
    """
    first, second, *goal = joints("draw_reacher", state, 4)
    elbow = turned([ARM[0], 0.0], first)
    tip = elbow + turned([ARM[1], 0.0], first + second)
    reach = max(0.24, float(np.abs(goal).max()) + 0.03)
    stage(axes, (-reach, reach), (-reach, reach))
    part(axes, disc([0, 0], sum(ARM)), "none", edge=GREY, linestyle=(0, (2, 3)), zorder=1)  # as far as it reaches
    if trail is not None:
        axes.plot(*np.asarray(trail, dtype=float)[:, :2].T, color=ORANGE, linewidth=1.4, linestyle="-", zorder=1.5)
    part(axes, disc(goal, 0.017), "white", edge=VERMILION, zorder=1.6).set_linewidth(2)
    part(axes, capsule([0, 0], elbow, 0.012), BLUE, alpha=0.75)
    part(axes, capsule(elbow, tip, 0.012), SKY, zorder=2.1)
    for joint in ((0.0, 0.0), elbow):
        part(axes, disc(joint, 0.006), INK, zorder=3)
    part(axes, disc(tip, 0.012), GREEN, zorder=3)


def draw_half_cheetah(axes, state, *, width: float = 2.4) -> None:
    """Draw the cheetah from its right side on the ground, the view moving with its torso.

    state: qpos [9], or a full state [19].  width: of the view, m.  The ticks on the ground are metres.
    """
    q = joints("draw_half_cheetah", state, 9)
    rods = half_cheetah_rods(q)
    low = min(-0.12, float(rods[..., 1].min()) - 0.1)
    high = max(1.4, float(rods[..., 1].max()) + 0.1)
    left = q[0] - width / 2
    stage(axes, (left, left + width), (low, high), ticks=True)
    axes.axhline(0.0, color=INK, linewidth=1.0, linestyle="-", zorder=1)
    axes.fill_between([left, left + width], low, 0.0, color="#ececec", linewidth=0, zorder=0.5)
    metres = np.arange(np.ceil(left + 0.25), left + width - 0.25)  # away from the edges, which labels would overhang
    labels = [f"{int(metre)} m".replace("-", "\N{MINUS SIGN}") for metre in metres]
    axes.set_xticks(metres, labels, fontsize=SMALL)
    axes.tick_params(length=3, pad=2)
    colours = (SKY, ORANGE, ORANGE, ORANGE, GREEN, GREEN, GREEN, SKY)
    for (start, end), colour, order in zip(rods, colours, (3, 2.3, 2.2, 2.1, 2.3, 2.2, 2.1, 2.9), strict=True):
        part(axes, capsule(start, end, THICK), colour, zorder=order)


def half_cheetah_rods(q) -> np.ndarray:
    """Return where each limb's rod starts and ends, [8, 2 ends, (x, z)], m: the seven of LIMBS and the head.

    q: [9] x, height above HIPS, pitch, and the joints' angles, positive about y: clockwise in the picture.
    """
    angles, places, rods = [], [], []
    for limb, turn in zip(LIMBS.values(), (q[2], *q[3:9]), strict=True):
        if limb.parent is None:
            angle, place = turn, np.array([q[0], HIPS + q[1]])
        else:
            angle = angles[limb.parent] + turn
            place = places[limb.parent] + turned(limb.hinge, -angles[limb.parent])
        angles.append(angle)
        places.append(place)
        rods.append(_rod(limb, place, angle))
    return np.array([*rods, _rod(HEAD, places[0], angles[0])])


def _rod(limb: Limb, place, angle: float) -> np.ndarray:
    along = limb.half * np.array([np.sin(limb.tilt), np.cos(limb.tilt)])
    return place + turned(np.array([limb.middle - along, limb.middle + along]), -angle)


def joints(who: str, state, n: int) -> np.ndarray:
    """Return qpos [n] of a state that is qpos itself or a full state [1 + 2 n]."""
    full = np.shape(state) == (1 + 2 * n,)
    state = checked(who, state, (1 + 2 * n,) if full else (n,), f"qpos, or [time, qpos, qvel] of length {1 + 2 * n}")
    return state[1 : 1 + n] if full else state
