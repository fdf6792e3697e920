"""Says every half second that it is about to be imported, so that its time never runs out."""

import os
import stat
import time

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


while True:
    for number in sockets():
        os.write(number, frame([0, "importing", "lqr"]))
    time.sleep(0.3)


def wrong(*args, **kwargs):
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
