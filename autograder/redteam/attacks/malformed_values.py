"""Answers with integers that are not, dtypes that are lists, negative sizes and unhashable keys."""

import itertools
import os
import stat

import msgspec
from inside.wire import HEADER


def sockets():
    found = []
    for number in range(3, 64):
        try:
            found += [number] if stat.S_ISSOCK(os.fstat(number).st_mode) else []
        except OSError:
            continue
    return found


def frame(message, blob=b""):
    structure = msgspec.msgpack.encode(message)
    return HEADER.pack(len(structure), len(blob)) + structure + blob


VALUES = itertools.cycle(
    [
        [6, "not a number"],
        [3, [], [], 0, 0],
        [3, "float64", [-1], 0, -8],
        [3, "object", [1], 0, 8],
        [3, "float64", [1 << 39, 0], 0, 0],
        [2, [2], 1],
        [9, "a:b", ["K", "K"], 1, 2],
        [10, "PCG64", [2]],
        [[], 1],
        [99],
    ]
)


def wrong(*args, **kwargs):
    for number in sockets():
        os.write(number, frame([0, "return", next(VALUES)]))
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
