"""The pytest plugin of a homework: the fixtures `student` and `rng`, and results a student can read.

It acts on tests that lie in `tests/` or `hidden/` of a folder with `homework.toml` and leaves all others
alone.

Every report of such a test carries, as attributes, `status` (passed failed todo error skipped internal),
`exercise`, `weight`, `sentence` and `message`. The one that counts is that of `when == "call"`, or of another
phase if it did not pass. A grader puts its own transport and secret in `config.stash` under `TRANSPORT` and
`SECRET`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course.testing.folder import HomeworkFolder, homework_of_test
from course.testing.local import LocalStudent
from course.testing.outcome import ERROR, FAILED, INTERNAL, PASSED, SKIPPED, TODO, outcome_of, sentence_of
from course.testing.seeding import course_secret, seed_for
from course.testing.summary import Tally, write_summary

TRANSPORT = pytest.StashKey[Callable[[], Any]]()
"""A function without arguments that returns the student object of the running test."""
SECRET = pytest.StashKey[bytes]()
"""The course's secret, instead of the environment's."""
REMEMBERED = pytest.StashKey[dict]()
"""What `once` computed, by test; whoever changes the secret empties it."""
_TALLY = pytest.StashKey[Tally]()

_WORDS = {
    PASSED: (".", "PASSED", {"green": True}),
    FAILED: ("F", "FAILED", {"red": True}),
    TODO: ("t", "TODO", {"yellow": True}),
    ERROR: ("E", "ERROR", {"red": True}),
    INTERNAL: ("!", "TEST FAULT", {"purple": True}),
}


def pytest_addoption(parser) -> None:
    parser.getgroup("course").addoption(
        "--student", metavar="DIR", help="folder with the files to test; default: the homework's own"
    )


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "exercise(id, weight): the exercise that a test belongs to")
    config.stash[_TALLY] = Tally()
    config.stash[REMEMBERED] = {}


@pytest.fixture
def student(request):
    """The student's modules: `student.lqr.backward(...)`."""
    transport = request.config.stash.get(TRANSPORT, None)
    if transport is not None:
        return transport()
    homework = _homework_of(request)
    folder = Path(request.config.getoption("--student") or homework.root).resolve()
    return LocalStudent(folder, homework.modules(folder))


@pytest.fixture
def reference(request):
    """The private solution, with the same shape as `student`; for hidden tests only."""
    homework = _homework_of(request)
    folder = homework.root.parent / "solutions" / homework.root.name
    if request.path.relative_to(homework.root).parts[0] != "hidden" or not folder.is_dir():
        pytest.fail("`reference` exists in hidden tests only, where the solutions are at hand", pytrace=False)
    return LocalStudent(folder, homework.modules(folder))


@pytest.fixture
def rng(request) -> np.random.Generator:
    """A generator of this test's own, the same for every student: seeded by course, homework and test."""
    secret = request.config.stash.get(SECRET, None) or course_secret().secret
    return np.random.default_rng(seed_for(secret, _homework_of(request).root.name, request.node.name))


@pytest.fixture
def once(request):
    """Compute what costs time and is the same for every student once: `once(lambda: ...)`, once in a test."""
    remembered, test = request.config.stash[REMEMBERED], request.node.nodeid
    asked = []

    def remember(compute: Callable):
        if asked:
            raise RuntimeError(f"{request.node.name}: `once` serves one value for each test; put both in one tuple")
        asked.append(test)
        if test not in remembered:
            remembered[test] = compute()
        return remembered[test]

    return remember


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector, name, obj):
    """Refuse a test that nobody could count or read."""
    made = yield
    homework = homework_of_test(collector.path)
    if homework is not None:
        for item in made if isinstance(made, list) else [made]:
            if not isinstance(item, pytest.Function):
                continue
            if problem := _problem(item, homework):
                raise collector.CollectError(f"{collector.path.name}: {name} {problem}")
            collector.config.stash[_TALLY].collect(homework, _marked(item)[0], [item.nodeid])
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Keep where an interrupt met the student's code: pytest itself names the innermost line, often NumPy's."""
    try:
        return (yield)
    except KeyboardInterrupt as stop:
        if homework_of_test(item.path) is not None:
            item.config.stash[_TALLY].stopped = stop.said = _stopped(item, stop)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    homework = homework_of_test(item.path)
    if homework is None:
        return report
    outcome = outcome_of(call.excinfo.value if call.excinfo else None)
    report.status = SKIPPED if report.skipped else PASSED if report.passed else outcome.status
    report.message = "" if report.passed else outcome.message
    report.exercise, report.weight = _marked(item)
    report.sentence, report.text = sentence_of(item.function), outcome.text
    if report.failed and item.config.getoption("tbstyle", "") == "auto":
        report.longrepr = f"{report.exercise}  {report.sentence}\n\n{outcome.text}"
        if report.status == ERROR:
            _say_once(report, item.config.stash[_TALLY])
    item.config.stash[_TALLY].add(homework, report)
    return report


def _say_once(report, tally: Tally) -> None:
    """Let one report speak for all that ended with the same text, as after a syntax error."""
    first = tally.raised.setdefault(report.text, report)
    if first is not report:
        report.repeats = True
        first.others = getattr(first, "others", 0) + 1
        more = f"{first.others} more test{'s' * (first.others > 1)}"
        first.longrepr = f"{first.exercise}  {first.sentence}\n\n{first.text}\n\nThe same in {more}."


def pytest_report_teststatus(report):
    status = getattr(report, "status", None)
    if status not in _WORDS or hasattr(report, "wasxfail") or (report.passed and report.when != "call"):
        return None
    letter, word, colour = _WORDS[status]
    word = f"TODO {report.exercise}" if status == TODO else word
    failed = "failed as above" if hasattr(report, "repeats") else "failed"  # of a kind that pytest counts, not shows
    return {PASSED: "passed", TODO: "todo"}.get(status, failed), letter, (word, colour)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter, config):
    failures = terminalreporter.stats.get("failed", []) + terminalreporter.stats.get("error", [])
    if failures and all(hasattr(report, "status") for report in failures):
        terminalreporter.reportchars = ""  # the table below says it better than a list of names
    yield
    write_summary(terminalreporter, config.stash[_TALLY])


def _stopped(item, stop: KeyboardInterrupt) -> str:
    """Say where the student's code was when the user had enough of waiting."""
    where = getattr(stop, "where", "")
    place = f"Your code was here:\n{where}" if where else "Your code was not running at that moment"
    return f"This test ran: {sentence_of(item.function)}\n{place}"


def _homework_of(request) -> HomeworkFolder:
    homework = homework_of_test(request.path)
    if homework is None:
        pytest.fail("this fixture is for the tests of a homework (in tests/ beside homework.toml)", pytrace=False)
    return homework


def _marked(item) -> tuple[str, float]:
    id, weight = next(item.iter_markers("exercise")).args
    return id, weight


def _problem(item, homework: HomeworkFolder) -> str:
    marks = list(item.iter_markers("exercise"))
    if len(marks) != 1 or len(marks[0].args) != 2:
        count = len(marks) or "no"
        return f'has {count} exercise, expected one: add @exercise("2.1") from course.testing above it'
    if marks[0].args[0] not in homework.exercises:
        known = ", ".join(homework.exercises)
        return f"belongs to exercise {marks[0].args[0]}, but homework.toml has only {known}"
    if not sentence_of(item.function):
        return "has no docstring: add the one sentence that a student reads when it fails"
    return ""
