"""The pytest plugin as a student meets it: in a folder of its own, by running pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[2]
TOML = """title = "A small homework"
files = ["lqr.py"]
[[exercise]]
id = "2.1"
title = "Doubling"
points = 20
file = "lqr.py"
[[exercise]]
id = "2.2"
title = "Halving"
points = 5
file = "lqr.py"
"""
LQR = """
def double(x):
    return 2 * x


def halve(x):
    raise NotImplementedError("2.2")


def broken(x):
    return x.nothing


def narrow(x):
    return x[:1]
"""
HEAD = "import numpy as np\nfrom course.testing import exercise, assert_close, assert_shape\n"
TESTS = (
    HEAD
    + '''
@exercise("2.1")
def test_double(student, rng):
    """Doubling gives twice as much."""
    x = rng.normal(size=3)
    assert_close("lqr.double", student.lqr.double(x), 2 * x, rtol=1e-8)

@exercise("2.1", weight=2)
def test_narrow(student):
    """The result is as long
    as what you put in."""
    assert_shape("lqr.narrow", student.lqr.narrow(np.ones(3)), (3,), "[n]", look="the <slice>")

@exercise("2.1")
def test_broken(student):
    """Nothing breaks."""
    student.lqr.broken(1)

@exercise("2.2")
def test_halve(student):
    """Halving gives half."""
    student.lqr.halve(1)

@exercise("2.2")
def test_halve_again(student):
    """Halving twice gives a quarter."""
    student.lqr.halve(1)

@exercise("2.2")
def test_ours():
    """The test is at fault."""
    1 / 0
'''
)


@pytest.fixture
def homework(tmp_path):
    """A released homework: everything in one folder."""
    root = tmp_path / "hw2_small"
    (root / "tests").mkdir(parents=True)
    (root / "homework.toml").write_text(TOML)
    (root / "lqr.py").write_text(LQR)
    (root / "tests" / "test_lqr.py").write_text(TESTS)
    (root / "conftest.py").write_text('pytest_plugins = ["course.testing.plugin"]\n')
    return root


def run(root: Path, *options: str):
    environment = {**os.environ, "PYTHONPATH": str(COURSE), "COLUMNS": "100", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_a_student_reads_sentences_and_messages_and_no_source_of_the_tests(homework):
    done = run(homework)
    assert done.returncode == 1
    out = done.stdout
    assert "2.1  The result is as long as what you put in." in out
    assert "lqr.narrow has shape (1,), expected (3,) = [n]\n  look at: the <slice>" in out
    assert "your code raised AttributeError: 'int' object has no attribute 'nothing'\n  lqr.py:11 in broken" in out
    assert "TODO 2.2: not written yet (lqr.py:7 in halve): 2 tests waiting" in out
    assert "no fault of yours" in out
    assert "1 passed, 2 todo" in out and "3 failed" in out
    assert "2.1   Doubling        1 of 3    20 points" in out
    assert "not your grade" in out
    assert "student.lqr" not in out and "def test_" not in out and "site-packages" not in out


def test_what_stops_every_test_is_told_once_with_its_line(homework):
    (homework / "lqr.py").write_text("def double(x):\n    return (2 * x\n")
    out = run(homework).stdout
    said = "your code raised SyntaxError: '(' was never closed\n  lqr.py:2\n      return (2 * x\n             ^\n"
    assert out.count(said) == 1 and "The same in 4 more tests." in out
    assert "2 failed, 4 failed as above" in out and "2.1   Doubling        0 of 3    20 points" in out
    (homework / "lqr.py").unlink()
    out = run(homework).stdout
    assert out.count("lqr.py is missing") == 1 and "The same in 4 more tests." in out


def test_a_part_of_the_tests_is_not_taken_for_all(homework):
    for choice in (["-k", "double"], ["tests/test_lqr.py::test_double"]):
        assert "2.1   Doubling  1 of 3 (1 run)    20 points" in run(homework, *choice).stdout


def test_an_interrupt_says_where_the_students_code_was(homework):
    # A shell's background job starts with SIGINT ignored, and its children inherit that: so the handler is set here.
    handler = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    body = "    while True:\n        os.kill(os.getpid(), signal.SIGINT)\n"
    (homework / "lqr.py").write_text(f"import os, signal\n{handler}\ndef double(x):\n{body}")
    done = run(homework)
    assert done.returncode == 2
    assert "Interrupted. This test ran: Doubling gives twice as much." in done.stdout
    assert "Your code was here:\n  lqr.py:5 in double\n      os.kill(os.getpid(), signal.SIGINT)" in done.stdout


def test_verbose_words_and_a_full_traceback_on_demand(homework):
    out = run(homework, "-v", "--tb=long").stdout
    assert "test_halve TODO 2.2" in out and "test_broken ERROR" in out and "test_ours TEST FAULT" in out
    assert "student.lqr.broken(1)" in out


def test_todo_counts_as_failed(homework):
    done = run(homework, "-k", "halve")
    assert done.returncode == 1 and "FAILURES" not in done.stdout


def test_another_folder_can_be_tested(homework, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "lqr.py").write_text(LQR.replace('raise NotImplementedError("2.2")', "return x / 2"))
    assert run(homework, "-k", "halve", f"--student={other}").returncode == 0


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ('def test_x():\n    """One."""', "add @exercise"),
        ('@exercise("2.1")\n@exercise("2.2")\ndef test_x():\n    """One."""', "has 2 exercise"),
        ('@exercise("2.1")\ndef test_x():\n    pass', "has no docstring"),
        ('@exercise("9.9")\ndef test_x():\n    """One."""', "homework.toml has only 2.1, 2.2"),
    ],
)
def test_a_test_that_nobody_could_count_or_read_is_refused(homework, test, said):
    (homework / "tests" / "test_lqr.py").write_text(HEAD + test)
    done = run(homework)
    assert done.returncode == 2 and said in done.stdout and "test_x" in done.stdout


def test_tests_outside_a_homework_are_left_alone(homework):
    (homework / "course_tests").mkdir()
    (homework / "course_tests" / "test_other.py").write_text(
        "def test_a():\n    pass\ndef test_b():\n    assert 1 == 2\n"
    )
    done = run(homework, "course_tests")
    assert "1 failed, 1 passed" in done.stdout and "A small homework" not in done.stdout
    assert "assert 1 == 2" in done.stdout


def test_a_grader_sets_transport_and_secret_and_reads_the_reports(homework):
    (homework / "grader.py").write_text(
        """
