"""Returns pickles, object arrays and objects whose unpickling would run a command in the grader."""

import itertools
import os
import pickle

import numpy as np


class Command:
    def __reduce__(self):
        return os.system, ("touch /class/ESCAPED",)


turn = itertools.cycle(
    [
        pickle.dumps(Command()),
        np.array([Command()], dtype=object),
        Command(),
        (pickle.dumps(Command()),) * 4,
        np.void(pickle.dumps(Command())),
        np.array([(1, Command())], dtype=[("K", "f8"), ("k", "O")]),
    ]
)


def wrong(*args, **kwargs):
    return next(turn)


action_value = gains = state_value = backward = forward = rollout = wrong
