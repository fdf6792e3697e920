"""What grading says, as records: the JSON on disk, the input of every report and export.

A verdict knows nothing of the student; it is named by content and may serve two students who hand in the same
files. A `Record` ties it to a student. `SCHEMA` rises whenever a field changes its meaning.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = 1

Status = Literal["passed", "failed", "todo", "error", "timeout", "memory", "skipped", "internal"]


class TestResult(msgspec.Struct, frozen=True):
    """One hidden test. `sentence` and `message` are for the student, `test` and `staff` for staff only."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    test: str
    exercise: str
    status: Status
    sentence: str
    message: str = ""
    weight: float = 1.0
    seconds: float = 0.0
    staff: str = ""


class ExerciseResult(msgspec.Struct, frozen=True):
    """Points of one exercise; `pending` are held back by a fault of ours until somebody has looked."""

    id: str
    title: str
    points: float
    max_points: float
    pending: float = 0.0


class Diagnosis(msgspec.Struct, frozen=True):
    """A known mistake whose values equal the student's, with the hint it earns."""

    exercise: str
    misconception: str
    hint: str


class Verdict(msgspec.Struct, frozen=True):
    """What grading one submission says."""

    homework: str
    homework_version: str
    submission: str
    tier: str
    tests: list[TestResult]
    exercises: list[ExerciseResult]
    diagnoses: list[Diagnosis]
    seconds: float
    cause: str = ""
    schema: int = SCHEMA

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def max_points(self) -> float:
        return sum(exercise.max_points for exercise in self.exercises)

    @property
    def pending(self) -> float:
        return sum(exercise.pending for exercise in self.exercises)


class Record(msgspec.Struct, frozen=True):
    """One thing that was handed in: whose it is, what intake said, and the verdict unless it was refused."""

    student: str
    source: str
    notes: list[str]
    refused: str = ""
    verdict: Verdict | None = None
    notebook: bool = True  # came with its notebook, so that written answers wait for a person


class ClassResult(msgspec.Struct, frozen=True):
    """A graded class, sorted by student."""

    homework: str
    title: str
    records: list[Record]
    tier: str
    development_secret: bool


def exercise_results(exercises, tests: list[TestResult]) -> list[ExerciseResult]:
    """Turn statuses into points: an exercise's points are shared out over its tests by weight.

    `internal` earns nothing yet and is kept apart as pending; `skipped` tests do not count at all.
    """
    results = []
    for exercise in exercises:
        counted = [test for test in tests if test.exercise == exercise.id and test.status != "skipped"]
        total = sum(test.weight for test in counted)
        earned = sum(test.weight for test in counted if test.status == "passed")
        held = sum(test.weight for test in counted if test.status == "internal")
        if not total:  # nothing was tested, which is our fault
            results.append(ExerciseResult(exercise.id, exercise.title, 0.0, exercise.points, exercise.points))
            continue
        share = exercise.points / total
        results.append(
            ExerciseResult(
                exercise.id, exercise.title, round(earned * share, 4), exercise.points, round(held * share, 4)
            )
        )
    return results
