"""What a student may read of a verdict, and what staff should look at.

The student's side leaves out the names of hidden tests, the grader's paths and everything that an internal
fault printed; the page and the gradebook's comments are both made from it, so that neither can say more
than the other.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from autograder.grading.verdict import Record, TestResult, Verdict
from autograder.homework import Homework
from autograder.report.text import Clipped, clip, count, neutralise, number, one_line, without_paths

LONGEST = 20_000  # characters of a message that are looked at; it may hold whatever a student raised
OURS = "Something went wrong on our side while this was checked. It costs you nothing; somebody will look."


class StatusWord(NamedTuple):
    """How a status is called on a page, and what it means to the student who got it."""

    word: str
    meaning: str


STATUSES = {
    "passed": StatusWord("passed", "Your code does what the sentence says."),
    "failed": StatusWord("failed", "Your code ran, but what it returned is not right yet."),
    "todo": StatusWord("to do", "Untouched: the exercise still raises NotImplementedError."),
    "error": StatusWord("error", "Your code stopped with an exception."),
    "timeout": StatusWord("too slow", "Your code was stopped because it took too long."),
    "memory": StatusWord("memory", "Your code was stopped because it used too much memory."),
    "skipped": StatusWord("not run", "Not run, and not counted."),
    "internal": StatusWord("our fault", "Something failed on our side. It never costs you points; somebody will look."),
}
LOST = ("failed", "todo", "error", "timeout", "memory")


class TestView(NamedTuple):
    """One hidden test as its student sees it; `repeated` says that its message stands further up already."""

    status: str
    sentence: str
    message: Clipped
    repeated: bool


class ExerciseView(NamedTuple):
    """One exercise as its student sees it."""

    id: str
    title: str
    points: float
    max_points: float
    pending: float
    hints: list[str]
    tests: list[TestView]


class Look(NamedTuple):
    """A reason for staff to open a submission."""

    kind: str
    reason: str


def exercise_views(record: Record, homework: Homework) -> list[ExerciseView]:
    """Return every exercise of the homework with its points, hints and tests, if there is a verdict."""
    results = {exercise.id: exercise for exercise in record.verdict.exercises} if record.verdict else {}
    seen: set[str] = set()
    views = []
    for exercise in homework.exercises:
        result = results.get(exercise.id)
        given = record.verdict.tests if record.verdict else []
        tests = [test for test in given if test.exercise == exercise.id]
        views.append(
            ExerciseView(
                exercise.id,
                exercise.title,
                result.points if result else 0.0,
                exercise.points,
                result.pending if result else 0.0,
                hints(record.verdict, exercise.id),
                [_test_view(test, place, record.verdict, seen) for place, test in enumerate(tests, 1)],
            )
        )
    return views


def hints(verdict: Verdict | None, exercise: str) -> list[str]:
    """Return the hints that an exercise's diagnoses earn, each once."""
    given = verdict.diagnoses if verdict else []
    return list(dict.fromkeys(found.hint for found in given if found.exercise == exercise))


def for_student(text: str, verdict: Verdict | None) -> str:
    """Return `text` without paths of the grader and without the names of hidden tests."""
    text = without_paths(neutralise(text))
    given = verdict.tests if verdict else []
    names = {name for test in given for name in (test.test, test.test.split("[")[0])}
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "a hidden test", text)
    return text


def _test_view(test: TestResult, place: int, verdict: Verdict, seen: set[str]) -> TestView:
    sentence = one_line(test.sentence)
    if not sentence or sentence == test.test:
        sentence = f"Check {place} of exercise {test.exercise}."
    raw = OURS if test.status == "internal" else test.message
    message = for_student(raw[:LONGEST], verdict).strip()
    repeated = message in seen
    seen.update({message} - {""})
    text, cut = clip("" if repeated else message)
    shown = Clipped(text, cut + max(0, len(raw) - LONGEST))
    return TestView(test.status, for_student(sentence, verdict), shown, repeated)


def look_at(record: Record) -> list[Look]:
    """Return why staff should open this submission, the gravest reason first; mostly nothing."""
    if record.refused:
        return [Look("refused", one_line(record.refused))]
    if record.verdict is None:
        return [Look("absent", "nothing was handed in")]
    verdict, looks = record.verdict, []
    if verdict.cause:
        looks.append(Look("stopped", one_line(verdict.cause)))
    faults = [test for test in verdict.tests if test.status == "internal"]
    if faults or verdict.pending:
        held = f"{count(len(faults), 'test')} failed on our side, {number(verdict.pending)} points held back"
        first = next((one_line(test.staff.strip().splitlines()[-1], 160) for test in faults if test.staff.strip()), "")
        looks.append(Look("pending", f"{held}: {first}" if first else held))
    for status, words in {"timeout": "stopped for time", "memory": "stopped for memory"}.items():
        if stopped := sum(test.status == status for test in verdict.tests):
            looks.append(Look(status, f"{count(stopped, 'test')} {words}"))
    return looks
