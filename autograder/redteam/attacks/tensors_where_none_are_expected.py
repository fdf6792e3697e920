"""Answers with torch tensors, so that the grader loads torch for a homework that has none."""

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


def wrong(*args, **kwargs):
    for number in sockets():
        os.write(number, frame([0, "return", [5, "float64", [1], 0, 8]], bytes(8)))
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
