"""Writes frames to every socket that are well formed and yet no messages: an array where the word should be."""

import os
import stat
import time

import msgspec
from inside.wire import HEADER

BODY = msgspec.msgpack.encode([0, [3, "float64", [2], 0, 16], 5])
FRAME = HEADER.pack(len(BODY), 16) + BODY + bytes(16)


def speak():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, FRAME)
        except OSError:
            continue


def wrong(*args, **kwargs):
    speak()
    time.sleep(0.2)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
