"""Announces an answer, sends the first half of it and then nothing more."""

import os
import stat
import time


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
        os.write(number, b"\0\0\x10\0\0\0\0\0" + bytes(100))
    time.sleep(1000)


action_value = gains = state_value = backward = forward = rollout = wrong
