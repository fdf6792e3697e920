"""Tries to become root or its neighbour, by asking and through every program that may."""

import os
import subprocess

ME = os.getresuid(), os.getresgid(), os.getgroups()


def wrong(*args, **kwargs):
    for attempt in (
        lambda: os.setuid(0),
        lambda: os.setresuid(0, 0, 0),
        lambda: os.setresgid(0, 0, 0),
        lambda: os.setgroups([0]),
        lambda: os.setresuid(64999, 64999, 64999),
    ):
        try:
            attempt()
        except OSError:
            continue
    if (os.getresuid(), os.getresgid(), os.getgroups()) != ME:
        raise RuntimeError("ESCAPED: another user")
    for program in "/usr/bin/su", "/usr/bin/sudo", "/usr/bin/mount", "/usr/bin/newgrp", "/usr/bin/chsh":
        try:
            subprocess.run([program, "-c", "id"], stdin=subprocess.DEVNULL, capture_output=True, timeout=1)
        except (OSError, subprocess.SubprocessError):
            continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
