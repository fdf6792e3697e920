"""From a class as an LMS exports it to verdicts, pages, a table and a gradebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.table import Table
from rich.text import Text

from autograder.classroom import Policy, grade_class
from autograder.errors import Interrupted, UserError
from autograder.export.table import write_table
from autograder.gradebook import write_gradebook
from autograder.grading.store import Store
from autograder.grading.verdict import ClassResult, Record
from autograder.homework import Homework
from autograder.intake import arrivals, receive
from autograder.report.files import write_pages
from autograder.report.text import one_line
from autograder.sandbox.box import remove_remains

COLOURS = {"passed": "green", "todo": "yellow", "internal": "magenta", "skipped": "dim"}


def grade_to_reports(
    homework: Homework, submissions: Path, out: Path, policy: Policy, progress: Callable, gradebook: str
) -> ClassResult:
    """Grade what `submissions` holds and write everything below `out`; `progress` makes a tqdm-like bar."""
    found = arrivals(submissions, homework)
    store = Store(out)
    store.check_writable()
    if (before := store.load_class()) and before.homework != homework.name:
        raise UserError(f"{out}: holds grades of {before.homework}, got {homework.name}; choose another --out")
    remove_remains()
    opened = [partial(receive, arrival, homework) for arrival in found]
    with progress(total=len(found)) as bar:
        try:
            result = grade_class(homework, opened, store, policy, bar.update)
        except KeyboardInterrupt:
            done = f"{bar.n} of {len(found)} submissions are done"
            raise Interrupted(f"interrupted; {done} and kept; the same command goes on from there") from None
    write_outputs(result, homework, out, gradebook)
    return result


def write_outputs(result: ClassResult, homework: Homework, out: Path, gradebook: str = "") -> None:
    """Write pages, table and gradebook of a graded class."""
    write_pages(result, homework, out)
    write_table(result, homework, out / "grades.csv")
    with_notebook = {record.student for record in result.records if record.notebook}
    write_gradebook(result, homework, gradebook or out / "gradebook.db", notebooks=with_notebook)


def result_table(result: ClassResult) -> Table:
    """Return the class as a table for the terminal."""
    table = Table(
        title=f"{result.title}: {len(result.records)} submissions, sandbox {result.tier}",
        title_justify="left",
    )
    for name, justify in [
        ("student", "left"),
        ("points", "right"),
        ("tests", "left"),
        ("what happened", "left"),
    ]:
        table.add_column(name, justify=justify, overflow="fold")
    for record in result.records:
        table.add_row(Text(one_line(record.student, 40)), _points(record), _statuses(record), Text(_remark(record)))
    return table


def _points(record: Record) -> str:
    return f"{record.verdict.points:g} / {record.verdict.max_points:g}" if record.verdict else "refused"


def _statuses(record: Record) -> Text:
    counts = Counter(test.status for test in record.verdict.tests) if record.verdict else {}
    text = Text()
    for status, count in sorted(counts.items()):
        text.append(f"{count} {status}  ", style=COLOURS.get(status, "red"))
    return text


def _remark(record: Record) -> str:
    if record.refused:
        return one_line(record.refused, 160)
    hints = [diagnosis.misconception for diagnosis in record.verdict.diagnoses]
    parts = [record.verdict.cause, ", ".join(dict.fromkeys(hints)), *record.notes]
    said = [part for part in parts if part] or [test.message for test in record.verdict.tests if test.message][:1]
    return one_line("; ".join(said), 160)
