"""From a submission to a verdict, through the sandbox that this machine has."""

from __future__ import annotations

import msgspec
import pytest

from autograder.grading.session import SuiteBroken, run_session
from autograder.grading.suite import Extent, Grader, Job, Options
from autograder.grading.verdict import TestResult, Verdict, exercise_results
from autograder.homework import Exercise
from autograder.sandbox.probe import AUTOMATIC, works
from autograder.tests.tiny import HIDDEN, make_homework, submit

TIERS = [tier for tier in AUTOMATIC if not works(tier)] or ["none"]


@pytest.fixture(params=TIERS)
def grade(request, tmp_path):
    """Grade some submissions of the tiny homework on a tier; return verdicts by student."""

    def run(*submissions, hidden=HIDDEN, **extent):
        verdicts = []
        jobs = [Job(submission, Extent(**extent)) for submission in submissions]
        run_session(Grader(make_homework(tmp_path, hidden), Options(request.param, b"secret"), jobs, verdicts.append))
        return {submission.student: verdict for submission, verdict in zip(submissions, verdicts, strict=True)}

    return run


HOG = """
import os, time
def double(x):
    for _ in range(3):
        if os.fork() == 0:
            hoard = [bytes(range(256)) * 4096 for _ in range(120)]
            time.sleep(9)
    time.sleep(9)
"""


def statuses(verdict: Verdict) -> list[str]:
    return [test.status for test in verdict.tests]


def test_a_right_submission_gets_all_points(grade):
    verdict = grade(submit())["s1"]
    assert statuses(verdict) == ["passed", "passed", "passed"]
    assert (verdict.points, verdict.max_points, verdict.diagnoses, verdict.cause) == (15, 15, [], "")


def test_a_known_mistake_costs_its_share_and_earns_its_hint(grade):
    verdict = grade(submit(tiny="def double(x):\n    return x**2\n"))["s1"]
    assert statuses(verdict) == ["failed", "passed", "passed"]
    assert verdict.points == 10 * 1 / 4 + 5
    assert [diagnosis.misconception for diagnosis in verdict.diagnoses] == ["squares"]


def test_an_unknown_mistake_earns_no_hint(grade):
    verdict = grade(submit(tiny="def double(x):\n    return 2.5 * x\n"))["s1"]
    assert statuses(verdict)[0] == "failed" and verdict.diagnoses == []


def test_an_untouched_exercise_is_todo_and_the_other_counts(grade):
    verdict = grade(submit(tiny='def double(x):\n    raise NotImplementedError("9.1")\n'))["s1"]
    assert statuses(verdict) == ["todo", "todo", "passed"] and verdict.points == 5


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("def double(x):\n    return x.nothing\n", "error", "AttributeError"),
        ("def double(x)\n    return x\n", "error", "SyntaxError"),
        ("import nowhere\n", "error", "nowhere"),
        ("def double(x):\n    raise NotImplementedError('later')\n", "error", "later"),
        ("def double(x):\n    raise NotImplementedError\n", "error", "NotImplementedError"),
        ("def triple(x):\n    return x\n", "error", "double"),
        ("import os\nos._exit(0)\n", "error", "ended the process"),
        ("import os\ndef double(x):\n    os._exit(0)\n", "error", "ended in the middle"),
        ("import sys\ndef double(x):\n    sys.exit(0)\n", "error", "SystemExit"),
        ("def double(x):\n    while True: pass\n", "timeout", "too long"),
        ("while True: pass\n", "timeout", "too long"),
        ("import numpy as np\ndef double(x):\n    return np.ones(10**9)\n", "memory", "allocate"),
        (HOG, "memory", "250 MB"),
        ("import mmap\ndef double(x):\n    return mmap.mmap(-1, 1 << 20)\n", "error", "PermissionError"),
        ("def double(x):\n    return {'a': {1, 2}}\n", "failed", "dict"),
        ("def double(x):\n    print('x' * 10**7, flush=True)\n    return x\n", "error", "File too large"),
    ],
)
def test_what_goes_wrong_in_one_file_is_named_and_costs_that_file_alone(grade, source, status, said):
    verdict = grade(submit(tiny=source))["s1"]
    assert statuses(verdict) == [status, status, "passed"]
    assert said in verdict.tests[0].message
    assert verdict.points == 5


def test_a_missing_file_costs_its_own_exercise_and_is_said(grade):
    missing = submit()
    del missing.files["tiny.py"]
    verdict = grade(missing)["s1"]
    assert statuses(verdict) == ["error", "error", "passed"]
    assert "tiny.py was not handed in" in verdict.tests[0].message


def test_a_fault_of_the_test_costs_nothing_and_is_held_for_a_look(grade):
    verdict = grade(submit(), hidden=HIDDEN.replace("x = rng.normal(size=4)", "x = 1 / 0"))["s1"]
    assert statuses(verdict) == ["internal", "passed", "passed"]
    assert verdict.points + verdict.pending == 15 and verdict.pending == 7.5
    assert "ZeroDivisionError" in verdict.tests[0].staff and "ZeroDivisionError" not in verdict.tests[0].message


def test_one_session_grades_many_submissions_and_keeps_them_apart(grade):
    counter = "calls = []\ndef double(x):\n    calls.append(1)\n    return 2 * x if len(calls) == 1 else x\n"
    verdicts = grade(submit("a", tiny=counter), submit("b"), submit("c", tiny="import os\nos._exit(0)\n"), submit("d"))
    assert [verdicts[student].points for student in "abcd"] == [15, 15, 5, 15]


def test_the_first_loss_ends_a_run_that_asks_for_no_more(grade):
    verdict = grade(submit(tiny="def double(x):\n    return x\n"), until_loss=True)["s1"]
    assert statuses(verdict) == ["failed"]


def test_a_collection_error_is_a_clear_failure_and_not_a_grade(grade):
    with pytest.raises(SuiteBroken, match="cannot be collected"):
        grade(submit(), hidden="import nowhere\n")


def test_a_homework_may_lie_in_a_folder_with_a_difficult_name(tmp_path):
    homework = make_homework(tmp_path / 'it\'s a folder; with "spaces" in its name', HIDDEN + "\nimport helper\n")
    (homework.hidden / "helper.py").write_text("")
    verdicts = []
    run_session(Grader(homework, Options(TIERS[0], b"secret"), [Job(submit())], verdicts.append))
    assert statuses(verdicts[0]) == ["passed", "passed", "passed"]


def test_a_verdict_survives_its_trip_to_disk(grade):
    verdict = grade(submit(tiny="def double(x):\n    return x**2\n"))["s1"]
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


def test_points_are_shared_by_weight_and_skipped_tests_do_not_count():
    exercise = Exercise("9.1", "Double", 10, "tiny.py")
    tests = [
        TestResult("a", "9.1", "passed", "", weight=2),
        TestResult("b", "9.1", "failed", "", weight=1),
        TestResult("c", "9.1", "internal", "", weight=1),
        TestResult("d", "9.1", "skipped", "", weight=5),
    ]
    (result,) = exercise_results([exercise], tests)
    assert (result.points, result.pending) == (5.0, 2.5)
