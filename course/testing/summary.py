"""What stands at the end of a test run: what is still to do, and one line for each exercise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from course.testing.folder import HomeworkFolder
from course.testing.outcome import PASSED, SKIPPED, TODO

NOTE = "Visible tests are not your grade: hidden tests, with other data, decide the points."


@dataclass
class Tally:
    """The counting reports of one run, by homework and test."""

    results: dict[Path, dict[str, object]] = field(default_factory=dict)
    homeworks: dict[Path, HomeworkFolder] = field(default_factory=dict)

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
        for line, complete in table(homework, reports.values()):
            terminal.write_line(line, green=complete)
        terminal.write_line(NOTE)


def todo_lines(reports) -> list[str]:
    """Return a line for each place that is still to be written, with the number of tests that wait."""
    stopped: dict[str, int] = {}
    for report in reports:
        if report.status == TODO:
            stopped[report.message] = stopped.get(report.message, 0) + 1
    return [f"{message}: {count} test{'s' * (count > 1)} waiting" for message, count in stopped.items()]


def table(homework: HomeworkFolder, reports) -> list[tuple[str, bool]]:
    """Return the lines of the table of exercises, each with whether all its tests passed."""
    rows = []
    for exercise in homework.exercises.values():
        own = [r for r in reports if r.exercise == exercise.id and r.status != SKIPPED]
        if own:
            passed = sum(r.status == PASSED for r in own)
            rows.append((f"{exercise.id:<5}", exercise.title, f"{passed} of {len(own)}", exercise.points))
    if not rows:
        return []
    width = max(len("exercise"), *(len(title) for _, title, _, _ in rows))
    lines = [(f"{'':<5} {'exercise':<{width}}  {'tests passed':>12}  {'worth':>9}", False)]
    for id, title, passed, points in rows:
        done = passed.split()[0] == passed.split()[-1]
        lines.append((f"{id:<5} {title:<{width}}  {passed:>12}  {points:>4g} points", done))
    return lines
