"""A class in numbers: everything the class page shows, computed before any of it is drawn."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import NamedTuple

from autograder.grading.verdict import ClassResult, Record
from autograder.homework import Homework
from autograder.report.text import Clipped, clip, number, one_line
from autograder.report.wording import LOST, STATUSES, Look, look_at


class Spread(NamedTuple):
    """Mean, median and quartiles of some points; None where there is nothing to average."""

    count: int
    mean: float | None
    median: float | None
    lower: float | None
    upper: float | None


class ExerciseSummary(NamedTuple):
    """How one exercise went: `levels` counts submissions with no points, below half, half or more, full."""

    id: str
    title: str
    max_points: float
    levels: tuple[int, int, int, int]
    held: int
    spread: Spread


class TestSummary(NamedTuple):
    """How often one hidden test did not pass, and in which ways."""

    test: str
    exercise: str
    sentence: str
    lost: int
    of: int
    ways: list[tuple[str, int]]


class MisconceptionSummary(NamedTuple):
    """How many submissions show one known mistake."""

    exercise: str
    misconception: str
    hint: str
    count: int


class Row(NamedTuple):
    """One student in the class's table; points are None where nothing was graded."""

    student: Clipped
    page: str
    points: list[float | None]
    total: float
    states: list[str]
    looks: list[Look]


def ordered(records: list[Record]) -> list[Record]:
    """Return the records sorted by student, upper and lower case together."""
    return sorted(records, key=lambda record: (record.student.casefold(), record.student, record.source))


def points(record: Record) -> float:
    """Return the points of a record; what was refused or never came has none."""
    return record.verdict.points if record.verdict else 0.0


def spread(values: list[float]) -> Spread:
    """Return the location and spread of `values`; quartiles need two of them."""
    if not values:
        return Spread(0, None, None, None, None)
    lower = upper = values[0]
    if len(values) > 1:
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(len(values), statistics.fmean(values), statistics.median(values), lower, upper)


def exercises(records: list[Record], homework: Homework) -> list[ExerciseSummary]:
    """Summarise every exercise over the submissions that were graded."""
    summaries = []
    for exercise in homework.exercises:
        results = [
            result
            for record in records
            if record.verdict
            for result in record.verdict.exercises
            if result.id == exercise.id
        ]
        levels = Counter(_level(result.points, result.max_points) for result in results)
        summaries.append(
            ExerciseSummary(
                exercise.id,
                exercise.title,
                exercise.points,
                tuple(levels[level] for level in range(4)),
                sum(result.pending > 0 for result in results),
                spread([result.points for result in results]),
            )
        )
    return summaries


def _level(got: float, of: float) -> int:
    if got <= 0:
        return 0
    if got >= of - 1e-6:
        return 3
    return 2 if got >= of / 2 else 1


def failing_tests(records: list[Record], limit: int = 12) -> list[TestSummary]:
    """Return the tests that the most submissions do not pass, `todo` apart from the rest, at most `limit`."""
    ways: dict[str, Counter] = {}
    about = {}
    for record in records:
        for test in record.verdict.tests if record.verdict else []:
            ways.setdefault(test.test, Counter())[test.status] += 1
            about[test.test] = test
    summaries = [
        TestSummary(
            name,
            about[name].exercise,
            about[name].sentence,
            sum(counted[status] for status in LOST if status != "todo"),
            counted.total(),
            [(status, counted[status]) for status in LOST if counted[status]],
        )
        for name, counted in ways.items()
    ]
    worst = sorted(summaries, key=lambda summary: (-summary.lost, summary.exercise, summary.test))
    return [summary for summary in worst if summary.lost][:limit]


def misconceptions(records: list[Record]) -> list[MisconceptionSummary]:
    """Return the known mistakes found in the class, the most frequent first, each once a submission."""
    found: Counter = Counter()
    hint = {}
    for record in records:
        diagnoses = record.verdict.diagnoses if record.verdict else []
        own = {(diagnosis.exercise, diagnosis.misconception): diagnosis.hint for diagnosis in diagnoses}
        found.update(own.keys())
        hint.update(own)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [MisconceptionSummary(*key, hint[key], n) for key, n in ranked]


def statuses(records: list[Record]) -> list[tuple[str, int]]:
    """Return how many results ended in each status, zero included, over the whole class."""
    found = Counter(test.status for record in records if record.verdict for test in record.verdict.tests)
    return [(status, found[status]) for status in STATUSES]


def rows(records: list[Record], pages: list[str], homework: Homework) -> list[Row]:
    """Return the table of the class; `pages` are the file names of the students' pages, in the same order."""
    table = []
    for record, page in zip(records, pages, strict=True):
        earned = {result.id: result.points for result in record.verdict.exercises} if record.verdict else {}
        found = look_at(record)
        held = record.verdict.pending if record.verdict else 0.0
        kinds = [look.kind for look in found if look.kind != "pending"]
        table.append(
            Row(
                clip(one_line(record.student, 5000), 60),
                page,
                [earned.get(exercise.id) for exercise in homework.exercises],
                points(record),
                kinds + [f"{number(held)} held back"] if held else kinds,
                found,
            )
        )
    return table


def warnings(result: ClassResult) -> list[str]:
    """Return what the reader must know before trusting these grades."""
    found = []
    tiers = {record.verdict.tier for record in result.records if record.verdict} | {result.tier}
    if "none" in tiers:
        found.append(
            "Graded without a sandbox (tier “none”): submitted code ran with the grader's own rights, "
            "so these grades can have been forged. Grade again on a machine with a sandbox before they count."
        )
    if result.development_secret:
        found.append(
            "Graded with the published development secret: anybody can work out the hidden tests' inputs. "
            "Set the course's own secret and grade again before these grades count."
        )
    if len(tiers - {""}) > 1:
        names = ", ".join(sorted(tiers - {""}))
        found.append(f"Not every submission was graded in the same sandbox: {names}.")
    return found
