"""Random shooting: try many plans in the model, keep the one that does best there.

    maximise over A = (a_0 … a_{T-1}), each a_t in the box low … high

        J(A) = sum over t = 0 … T-1 of r(s_t, a_t)  +  final(s_T),      s_{t+1} = step(s_t, a_t),  s_0 given

The lecture's method, whole: draw A_0 … A_{N-1} from the uniform distribution on the box, return the one with the
largest J. Nothing is learned from one candidate for the next.

Time is counted from 0. A reward is paid for the state BEFORE the step, r(s_t, a_t); `final` for the last state alone.
Larger is better: a cost is minus a reward.

Notation: n numbers in a state, m in an action, T steps, N candidates. One plan is actions: [T, m], many are
A: [N, T, m], their scores J: [N]. All N candidates are moved through the model side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Plan(NamedTuple):
    """A plan and its score. actions: [T, m]; value: number."""

    actions: np.ndarray
    value: float


def returns(s0, A, step: Callable, reward: Callable, final: Callable | None = None):
    """Add up the rewards that each of N plans collects in the model.

    s0: [n], the state that every plan starts from. A: [N, T, m], the plans.
    step(s: [N, n], a: [N, m]) -> next states: [N, n]. reward(s: [N, n], a: [N, m]) -> [N], paid before the step.
    final(s: [N, n]) -> [N], paid once, for the states after the last step; nothing is paid there without it.
    Each is called once a time step (`final` once in all) with the whole batch of N.
    Returns J: [N].
    """
    N, T, _ = A.shape
    # TODO 1.2: N copies of s0; in every step first the reward, then the next states; `final` at the end
    raise NotImplementedError("1.2")


def random_shooting(objective: Callable, low, high, T, N, rng) -> Plan:
    """Return the best of N plans that are drawn uniformly from all plans within the bounds.

    objective(A: [N, T, m]) -> scores J: [N], larger is better; it is called once, with all candidates.
    low, high: [m], bounds of an action, one pair for each of its m numbers. T: steps, N: candidates, both 1 or more.
    rng: NumPy generator, the only source of randomness. Every entry A[i, t, j] is drawn on its own, uniformly
    between low[j] and high[j].
    A candidate whose score is NaN or infinite, of either sign, is never chosen.
    Returns the plan and its score. Raises ValueError if no score is finite.
    """
    # TODO 1.2: draw the candidates, score them, and return the best of those whose score is finite
    raise NotImplementedError("1.2")
