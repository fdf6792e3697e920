"""Visible tests of 1.1: the exam of the handout, a corridor where haste does not pay, shapes, the edge T = 1.

The exam is hard with probability 1/4: a list earns 1/2 at best, and who looks at the door earns 3/4.
"""

from __future__ import annotations

import numpy as np

from course.systems.exams import exams
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


def corridor():
    """Three places in a row, 0 1 2. Action 0 stays and earns 1 in place 0 or 1; action 1 goes on; place 2 earns 5.

    From place 2 nobody returns. Returns P [3, 2, 3], R [3, 2], d [3], with place 0 as the start.
    """
    P, R = np.zeros((3, 2, 3)), np.array([[1.0, 0.0], [1.0, 0.0], [5.0, 5.0]])
    for place in range(3):
        P[place, 0, place] = P[place, 1, min(place + 1, 2)] = 1.0
    return P, R, np.array([1.0, 0.0, 0.0])


def some_problem(rng, S, A):
    """Draw P [S, A, S], R [S, A], d [S]."""
    return rng.dirichlet(np.ones(S), size=(S, A)), rng.normal(size=(S, A)), rng.dirichlet(np.ones(S))


@exercise("1.1")
def test_lists_for_the_exam_by_hand(student):
    """open_loop_value: to attend an exam that is hard with probability 1/4 is worth 3/4 - 1/4, to stay away nothing."""
    P, R, d, _, _ = exams(0.25)
    look = "the second step: the exam is easy with probability 3/4 and hard with 1/4, whatever was done at home"
    for actions, expected in [((0, 1), 0.5), ((1, 1), 0.5), ((1, 0), 0.0)]:
        value = student.open_closed.open_loop_value(P, R, d, np.array(actions))
        assert_close(f"open_closed.open_loop_value of {actions}", value, expected, rtol=SINGLE, look=look, show=True)


@exercise("1.1")
def test_a_walk_through_the_corridor_by_hand(student):
    """open_loop_value: stay, go, go, stay in the corridor earns 1 + 0 + 0 + 5, each paid before the step."""
    P, R, d = corridor()
    value = student.open_closed.open_loop_value(P, R, d, np.array([0, 1, 1, 0]))
    look = "the places 0, 0, 1, 2 in which the four actions are chosen: R[s_t, a_t] is paid there"
    assert_close("open_closed.open_loop_value", value, 6.0, rtol=SINGLE, look=look, show=True)


@exercise("1.1")
def test_a_list_starts_where_d_says(student, rng):
    """open_loop_value: from a distribution d of first states, a list earns the mean of what it earns from each."""
    P, R, d = some_problem(rng, S=3, A=2)
    actions = np.array([1, 0, 1, 1])
    each = [student.open_closed.open_loop_value(P, R, start, actions) for start in np.eye(3)]
    each = [assert_shape("open_closed.open_loop_value", value, ()) for value in each]
    value = student.open_closed.open_loop_value(P, R, d, actions)
    look = "whose expectation it is: s_0 is drawn from d"
    assert_close("open_closed.open_loop_value", value, float(np.dot(d, each)), rtol=SINGLE, look=look)


@exercise("1.1")
def test_the_best_list_for_the_exam(student):
    """best_open_loop: it attends if the exam is hard with probability 1/4, and stays away with 3/4."""
    for hard, expected, at_the_door in [(0.25, 0.5, 1), (0.75, 0.0, 0)]:
        P, R, d, _, _ = exams(hard)
        answer = student.open_closed.best_open_loop(P, R, d, 2)
        actions, value = fields(answer, "actions value", who="open_closed.best_open_loop")
        actions = assert_shape("open_closed.best_open_loop: actions", actions, (2,), "[T]", integer=True)
        look = "the largest of the values of all lists"
        assert_close("open_closed.best_open_loop: value", value, expected, rtol=SINGLE, look=look, show=True)
        if actions[1] != at_the_door:
            raise Mismatch(f"open_closed.best_open_loop: its second action is {actions[1]}, expected {at_the_door}")


