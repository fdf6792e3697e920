"""Answers with lists nested thousands of levels deep, in Python and in raw bytes."""

import os
import stat

from inside.wire import HEADER


def sockets():
    found = []
    for number in range(3, 64):
        try:
            found += [number] if stat.S_ISSOCK(os.fstat(number).st_mode) else []
        except OSError:
            continue
    return found


def wrong(*args, **kwargs):
    for number in sockets():
        os.write(number, HEADER.pack(60_000, 0) + b"\x92\x00" * 30_000)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
