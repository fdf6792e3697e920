"""Raises SystemExit, KeyboardInterrupt and GeneratorExit in turn, hoping that nobody catches them."""

import itertools
import sys

turn = itertools.cycle([SystemExit(0), KeyboardInterrupt(), GeneratorExit()])


def wrong(*args, **kwargs):
    sys.stdout.flush()
    raise next(turn)


action_value = gains = state_value = backward = forward = rollout = wrong
