"""Known-wrong variants run beside a student: the same answers either way, in a bounded time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from autograder.classroom import Policy, grade_class
from autograder.grading.diagnosis import Choice, affordable, decided, diagnose
from autograder.grading.session import run_session
from autograder.grading.store import Store
from autograder.grading.suite import Extent, Grader, Job, Options
from autograder.grading.transcripts import same
from autograder.grading.variants import Variant, reference_files
from autograder.homework import Limits
from autograder.sandbox.box import Sandbox
from autograder.sandbox.faults import OutOfTime
from autograder.sandbox.probe import AUTOMATIC, works
from autograder.tests.tiny import HIDDEN, MISCONCEPTIONS, make_homework, submit
from course.testing import LocalStudent, Mismatch, StudentError
from course.testing.recorder import MOST, Recorder

TIER = next((tier for tier in AUTOMATIC if not works(tier)), "none")

ENDLESS = """
[[misconception]]
id = "endless"
file = "tiny.py"
exercises = ["9.1"]
find = "return 2.0 * x"
replace = "while True: pass"
hint = "Your loop never ends."
"""

MODULE = """
import numpy as np
from typing import NamedTuple

class Pair(NamedTuple):
    a: np.ndarray
    b: object

class Counter:
    def __init__(self):
        self.count, self.child = 0, None
    def more(self):
        self.count += 1
        return self.count

def pair(a):
    return Pair(a, [Counter(), "x", None])

def kept(pair):
    return isinstance(pair, Pair), isinstance(pair.b[0], Counter), pair.a

def many(n):
    return np.zeros(n)

def boxed():
    return {"one": [Counter()]}

def ask(function, *arguments):
    return function(*arguments)

def broken():
    return 1 / 0
"""


def converse(student) -> None:
    """Ask one student for everything that a transcript can hold."""

    def refuse(x):
        raise Mismatch("not that")

    def private(x, secret=3):
        return secret

    value = student.m.pair(np.arange(3.0))
    value[0][:] = 7.0  # what a test does to its values later on changes nothing
    assert student.m.kept(value)[:2] == (True, True), "a record comes home as what it was"
    counter = student.m.Counter()
    counter.more()
    assert counter.count == 1
    assert student.m.boxed()["one"][0].count == 0
    for function, arguments in [(refuse, (1,)), (private, (1, 4)), (private, (1,))]:
        try:
            student.m.ask(function, *arguments)
        except (Mismatch, StudentError):
            pass
    with pytest.raises(StudentError):
        student.m.broken()
    with pytest.raises(StudentError):
        _ = student.m.nothing
    for _ in range(3):
        student.m.many(MOST // 20)


def test_both_transports_write_down_the_same():
    near, far = Recorder(), Recorder()
    converse(LocalStudent.from_sources({"m.py": MODULE}, recorder=near))
    with Sandbox(TIER, Limits(), {"m.py": MODULE.encode()}, ("m",)) as box, box.test(far) as student:
        converse(student)
    assert [path for path, _ in near.entries] == [path for path, _ in far.entries]
    assert same(near.entries, far.entries)
    answers = dict(near.entries)
    assert answers["m.Counter().count"] == 1 and answers["m.boxed().count"] == 0
    assert answers["m.broken"] == "raised ZeroDivisionError"
    assert [value for path, value in near.entries if path == "m.ask"] == ["refused by the test", "raised TypeError", 3]
    assert [type(value) for path, value in near.entries if path == "m.many"] == [np.ndarray, np.ndarray, str]


def test_a_test_may_be_given_less_time_than_the_homework_allows():
    loop = {"m.py": b"def f():\n    while True: pass\n"}
    recorder, began = Recorder(), time.monotonic()
    with Sandbox(TIER, Limits(test_seconds=60), loop, ("m",)) as box:
        with pytest.raises(OutOfTime), box.test(recorder, 0.3) as student:
            student.m.f()
    assert time.monotonic() - began < 30
    assert recorder.entries == [("", "ended by the clock")]


@pytest.fixture
def grade(tmp_path):
    """Grade some submissions of the tiny homework; return the session and the verdicts."""

    def run(*submissions, hidden=HIDDEN, misconceptions=MISCONCEPTIONS, **extent):
        verdicts = []
        jobs = [Job(submission, Extent(**extent)) for submission in submissions]
        homework = make_homework(tmp_path, hidden, misconceptions)
        grader = Grader(homework, Options(TIER, b"secret"), jobs, verdicts.append)
        run_session(grader)
        return grader, verdicts

    return run


def hints(verdict) -> list[str]:
    return [diagnosis.misconception for diagnosis in verdict.diagnoses]


def test_a_variant_that_never_ends_is_cut_short_and_explains_a_student_that_never_ends(grade):
    squares, endless = (f"def double(x):\n    {body}\n" for body in ("return x * x", "while True: pass"))
    class_ = submit("a", tiny=squares), submit("b", tiny=endless)
    _, verdicts = grade(*class_, hidden=TWICE, misconceptions=MISCONCEPTIONS + ENDLESS)
    assert [hints(verdict) for verdict in verdicts] == [["squares"], ["endless"]]
    assert verdicts[0].seconds < 60


TWICE = """
from course.testing import assert_close, exercise

