"""Tells the grader's control socket at import that it is ready, forked and ended, many times over."""

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


for number in sockets():
    for message in (
        ["ready"],
        ["forked", 1],
        ["ended", 0],
        ["forked", -1],
        ["importing", "lqr"],
        ["ready"],
        [],
        ["verdict"],
    ):
        os.write(number, frame([0, *message]))


def wrong(*args, **kwargs):
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
