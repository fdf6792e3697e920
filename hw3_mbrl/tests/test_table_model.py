"""Visible tests of 3.1: the AB example and its three answers, tables by hand, draws, an episode, the edges."""

from __future__ import annotations

import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


def rows(student, *each):
    """Return transitions from rows (s, a, r, s_next, done)."""
    return student.transitions.Transitions(*(np.array(column) for column in zip(*each, strict=True)))


def episode(student, *steps):
    """Return an episode with one action from (state, reward) pairs; it ends after the last."""
    states = [s for s, _ in steps]
    return rows(student, *((s, 0, r, y, y < 0) for (s, r), y in zip(steps, [*states[1:], -1], strict=True)))


def ab(student, first_states, last_rewards):
    """Return one episode (A, 0, B, r) for each letter A and one episode (B, r) for each letter B."""
    return [
        episode(student, (0, 0.0), (1, float(r))) if first == "A" else episode(student, (1, float(r)))
        for first, r in zip(first_states, last_rewards, strict=True)
    ]


REAL = "ABBBBBBB", (0, 1, 1, 1, 1, 1, 1, 0)  # first states, last rewards
DRAWN = "BBBABABB", (1, 0, 1, 1, 1, 1, 1, 0)


def table(student, D, S, A, **unseen):
    """Call fit_table; return N, P, R, end."""
    return fields(student.table_model.fit_table(D, S, A, **unseen), "N P R end", who="table_model.fit_table")


@exercise("3.1")
def test_the_table_of_a_and_b(student):
    """fit_table: A was left once, for B; B was left eight times, for the end, with a mean reward of 6/8."""
    D = student.transitions.joined(*ab(student, *REAL))
    D = D._replace(s_next=np.maximum(D.s_next, 0))
    N, P, R, end = table(student, D, 2, 1)
    assert_close("table_model.fit_table: N", N, np.array([[1], [8]]), rtol=SINGLE, show=True)
    look = "P[0, 0]: A leads to B. P[1, 0] is zero, as nothing comes after B"
    expected = np.array([[[0.0, 1.0]], [[0.0, 0.0]]])
    assert_close("table_model.fit_table: P", P, expected, rtol=SINGLE, look=look, show=True)
    look = "the rewards in the rows of each pair, divided by their number"
    assert_close("table_model.fit_table: R", R, np.array([[0.0], [0.75]]), rtol=SINGLE, look=look, show=True)
    look = "the share of a pair's visits with done"
    assert_close("table_model.fit_table: end", end, np.array([[0.0], [1.0]]), rtol=SINGLE, look=look, show=True)


@exercise("3.1")
def test_a_table_of_two_actions_by_hand(student):
    """fit_table: each pair has its own counts, and a pair that is not in the data ends with the reward `unseen`."""
    D = rows(
        student,
        (0, 0, 4.0, 1, False),
        (0, 1, 2.0, 0, False),
        (0, 1, 5.0, 1, False),
        (0, 1, 8.0, 0, True),
        (1, 0, 3.0, 0, False),
    )
    N, P, R, end = table(student, D, 2, 2, unseen=-7.0)
    assert_close("table_model.fit_table: N", N, np.array([[1, 3], [1, 0]]), rtol=SINGLE, show=True)
    expected = np.array([[[0, 1], [1 / 3, 1 / 3]], [[1, 0], [0, 0]]])
    look = "P[0, 1]: three visits, of which one stayed, one went to 1, one ended"
    assert_close("table_model.fit_table: P", P, expected, rtol=SINGLE, look=look, show=True)
    assert_close("table_model.fit_table: R", R, np.array([[4.0, 5.0], [3.0, -7.0]]), rtol=SINGLE, show=True)
    assert_close("table_model.fit_table: end", end, np.array([[0, 1 / 3], [0, 1.0]]), rtol=SINGLE, show=True)


@exercise("3.1")
def test_the_table_is_worth_the_same_in_a_and_b(student):
    """evaluate: A leads to B in the table, so both are worth 0.75; discounted by 0.8, A is worth 0.6."""
    P, R = np.array([[[0.0, 1.0]], [[0.0, 0.0]]]), np.array([[0.0], [0.75]])
    known = student.table_model.Table(np.array([[1], [8]]), P, R, 1.0 - P.sum(axis=2))
    for gamma, expected in [(1.0, [0.75, 0.75]), (0.8, [0.6, 0.75])]:
        V = student.table_model.evaluate(known, np.ones((2, 1)), gamma)
        look = "V = r + gamma P V for both states"
        assert_close("table_model.evaluate: V", V, np.array(expected), rtol=SINGLE, look=look, show=True)


