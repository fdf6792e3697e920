"""Visible tests of 3.2: the handout's example, a small problem for value iteration, each rule's edge, the loop, the bound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Table(NamedTuple):
    """A table as exercise 3.1 makes it."""

    N: np.ndarray
    P: np.ndarray
    R: np.ndarray
    end: np.ndarray


def table(P, R):
    """Return a table with these P and R."""
    P, R = np.array(P), np.array(R)
    return Table(np.ones(R.shape, dtype=int), P, R, 1.0 - P.sum(axis=2))


AB = table([[[0.0, 1.0]], [[0.0, 0.0]]], [[0.0], [0.75]])
FIRST = np.array([[0.0], [0.8]])


def episode(student, ended=True):
    """Return the episode of the handout, which earns 0 in A and 1 in B, and is done there or cut off."""
    s, a, r, s_next = np.array([0, 1]), np.array([0, 0]), np.array([0.0, 1.0]), np.array([1, 1])
    return student.transitions.Transitions(s, a, r, s_next, np.array([False, ended]))


@exercise("3.2")
def test_value_iteration_of_a_and_b(student):
    """value_iteration: with gamma = 0.5, B is worth 0.75 and A half of that."""
    Q = student.sample_planning.value_iteration(AB, 0.5, 1e-6)
    look = "R + gamma P max_a Q; B ends, so nothing follows it"
    assert_close(
        "sample_planning.value_iteration: Q", Q, np.array([[0.375], [0.75]]), rtol=SINGLE, look=look, show=True
    )


@exercise("3.2")
def test_value_iteration_stops_late_enough(student):
    """value_iteration: 1 a step for ever is worth 1 / (1 - gamma), here 100, and Q is within the tolerance of it."""
    for tolerance in (1.0, 0.01):
        Q = student.sample_planning.value_iteration(table([[[1.0]]], [[1.0]]), 0.99, tolerance)
        Q = assert_shape("sample_planning.value_iteration: Q", Q, (1, 1), "[S, A]")
        if not abs(Q[0, 0] - 100.0) <= tolerance * 1.001:
            raise Mismatch(f"sample_planning.value_iteration: Q is {Q[0, 0]:.4g}, expected 100 to {tolerance}")


@exercise("3.2")
def test_a_policy_from_values(student):
    """epsilon_greedy: with epsilon 0.3 and three actions, a single best one gets 0.8; two best ones get 0.45 each."""
    pi = student.sample_planning.epsilon_greedy(np.array([[1.0, 3.0, 2.0], [5.0, -1.0, 5.0]]), 0.3)
    expected = np.array([[0.1, 0.8, 0.1], [0.45, 0.1, 0.45]])
    assert_close("sample_planning.epsilon_greedy: pi", pi, expected, rtol=SINGLE, look="rows that sum to 1", show=True)


@exercise("3.2")
def test_the_three_rules_by_hand(student):
    """The rules: the handout's episode (A, 0), (B, 1) moves Q(A) to 0.25 by its return, or to 0.2 by the Q of B."""
    for rule, expected in [("monte_carlo", 0.25), ("sarsa", 0.2), ("q_learning", 0.2)]:
        Q = getattr(student.sample_planning, rule)(FIRST.copy(), episode(student), 0.5, 0.5)
        look = "the target of A, and that B's is its reward alone, as it is done"
        assert_close(f"sample_planning.{rule}: Q", Q, np.array([[expected], [0.9]]), rtol=SINGLE, look=look, show=True)


@exercise("3.2")
def test_an_episode_that_was_cut_off(student):
    """The rules: if B is not done, Q-learning adds what B is worth, Sarsa leaves Q(B) alone, Monte Carlo sees no more."""
    for rule, expected in [("monte_carlo", [0.25, 0.9]), ("sarsa", [0.2, 0.8]), ("q_learning", [0.2, 1.1])]:
        Q = getattr(student.sample_planning, rule)(FIRST.copy(), episode(student, ended=False), 0.5, 0.5)
        look = "the last row: it is not done, and no row follows it"
        assert_close(f"sample_planning.{rule}: Q", Q, np.array(expected)[:, None], rtol=SINGLE, look=look, show=True)


@exercise("3.2")
def test_sarsa_and_q_learning_differ_in_the_next_action(student):
    """sarsa, q_learning: after a step to a state with Q = 1 and 3, where action 0 is taken, targets are 1 and 3."""
    Q = np.array([[0, 0], [1, 3]])
    s, a, s_next, done = np.array([0, 1]), np.array([1, 0]), np.array([1, 0]), np.array([False, True])
    steps = student.transitions.Transitions(s, a, np.zeros(2), s_next, done)
    for rule, expected in [("sarsa", 0.5), ("q_learning", 1.5)]:
        new = getattr(student.sample_planning, rule)(Q.copy(), steps, 1.0, 0.5)
        look = "Q of the next state: of the action taken there, or of the best one"
        wanted = np.array([[0.0, expected], [0.5, 3.0]])
        assert_close(f"sample_planning.{rule}: Q", new, wanted, rtol=SINGLE, look=look, show=True)


@exercise("3.2")
def test_planning_draws_and_learns_in_turns(student):
    """control: a rule that raises the action taken by alpha is followed by an episode with the new policy."""
    asked = []

    def sample(pi):
        asked.append(np.array(pi))
        s = np.array([0])
        return student.transitions.Transitions(s, np.array([len(asked) % 2]), np.ones(1), s, np.array([True]))

    def rule(Q, episode, gamma, alpha):
        new = np.array(Q)
        new[episode.s[0], episode.a[0]] += alpha * gamma
        return new

    Q = student.sample_planning.control(sample, rule, np.zeros((1, 2)), 0.5, np.array([0.0, 0.2]), np.array([1.0, 4.0]))
    look = "two episodes: the first raises action 1 by 1 * 0.5, the second action 0 by 4 * 0.5"
    assert_close("sample_planning.control: Q", Q, np.array([[2.0, 0.5]]), rtol=SINGLE, look=look, show=True)
    expected = np.array([[[0.5, 0.5]], [[0.1, 0.9]]])
    look = "the policies: of Q = [0, 0] with epsilon 0, then of Q = [0, 0.5] with epsilon 0.2"
    assert_close("sample_planning.control: the policies", np.array(asked), expected, rtol=SINGLE, look=look, show=True)


@exercise("3.2")
def test_the_error_and_the_bound_by_hand(student):
    """model_error, simulation_bound: B pays 0.5 in truth, the model says 0.75; with gamma = 0.5 that can cost 0.5."""
    answer = student.sample_planning.model_error(AB, AB.P.copy(), np.array([[0.0], [0.5]]))
    eps_P, eps_R = fields(answer, "eps_P eps_R", who="sample_planning.model_error")
    assert_close("sample_planning.model_error: eps_R", eps_R, 0.25, rtol=SINGLE, show=True)
    if not abs(assert_shape("sample_planning.model_error: eps_P", eps_P, ())) <= 1e-9:
        raise Mismatch("sample_planning.model_error: eps_P should be 0 where P is right")
    for eps_P, expected in [(0.0, 0.5), (0.2, 0.7)]:
        bound = student.sample_planning.simulation_bound(eps_P, 0.25, 0.5, 0.5)
        look = "0.25 / (1 - 0.5), and 0.5 * eps_P * V_max / (1 - 0.5) with V_max = 1"
        assert_close("sample_planning.simulation_bound", bound, expected, rtol=SINGLE, look=look, show=True)
