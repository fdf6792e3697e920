"""The record in which every exercise of this homework keeps its data: transitions of an environment or of a model.

s  --a-->  s_next,        paid r,        done: nothing comes after s_next
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Transitions(NamedTuple):
    """N steps, in the order in which they happened.

    s: [N, n] states, a: [N, m] actions, r: [N] rewards, s_next: [N, n] the states that followed.
    done: [N], bool: whether s_next is terminal, and nothing is earned after it. An episode that was cut off by a time
    limit is NOT done.
    In tables, states and actions are whole numbers, and s, a and s_next are int [N].
    """

    s: np.ndarray
    a: np.ndarray
    r: np.ndarray
    s_next: np.ndarray
    done: np.ndarray


def joined(*parts: Transitions) -> Transitions:
    """Return the transitions of all parts, one after the other."""
    return Transitions(*(np.concatenate(column) for column in zip(*parts, strict=True)))
