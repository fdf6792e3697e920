"""Exams that may be easy or hard: the smallest problems in which looking before acting pays.

    s_{t+1} ~ P[s_t, a_t, :],      r(s_t, a_t) = R[s_t, a_t],      s_0 ~ d

At the door one sees whether the exam is easy, which wins 1 for who attends, or hard, which loses 1. The example is
the lecture's; the chance of a hard exam and the job beside it are added here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

AWAY, ATTEND = 0, 1  # the actions


class FiniteProblem(NamedTuple):
    """S states, A actions, both counted from 0.

    P: [S, A, S], P[s, a, s'] is the probability that action a in state s leads to state s'.
    R: [S, A], the reward for action a in state s.  d: [S], the probability that s is the first state.
    states, actions: their S and A names.
    """

    P: np.ndarray
    R: np.ndarray
    d: np.ndarray
    states: tuple[str, ...]
    actions: tuple[str, ...]


def exams(hard: float = 0.5) -> FiniteProblem:
    """Return a series of exams, each hard with probability `hard`, whatever came before.

    The first step leads from home to the door of the first exam, whatever one does, and pays nothing. Every step
    after it is one exam, and leads to the door of the next: n exams take n + 1 steps.
    """
    P, R = _tables(states=3)
    P[:] = _draw(hard, states=3)
    R[1, ATTEND], R[2, ATTEND] = 1.0, -1.0
    return FiniteProblem(P, R, np.array([1.0, 0.0, 0.0]), ("home", "easy", "hard"), ("stay away", "attend"))


def exam_or_job(hard: float = 0.5, pay: float = 0.3) -> FiniteProblem:
    """Return one exam, and a job at home for those who do not leave for it: two steps in all.

    At home, `stay away` takes the job, which pays `pay` and is the end; `attend` leaves for the exam. At its door the
    actions are as in `exams`. The last state, "over", pays nothing and is never left.
    """
    P, R = _tables(states=4)
    P[:, :, 3] = 1.0
    P[0, ATTEND] = _draw(hard, states=4)
    R[0, AWAY], R[1, ATTEND], R[2, ATTEND] = pay, 1.0, -1.0
    names = ("home", "easy", "hard", "over")
    return FiniteProblem(P, R, np.array([1.0, 0.0, 0.0, 0.0]), names, ("stay away", "attend"))


def _tables(states: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((states, 2, states)), np.zeros((states, 2))


def _draw(hard: float, states: int) -> np.ndarray:
    """Return the probabilities [S] of the states behind which an exam hides: 1 if it is easy, 2 if it is hard."""
    if not 0 <= hard <= 1:
        raise ValueError(f"exams: hard is {hard}, expected the probability of a hard exam, from 0 to 1")
    chances = np.zeros(states)
    chances[1], chances[2] = 1 - hard, hard
    return chances
