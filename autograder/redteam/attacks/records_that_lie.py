"""Returns records whose fields repeat, run code, grow without end, or are called __class__."""

import dataclasses
import itertools
from typing import NamedTuple


class Policy(NamedTuple):
    K: float = 0.0
    k: float = 0.0


class Twice(tuple):
    _fields = ("K", "K", "K")


class Endless(tuple):
    _fields = property(lambda self: itertools.repeat("K", 10**6))


class Dunder(tuple):
    _fields = ("__class__", "__len__", "_fields")


@dataclasses.dataclass
class Property:
    K: float = 0.0


Property.K = property(lambda self: 1 / 0, lambda self, value: None)
Wide = dataclasses.make_dataclass("Wide", [(f"f{i}", float, 0.0) for i in range(2_000)])
turn = itertools.cycle([Policy(), Twice((1, 2, 3)), Endless((1,)), Dunder((1, 2, 3)), Property(), Wide()])


def wrong(*args, **kwargs):
    return next(turn)


action_value = gains = state_value = backward = forward = rollout = wrong
