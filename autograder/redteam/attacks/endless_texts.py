"""Returns texts, numbers and lists of a gigabyte."""

import itertools

turn = itertools.cycle([1, 2, 3])


def wrong(*args, **kwargs):
    return {1: lambda: "A" * (1 << 30), 2: lambda: 1 << (1 << 30), 3: lambda: [0.0] * (100 << 20)}[next(turn)]()


action_value = gains = state_value = backward = forward = rollout = wrong
