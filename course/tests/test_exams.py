"""The exams are what their docstrings say: probabilities, rewards, and where each action leads."""

import numpy as np
import pytest

from course.systems.exams import ATTEND, AWAY, exam_or_job, exams


@pytest.mark.parametrize("make", [exams, exam_or_job])
@pytest.mark.parametrize("hard", [0.0, 0.25, 1.0])
def test_tables_have_one_row_for_each_state_and_action(make, hard):
    problem = make(hard)
    S, A = len(problem.states), len(problem.actions)
    assert (problem.P.shape, problem.R.shape, problem.d.shape) == ((S, A, S), (S, A), (S,))
    assert np.array_equal(problem.P.sum(axis=2), np.ones((S, A))) and problem.P.min() >= 0
    assert problem.d[problem.states.index("home")] == 1 and problem.d.sum() == 1


def test_every_exam_is_drawn_anew_and_pays_only_who_attends():
    P, R, _, states, _ = exams(0.25)
    home, easy, hard = map(states.index, ("home", "easy", "hard"))
    assert np.array_equal(P, np.broadcast_to([0, 0.75, 0.25], P.shape))
    assert R[easy, ATTEND] == 1 and R[hard, ATTEND] == -1
    assert not R[:, AWAY].any() and not R[home].any()


def test_the_job_is_the_end_and_so_is_the_exam():
    P, R, _, states, _ = exam_or_job(0.25, pay=0.4)
    home, easy, hard, over = map(states.index, ("home", "easy", "hard", "over"))
    assert R[home, AWAY] == 0.4 and P[home, AWAY, over] == 1
    assert (P[home, ATTEND, easy], P[home, ATTEND, hard]) == (0.75, 0.25) and R[home, ATTEND] == 0
    assert np.all(P[[easy, hard, over], :, over] == 1) and not R[over].any()
    assert R[easy, ATTEND] == 1 and R[hard, ATTEND] == -1 and not R[[easy, hard], AWAY].any()


def test_a_chance_beyond_one_is_refused():
    with pytest.raises(ValueError, match="exams: hard is 1.5, expected the probability"):
        exams(1.5)
