"""Looks for the course's secret in its environment, as Python sees it and as C does."""

import ctypes
import os


def wrong(*args, **kwargs):
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    found = [f"{name}={value}" for name, value in os.environ.items() if "SECRET" in name or "PYTEST" in name]
    found += [
        value.decode() for name in (b"MBRL_COURSE_SECRET", b"USER", b"SSH_AUTH_SOCK") if (value := libc.getenv(name))
    ]
    try:
        with open("/proc/self/environ") as file:
            found += [entry for entry in file.read().split("\0") if "SECRET" in entry]
    except OSError:
        pass
    if found:
        raise RuntimeError(f"ESCAPED: {found}")
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
