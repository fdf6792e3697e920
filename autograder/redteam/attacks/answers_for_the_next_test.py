"""Leaves a process behind in every test that keeps the socket and answers whatever is asked next."""

import contextlib
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
    if os.fork() == 0:
        with contextlib.suppress(OSError):
            os.setsid()
        while True:
            for number in sockets():
                try:
                    os.write(number, frame([0, "return", 1.0]))
                except OSError:
                    os._exit(0)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
