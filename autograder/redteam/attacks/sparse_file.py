"""Makes files that claim to hold ten gigabytes, by seeking, truncating and allocating."""

import os


def wrong(*args, **kwargs):
    for number in range(3):
        try:
            with open(f"/tmp/sparse{number}", "wb") as file:
                [
                    lambda: file.truncate(10 << 30),
                    lambda: os.posix_fallocate(file.fileno(), 0, 10 << 30),
                    lambda: (file.seek(10 << 30), file.write(b"x"), file.flush()),
                ][number]()
                raise RuntimeError("ESCAPED: a file of 10 GB")
        except OSError:
            continue
    for number in 1, 2:
        try:
            os.ftruncate(number, 10 << 30)
        except OSError:
            continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