@exercise("1.1")
def test_the_best_list_walks_through_the_corridor(student):
    """best_open_loop: with four steps the corridor earns at most 0 + 0 + 5 + 5, although staying pays at once."""
    answer = student.open_closed.best_open_loop(*corridor(), 4)
    actions, value = fields(answer, "actions value", who="open_closed.best_open_loop")
    assert_shape("open_closed.best_open_loop: actions", actions, (4,), "[T]", integer=True)
    look = "whole lists: one that pays nothing at first can earn more in the end"
    assert_close("open_closed.best_open_loop: value", value, 10.0, rtol=SINGLE, look=look, show=True)


@exercise("1.1")
def test_the_policy_that_looks_at_the_door_by_hand(student):
    """policy_value: to attend if the exam is easy is worth 3/4 from home, and at the door 1 or 0; V[T] = 0."""
    P, R, _, _, _ = exams(0.25)
    V = student.open_closed.policy_value(P, R, np.array([[0, 0, 0], [0, 1, 0]]))
    expected = np.array([[0.75, 0.75, 0.75], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    look = "the table in the handout, from its last row up: which entry is the first that differs?"
    assert_close("open_closed.policy_value: V", V, expected, rtol=SINGLE, look=look, show=True)


@exercise("1.1")
def test_a_policy_that_never_looks_is_a_list(student, rng):
    """policy_value: a policy that takes the same action in every state is worth what the list of them is worth."""
    P, R, d = some_problem(rng, S=4, A=3)
    actions = np.array([2, 0, 1])
    V = student.open_closed.policy_value(P, R, np.tile(actions[:, None], 4))
    V = assert_shape("open_closed.policy_value: V", V, (4, 4), "[T+1, S]")
    value = student.open_closed.open_loop_value(P, R, d, actions)
    assert_shape("open_closed.open_loop_value", value, ())
    look = "both functions: a list is a policy that does the same in every state, so d @ V[0] is its value"
    assert_close("open_closed.policy_value: d @ V[0]", float(d @ V[0]), value, rtol=SINGLE, look=look)


@exercise("1.1")
def test_the_best_policy_for_the_exam(student):
    """best_policy: from home the exam is worth 3/4 to a policy that attends it if it is easy, and only then."""
    P, R, _, _, _ = exams(0.25)
    policy, V = fields(student.open_closed.best_policy(P, R, 2), "policy V", who="open_closed.best_policy")
    policy = assert_shape("open_closed.best_policy: policy", policy, (2, 3), "[T, S]", integer=True)
    if policy[1, 1] != 1 or policy[1, 2] != 0:
        raise Mismatch(
            "open_closed.best_policy: at the door (t = 1) it should attend the easy exam and not the hard one"
        )
    expected = np.array([[0.75, 1.75, 0.75], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    look = "the states as rows of Q [S, A]: the largest entry of each row, not of each column"
    assert_close("open_closed.best_policy: V", V, expected, rtol=SINGLE, look=look, show=True)


@exercise("1.1")
def test_the_best_policy_walks_through_the_corridor(student):
    """best_policy: in the corridor V[0] = 10, 15, 20 with four steps, and with one step staying is best."""
    P, R, _ = corridor()
    policy, V = fields(student.open_closed.best_policy(P, R, 4), "policy V", who="open_closed.best_policy")
    policy = assert_shape("open_closed.best_policy: policy", policy, (4, 3), "[T, S]", integer=True)
    V = assert_shape("open_closed.best_policy: V", V, (5, 3), "[T+1, S]")
    look = "what an action leads to: its reward now, and V[t+1] of the places behind it"
    expected = np.array([10.0, 15.0, 20.0])
    assert_close("open_closed.best_policy: V[0]", V[0], expected, rtol=SINGLE, look=look, show=True)
    if policy[0, 0] != 1 or policy[3, 0] != 0:
        raise Mismatch("open_closed.best_policy: from place 0 it should go on at t = 0, and stay at t = 3")
