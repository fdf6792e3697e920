"""Returns subclasses of ndarray, float, tuple and dict that lie about what they hold."""

import itertools

import numpy as np


class Array(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(())

    __eq__ = __le__ = lambda self, other: np.ones((), bool)


class Float(float):
    __eq__ = __le__ = __lt__ = lambda self, other: True
    __hash__ = float.__hash__


class Pair(tuple):
    __len__ = lambda self: 2  # noqa: E731
    __iter__ = lambda self: iter([0.0, 0.0])  # noqa: E731


class Dict(dict):
    _fields = ("K", "k", "V", "v")
    __getattr__ = lambda self, name: 0.0  # noqa: E731


turn = itertools.cycle([np.zeros((2, 2)).view(Array), Float("nan"), Pair(), Dict(K=1), np.ma.masked_all((2, 2))])


def wrong(*args, **kwargs):
    return next(turn)


action_value = gains = state_value = backward = forward = rollout = wrong
