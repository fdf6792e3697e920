"""The self-check of a notebook: `check("2.1")` runs that exercise's visible tests on the files as they are
now.

Everything is imported afresh at each call, so an edit counts as soon as the file is saved. What the notebook itself
has imported stays as it is: %autoreload goes on watching the same modules. The result displays as a table. Under
nbgrader it displays as the points earned, which nbgrader reads as partial credit.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple

from course.testing.folder import HomeworkFolder, homework_above

SYMBOLS = {"passed": "✓", "failed": "✗", "todo": "…", "error": "!", "skipped": "–", "internal": "?"}
COLOURS = {
    "passed": "#00694e",
    "failed": "#a33b00",
    "todo": "#6b5900",
    "error": "#a33b00",
}  # dark enough to read on white
NOTE = "visible tests only: hidden tests decide the grade"
MAX_LINES = 40  # of what the student's code printed
MAX_TEXT = 4000  # characters of it


class Row(NamedTuple):
    """One test: its sentence, its status, and what to say about it."""

    sentence: str
    status: str
    message: str


@dataclass(frozen=True, repr=False)
class CheckResult:
    """What `check` found. `points` is the share of the exercise that the visible tests' weights give."""

    exercise: str
    title: str
    points: float
    max_points: float
    rows: tuple[Row, ...]
    problem: str = ""
    printed: str = ""

    @property
    def heading(self) -> str:
        """One line: the exercise, and how many tests pass."""
        passed = sum(row.status == "passed" for row in self.rows)
        return f"{self.exercise} {self.title}: {passed} of {len(self.rows)} tests pass ({NOTE})"

    def __repr__(self) -> str:
        if os.environ.get("NBGRADER_EXECUTION"):
            return repr(float(self.points))
        if self.problem:
            return self.problem
        lines = [self.heading]
        for row in self.rows:
            lines.append(f"  {SYMBOLS.get(row.status, '?')} {row.status:<7} {row.sentence}")
            lines.extend(f"            {line}" for line in row.message.splitlines())
        if self.printed:
            lines.append("  your code printed:")
            lines.extend(f"    {line}" for line in self.printed.splitlines())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if self.problem:
            return f'<p style="white-space:pre-wrap"><b>{escape(self.problem)}</b></p>'
        body = "".join(_html_row(row) for row in self.rows)
        printed = f"<p>your code printed:</p><pre>{escape(self.printed)}</pre>" if self.printed else ""
        return f"<p><b>{escape(self.heading)}</b></p><table>{body}</table>{printed}"


def check(exercise: str = "", folder: Path | str | None = None) -> CheckResult:
    """Run the visible tests of one exercise and return what they say.

    exercise: its id, such as "2.1".  folder: the homework; by default the current folder or the nearest one
    above that has a homework.toml.
    """
    exercise = str(exercise)
    start = Path(folder or Path.cwd()).resolve()
    homework = homework_above(start)
    if homework is None:
        return _refusal(exercise, f"check: found no homework.toml in {start} or above it: go to the homework")
    if exercise not in homework.exercises:
        known = ", ".join(homework.exercises)
        if not exercise:
            example = next(iter(homework.exercises), "1.1")
            return _refusal("", f'check: say which exercise, as in check("{example}"); this homework has {known}')
        return _refusal(exercise, f"check: got {exercise!r}, expected an exercise of this homework: {known}")
    reports, problem = _run(homework, exercise)
    known = homework.exercises[exercise]
    if problem or not reports:
        return _refusal(exercise, problem or f"check: exercise {exercise} has no visible tests", known.points)
    total = sum(report.weight for report in reports)
    share = sum(report.weight for report in reports if report.status == "passed") / total
    rows, printed = tuple(_rows(reports)), _printed(reports)
    return CheckResult(exercise, known.title, known.points * share, known.points, rows, printed=printed)


