"""What stands at the end of a test run: what is still to do, and one line for each exercise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from course.testing.folder import HomeworkFolder
from course.testing.outcome import PASSED, SKIPPED, TODO

NOTE = "Visible tests are not your grade: hidden tests, with other data, decide the points."


@dataclass
class Tally:
    """The counting reports of one run, by homework and test; and what else its last lines need.

    known: the tests of each exercise, run or not.  stopped: where an interrupt met the student's code.
    raised: by the text of what the student's code raised, the report that shows it.
    """

    results: dict[Path, dict[str, object]] = field(default_factory=dict)
    homeworks: dict[Path, HomeworkFolder] = field(default_factory=dict)
    known: dict[tuple[Path, str], set[str]] = field(default_factory=dict)
    stopped: str = ""
    raised: dict[str, object] = field(default_factory=dict)

    def collect(self, homework: HomeworkFolder, exercise: str, tests: Iterable[str]) -> None:
        """Remember that these tests exist, so that a part of them is not taken for all."""
        self.known.setdefault((homework.root, exercise), set()).update(tests)

    def add(self, homework: HomeworkFolder, report) -> None:
        """Keep the report that counts: of the call, or of another phase that did not pass."""
        if report.when == "call" or not report.passed:
            self.homeworks[homework.root] = homework
            self.results.setdefault(homework.root, {})[report.nodeid] = report


def write_summary(terminal, tally: Tally) -> None:
    """Write the closing lines for every homework that was tested."""
    for root, reports in tally.results.items():
        homework = tally.homeworks[root]
        terminal.write_sep("=", homework.title)
        for line in todo_lines(reports.values()):
            terminal.write_line(line, yellow=True)
        for line, complete in table(homework, reports.values(), tally.known):
            terminal.write_line(line, green=complete)
        terminal.write_line(NOTE)
    if tally.stopped:
        terminal.write_line(f"Interrupted. {tally.stopped}", yellow=True)


def todo_lines(reports) -> list[str]:
    """Return a line for each place that is still to be written, with the number of tests that wait."""
    stopped: dict[str, int] = {}
    for report in reports:
        if report.status == TODO:
            stopped[report.message] = stopped.get(report.message, 0) + 1
    return [f"{message}: {count} test{'s' * (count > 1)} waiting" for message, count in stopped.items()]


def table(homework: HomeworkFolder, reports, known=None) -> list[tuple[str, bool]]:
    """Return the lines of the table of exercises, each with whether all its tests passed.

    known: the tests of each (root, exercise), those included that were not run.
    """
    rows = []
    for exercise in homework.exercises.values():
        run = {r.nodeid: r.status for r in reports if r.exercise == exercise.id}
        exist = run.keys() | (known or {}).get((homework.root, exercise.id), set())
        counted = len(exist) - sum(status == SKIPPED for status in run.values())
        if run and counted:
            passed = sum(status == PASSED for status in run.values())
            part = f" ({len(run)} run)" if len(run) < len(exist) else ""
            rows.append((exercise.id, exercise.title, f"{passed} of {counted}{part}", exercise.points))
    if not rows:
        return []
    width = max(len("exercise"), *(len(title) for _, title, _, _ in rows))
    wide = max(len("tests passed"), *(len(passed) for _, _, passed, _ in rows))
    lines = [(f"{'':<5} {'exercise':<{width}}  {'tests passed':>{wide}}  {'worth':>9}", False)]
    for id, title, passed, points in rows:
        done = passed.split()[0] == passed.split()[-1]  # "7 of 7", nothing after it
        lines.append((f"{id:<5} {title:<{width}}  {passed:>{wide}}  {points:>4g} points", done))
    return lines
