"""Hidden tests of target and epsilon_greedy, exercise 3.3, on small worlds in which every policy was tried."""

from __future__ import annotations

import numpy as np
from dyna_q_oracles import World, exact_policy

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise


@exercise("3.3", weight=2)
def test_optimal_values_are_their_own_targets(student, rng):
    """target: of the optimal values every transition says exactly what they are."""
    for S, A, gamma, low, high in [(4, 3, 0.8, 0.5, 3.0), (5, 2, 0.95, -3.0, 1.0), (3, 2, 0.3, -5.0, -1.0)]:
        world = World(rng, S, A, low, high)
        Q = world.optimal(gamma)
        got = [student.dyna_q.target(Q, *world.outcome(s, a), gamma) for s, a in world.pairs()]
        for (s, a), value in zip(world.pairs(), got, strict=True):
            look = "each part: r, gamma, the row of Q (that of s_next), its maximum, and what happens if done"
            who = f"dyna_q.target with done = {bool(world.done[s, a])}"
            assert_close(who, value, Q[s, a], rtol=SINGLE, look=look)


@exercise("3.3", weight=0.5)
def test_nothing_is_earned_after_the_end(student, rng):
    """target: where done is True it is the reward alone, whatever Q says of s_next."""
    Q = rng.uniform(2, 5, size=(4, 3))
    for sign in (1, -1):
        for s_next in range(4):
            r = float(rng.uniform(-3, 3))
            got = student.dyna_q.target(sign * Q, r, s_next, True, 0.9)
            look = "done: a terminal state has no value, and whether a state is terminal is said by done, not by Q"
            assert_close("dyna_q.target with done = True", got, r, rtol=SINGLE, look=look)


@exercise("3.3", weight=1.5)
def test_probabilities_are_those_of_drawing_at_random_or_a_best_action(student, rng):
    """epsilon_greedy: epsilon goes to all actions alike, the rest to the best ones alike; rows sum to 1."""
    for S, A, epsilon in [(5, 4, 0.25), (3, 2, 0.5), (4, 3, 0.0), (4, 5, 1.0), (6, 3, 0.125)]:
        Q = rng.normal(size=(S, A))
        Q[0], Q[1, 1:] = -1.5, Q[1, 0] - 1.0  # all are best; only the first one is
        Q[2, 0] = Q[2, -1] = 7.0  # two are best
        wanted = np.array([exact_policy(row, epsilon) for row in Q.tolist()])
        who, look = f"dyna_q.epsilon_greedy with epsilon = {epsilon}", "rows with two best actions, or with all equal"
        got = assert_shape(who, student.dyna_q.epsilon_greedy(Q, epsilon), (S, A), "[S, A]")
        if np.max(np.abs(got.sum(axis=1) - 1)) > SINGLE:
            raise Mismatch(f"{who}: a row does not sum to 1, expected probabilities of all A actions")
        assert_close(who, got, wanted, rtol=SINGLE, look=look)
        row = student.dyna_q.epsilon_greedy(Q[2], epsilon)
        assert_close(f"{who}, one row", row, wanted[2], rtol=SINGLE, look="that Q may be [A] as well: the last axis")