def _html_row(row: Row) -> str:
    colour = COLOURS.get(row.status, "#555555")
    mark = f'<b style="color:{colour}">{SYMBOLS.get(row.status, "?")} {escape(row.status)}</b>'
    said = escape(row.sentence)
    if row.message:
        said += f'<pre style="margin:0;white-space:pre-wrap">{escape(row.message)}</pre>'
    left = "text-align:left;vertical-align:top"
    return f'<tr><td style="{left};white-space:nowrap">{mark}</td><td style="{left}">{said}</td></tr>'


def _refusal(exercise: str, problem: str, points: float = 0.0) -> CheckResult:
    return CheckResult(exercise, "", 0.0, points, (), problem)


def _rows(reports):
    said = ""
    for report in reports:
        message = _told(report)
        yield Row(report.sentence, report.status, "as above" if message and message == said else message)
        said = message


def _told(report) -> str:
    """Return the message, with the student's own traceback where their code raised."""
    return report.message if report.status in ("passed", "todo", "skipped") else report.text or report.message


def _printed(reports) -> str:
    """Return what the tests' runs printed, each text once and with the first test that it is from, clipped."""
    first: dict[str, str] = {}
    for report in reports:
        if text := (report.capstdout + report.capstderr).rstrip():
            first.setdefault(text, report.sentence)
    whole = "\n".join(f"[{sentence}]\n{text}" for text, sentence in first.items())
    lines = whole[:MAX_TEXT].splitlines()
    clipped = len(lines) > MAX_LINES or len(whole) > MAX_TEXT
    return "\n".join(lines[:MAX_LINES] + ["... and more"] * clipped)


def _run(homework: HomeworkFolder, exercise: str) -> tuple[list, str]:
    """Run pytest here, in silence; return the reports that count, and what went wrong otherwise."""
    import pytest  # here, because it is slow to import and a notebook may never check anything

    watcher = _Watcher(exercise)
    options = ["-p", "course.testing.plugin", "-p", "no:cacheprovider", "-o", "addopts=",
               f"--rootdir={homework.root}", "--capture=sys", "--tb=auto"]  # fmt: skip
    silence = io.StringIO()
    with (
        _fresh_modules(homework.root),
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        code = pytest.main([str(homework.root / "tests"), *options], plugins=[watcher])
    if watcher.broken:
        return [], f"check: the tests cannot be read: {watcher.broken}"
    if watcher.stopped:
        return [], f"check: interrupted. {watcher.stopped}"
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        stopped = code == pytest.ExitCode.INTERRUPTED
        said = silence.getvalue().strip().splitlines() or [str(code)]
        last = "it was interrupted" if stopped else said[-1]
        return [], f"check: the tests did not run to their end: {last}"
    return list(watcher.reports.values()), ""


class _Watcher:
    """A pytest plugin that keeps one exercise's tests and collects what is said of them."""

    def __init__(self, exercise: str):
        self.exercise, self.reports, self.broken, self.stopped = exercise, {}, "", ""

    def pytest_collection_modifyitems(self, items) -> None:
        items[:] = [item for item in items if any(m.args[0] == self.exercise for m in item.iter_markers("exercise"))]

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.broken = str(report.longrepr).strip().splitlines()[-1]

    def pytest_keyboard_interrupt(self, excinfo) -> None:
        self.stopped = getattr(excinfo.value, "said", "")

    def pytest_runtest_logreport(self, report) -> None:
        if hasattr(report, "status") and (report.when == "call" or not report.passed):
            self.reports[report.nodeid] = report


@contextlib.contextmanager
def _fresh_modules(root: Path):
    """Set the homework's modules aside: each check reads their files. Afterwards the same objects are back, for a
    module that is gone from sys.modules is one that %autoreload never looks at again.
    """

    def taken() -> dict:
        own = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and Path(file).parent in (root, root / "tests"):
                own[name] = sys.modules.pop(name)
        return own

    path, before = sys.path.copy(), taken()
    try:
        yield
    finally:
        taken()
        sys.modules.update(before)
        sys.path[:] = path  # pytest puts the folder of the tests there