@exercise("3.1")
def test_a_policy_weighs_its_actions(student):
    """evaluate: half of the time 4 and on, half of the time 2 and the end: V = 3 + 0.5 * 0.5 V, which is 4."""
    P, R = np.array([[[1.0], [0.0]]]), np.array([[4.0, 2.0]])
    known = student.table_model.Table(np.array([[5, 5]]), P, R, 1.0 - P.sum(axis=2))
    V = student.table_model.evaluate(known, np.array([[0.5, 0.5]]), 0.5)
    look = "the means over the actions, of R and of P, with the weights pi[s, a]"
    assert_close("table_model.evaluate: V", V, np.array([4.0]), rtol=SINGLE, look=look, show=True)


@exercise("3.1")
def test_returns_give_a_and_b_other_values(student):
    """mc_values: the data's returns say 0 and 0.75; those of the lecture's draw say 1 and 0.75."""
    for told, expected in [(REAL, [0.0, 0.75]), (DRAWN, [1.0, 0.75])]:
        V = student.table_model.mc_values(ab(student, *told), 2, 1.0)
        look = "each episode once for every state in it, with the sum of the rewards from there on"
        assert_close("table_model.mc_values: V", V, np.array(expected), rtol=SINGLE, look=look, show=True)


@exercise("3.1")
def test_the_first_visit_counts(student):
    """mc_values: in 0, 1, 0 with rewards 1, 2, 4 and gamma 1/2, V(0) = 1 + 1 + 1 = 3 and V(1) = 2 + 2 = 4."""
    V = student.table_model.mc_values([episode(student, (0, 1.0), (1, 2.0), (0, 4.0))], 3, 0.5)
    if type(V) is not np.ndarray or V.shape != (3,) or not np.isnan(V[2]):
        raise Mismatch("table_model.mc_values: V should have 3 entries, and be NaN for state 2, which is never visited")
    look = "state 0 comes twice: its return begins at the first visit"
    assert_close("table_model.mc_values: V[:2]", V[:2], np.array([3.0, 4.0]), rtol=SINGLE, look=look, show=True)


@exercise("3.1")
def test_outcomes_are_rows_of_the_data(student, rng):
    """sample_outcomes: a lottery pays 1 and leads to 1, or pays 0 and leads to 2; never one with the other."""
    D = rows(student, (0, 0, 1.0, 1, False), (0, 0, 0.0, 2, True), (0, 1, 9.0, 0, False))
    drawn = student.table_model.sample_outcomes(D, np.array([0] * 40 + [1]), np.zeros(41, dtype=int), rng, unseen=5.0)
    s, a, r, s_next, done = fields(drawn, "s a r s_next done", who="table_model.sample_outcomes")
    r = assert_shape("table_model.sample_outcomes: r", r, (41,), "[K]")
    s_next = assert_shape("table_model.sample_outcomes: s_next", s_next, (41,), "[K]", integer=True)
    done = assert_shape("table_model.sample_outcomes: done", done, (41,), "[K]", integer=True)
    seen = set(zip(r[:40].tolist(), s_next[:40].tolist(), done[:40].tolist(), strict=True))
    if seen != {(1.0, 1, 0), (0.0, 2, 1)}:
        raise Mismatch(
            f"table_model.sample_outcomes: 40 draws had the outcomes {seen}, expected (1, 1, 0) and (0, 2, 1)"
        )
    if (r[40], s_next[40], done[40]) != (5.0, 1, 1):
        raise Mismatch("table_model.sample_outcomes: a pair that is not in D should pay `unseen`, stay and be done")


@exercise("3.1")
def test_an_episode_ends_where_the_model_says_so(student, rng):
    """sample_episode: from 0 the model counts up by one a step and is done in state 3; or four steps are over."""

    def model(s, a):
        return student.transitions.Transitions(s, a, 10.0 * s + a, s + 1, s == 3)

    pi = np.tile([[0.0, 1.0]], (9, 1))
    for s0, expected in [(0, [0, 1, 2, 3]), (2, [2, 3]), (4, [4, 5, 6, 7])]:
        answer = student.table_model.sample_episode(model, pi, s0, 4, rng)
        s, a, r, _, _ = fields(answer, "s a r s_next done", who="table_model.sample_episode")
        look = "the step that is done is the last, and there are four at most"
        assert_close("table_model.sample_episode: s", s, np.array(expected), rtol=SINGLE, look=look, show=True)
        assert_close("table_model.sample_episode: r", r, 10.0 * np.array(expected) + 1, rtol=SINGLE, show=True)