@exercise("9.1")
def test_twice(student):
    \"\"\"Twice.\"\"\"
    one, two = student.tiny.double(1.0), student.tiny.double(3.0)
    assert_close("tiny.double", two, 6.0, rtol=1e-9)

@exercise("9.2")
def test_half(student):
    \"\"\"Half.\"\"\"
    assert_close("other.halve", student.other.halve(1.0), 0.5, rtol=1e-9)
"""


def test_a_variant_is_run_no_further_than_its_answers_agree_and_at_most_twice(grade):
    far, near, own = (f"def double(x):\n    return {body}\n" for body in ("7.0", "x * x if x < 2 else 1.0", "x * x"))
    grader, _ = grade(submit("a", tiny=far), hidden=TWICE)
    known = {variant.id: known for (variant, _), known in grader.replay._known.items()}
    assert {id: len(each.answers) for id, each in known.items()} == {"squares": 1, "triples": 1}
    assert not any(each.complete for each in known.values())
    grader, verdicts = grade(submit("a", tiny=far), submit("b", tiny=near), submit("c", tiny=own), hidden=TWICE)
    known = {variant.id: known for (variant, _), known in grader.replay._known.items()}
    assert [len(known["squares"].answers), len(known["triples"].answers)] == [2, 1]
    assert [hints(verdict) for verdict in verdicts] == [[], [], ["squares"]]


def test_what_the_reference_never_reaches_passes_unrun(grade, tmp_path):
    reference = reference_files(make_homework(tmp_path))
    mutant = submit(tiny="def double(x):\n    return 1\n", other=reference["other.py"])
    _, (verdict,) = grade(mutant, hidden=TWICE, reached_only=True)
    assert [(test.status, bool(test.staff)) for test in verdict.tests] == [("failed", False), ("passed", True)]
    assert verdict.points == 5


def test_only_the_tests_of_the_exercises_asked_for_are_run_and_counted(grade):
    _, (verdict,) = grade(submit(), exercises=("9.2",))
    assert [test.exercise for test in verdict.tests] == ["9.2"]
    assert (verdict.points, verdict.max_points) == (5, 5)


def test_tests_of_a_changed_file_come_first_and_then_the_quick_ones(grade, tmp_path):
    reference = reference_files(make_homework(tmp_path))
    seconds = {"test_double_doubles": 0.5, "test_double_of_two_is_four": 0.1, "test_halve_halves": 0.01}
    mutant = submit(tiny=reference["tiny.py"] + "\nX = 1\n", other=reference["other.py"])
    _, (verdict,) = grade(mutant, seconds=seconds, reached_only=True)
    assert [test.test for test in verdict.tests] == [
        "test_double_of_two_is_four",
        "test_double_doubles",
        "test_halve_halves",
    ]


def test_the_cheapest_tests_are_looked_at_and_always_one():
    costs = {"slow": 20.0, "quick": 1.0, "middle": 5.0}
    assert affordable(costs, budget=6.0) == Choice(["quick", "middle"], ["slow"])
    assert affordable(costs, budget=0.1) == Choice(["quick"], ["middle", "slow"])
    assert affordable({}, budget=0.1) == Choice([], [])


def test_what_to_look_at_is_decided_once(tmp_path):
    note = tmp_path / "notes" / "one.json"
    assert decided(note, lambda: Choice(["a"], ["b"])) == Choice(["a"], ["b"])
    assert decided(note, lambda: Choice(["b"], [])) == Choice(["a"], ["b"])
    assert decided(None, lambda: Choice(["b"], [])) == Choice(["b"], [])

    def slowly():
        decided(tmp_path / "two.json", lambda: Choice(["first"], []))
        return Choice(["second"], [])

    assert decided(tmp_path / "two.json", slowly) == Choice(["first"], [])
    (tmp_path / "file").write_text("")
    assert decided(tmp_path / "file" / "note.json", lambda: Choice(["alone"], [])) == Choice(["alone"], [])
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_a_class_keeps_its_decision(tmp_path):
    homework = make_homework(tmp_path)
    wrong = submit("a", tiny="def double(x):\n    return x * x\n")
    grade_class(homework, [lambda: wrong], Store(tmp_path / "out"), Policy(TIER, b"secret", False, processes=1))
    (note,) = (tmp_path / "out" / "diagnosis").glob("*.json")
    assert "test_double_doubles" in note.read_text()


def test_a_failure_that_no_answer_shows_is_not_searched_for():
    variant, asked = Variant("v", {}, ("9.1",), "hint"), []

    def agrees(which, test, transcript):
        asked.append(which)
        return which is None

    assert diagnose({"t": ("9.1", [])}, (variant,), agrees) == []
    assert asked == [None]


def test_a_mutant_that_never_ends_gets_a_small_multiple_of_the_references_time(grade, tmp_path):
    reference = reference_files(make_homework(tmp_path))
    loop = reference["tiny.py"].replace("return 2.0 * x", "while True: pass")
    hurried = {"seconds": {"test_twice": 0.02}, "reached_only": True, "until_loss": True}
    _, (verdict,) = grade(submit(tiny=loop, other=reference["other.py"]), hidden=TWICE, **hurried)
    assert [test.status for test in verdict.tests] == ["timeout"]
