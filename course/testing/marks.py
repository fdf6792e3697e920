"""The decorator that ties a test to an exercise."""

from __future__ import annotations

import pytest


def exercise(id: str, weight: float = 1.0):
    """Mark a test as belonging to exercise `id`; within the exercise it counts `weight` beside the others.

    Every test of a homework has exactly one, and a docstring: the sentence that the student reads.
    """
    if not isinstance(id, str) or not weight > 0:
        raise TypeError(f'exercise: got ({id!r}, weight={weight!r}), expected such as exercise("2.1", weight=2)')
    return pytest.mark.exercise(id, float(weight))