import numpy as np
from course.testing import LocalStudent
from course.testing.plugin import SECRET, TRANSPORT

def pytest_configure(config):
    config.stash[TRANSPORT] = lambda: LocalStudent.from_sources({"lqr.py": "def double(x): print(x); return 2 * x"})
    config.stash[SECRET] = b"ours"

def pytest_runtest_logreport(report):
    if report.when == "call":
        print("REPORT", report.status, report.exercise, report.weight, report.sentence, "|", report.message)
"""
    )
    one, two = (run(homework, "-p", "grader", "-s", "-k", "double or narrow").stdout for _ in range(2))
    assert "REPORT passed 2.1 1.0 Doubling gives twice as much. |" in one
    assert "REPORT error 2.1 2.0 The result is as long as what you put in. | lqr.py has no function `narrow`" in one
    assert one.split(" in 0.")[0].splitlines()[:8] == two.split(" in 0.")[0].splitlines()[:8]


def test_given_modules_are_found_beside_the_files_or_among_the_solutions(homework):
    (homework / "homework.toml").write_text(TOML.replace("[[", 'given = ["hw1_first/cem.py"]\n[[', 1))
    (homework / "lqr.py").write_text("import cem\ndef double(x):\n    return cem.two() * x\n")
    solution = homework.parent / "solutions" / "hw1_first" / "cem.py"
    solution.parent.mkdir(parents=True)
    solution.write_text("def two(): return 2\n")
    assert run(homework, "-k", "double").returncode == 0
    solution.rename(homework / "cem.py")
    assert run(homework, "-k", "double").returncode == 0


def test_the_reference_exists_in_hidden_tests_only(homework):
    solution = homework.parent / "solutions" / "hw2_small"
    solution.mkdir(parents=True)
    (solution / "lqr.py").write_text(LQR)
    test = (
        HEAD
        + '@exercise("2.1")\ndef test_both(student, reference):\n    """Same."""\n    assert reference.lqr.double(1) == 2'
    )
    (homework / "hidden").mkdir()
    (homework / "hidden" / "test_more.py").write_text(test)
    (homework / "tests" / "test_less.py").write_text(test)
    assert run(homework, "hidden").returncode == 0
    assert "hidden tests only" in run(homework, "tests/test_less.py").stdout
