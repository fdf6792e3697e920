"""The hidden tests of a homework on one submission after another.

Each job names a submission and how far to go with it: a class wants everything, a proof leaves out what follows
from the reference's own run. Every test runs with a `student` that reaches that submission's sandbox.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.diagnosis import BUDGET, Diagnostician
from autograder.grading.judge import BLAMABLE, UNFIT, judge
from autograder.grading.reach import Place, changes
from autograder.grading.replay import Replay
from autograder.grading.session import Session, exercise_of, run_session
from autograder.grading.variants import given_files, load_variants
from autograder.grading.verdict import TestResult, Verdict, exercise_results
from autograder.homework import Homework, load
from autograder.intake import Submission
from autograder.sandbox.box import Sandbox
from course.testing.outcome import sentence_of
from course.testing.recorder import Recorder

ASIDE = frozenset(["passed", "todo", "internal", "skipped"])  # statuses that no mistake explains
PATIENCE_LEAST, PATIENCE_TIMES = 0.5, 5.0  # seconds, and multiples of the reference's time, that a hurried test gets


@dataclass(frozen=True)
class Options:
    """How to grade: on which tier, with which secret; `notes`, a folder for what is decided once for a class, or ""."""

    tier: str
    secret: bytes
    notes: str = ""


@dataclass(frozen=True)
class Extent:
    """How far to go with one submission.

    exercises: run the tests of these only; () means of all.
    diagnosis: seconds, see `diagnosis.BUDGET`; 0 looks for no mistakes.
    reached_only: do not run a test that enters nothing in which the submission differs from the reference: it passes
        as it does there.
    until_loss: stop at the first test that is not passed.
    brief: let tests that a diagnosis looks at come first, and leave out the others of an exercise that lost marks.
    seconds: by test, how long the reference takes in the sandbox. Tests then run in an order that finds a loss soon,
        those of changed files first, then by time, and each is stopped at a small multiple of its time.
    """

    exercises: tuple[str, ...] = ()
    diagnosis: float = BUDGET
    reached_only: bool = False
    until_loss: bool = False
    brief: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One submission to grade."""

    submission: Submission
    extent: Extent = Extent()


def grade_jobs(root: Path, options: Options, jobs: Iterable[Job], emit: Callable[[Verdict], None]) -> None:
    """Grade every job for the homework in the folder `root`, and hand each verdict to `emit`."""
    run_session(Grader(load(root), options, jobs, emit))


class Grader(Session):
    """The session that grades."""

    def __init__(self, homework: Homework, options: Options, jobs: Iterable[Job], emit: Callable[[Verdict], None]):
        super().__init__(homework, options.secret)
        self.options, self.jobs, self.emit = options, jobs, emit
        self.replay = Replay(self)

    def work(self, items: list) -> None:
        """Grade one submission after the other."""
        self.items, notes = items, self.options.notes
        known = load_variants(self.homework).misconceptions
        self.diagnostician = Diagnostician(self.replay, items, known, Path(notes) if notes else None)
        for job in self.jobs:
            self.emit(self.grade(job.submission, job.extent))

    def grade(self, submission: Submission, extent: Extent) -> Verdict:
        """Run the hidden tests on one submission."""
        began = time.monotonic()
        files = {name: data for name, data in submission.files.items() if name in self.homework.files}
        given = {name: text.encode() for name, text in given_files(self.homework).items()}
        box = Sandbox(
            self.options.tier, self.homework.limits, given | files, self.homework.modules, self.homework.preload
        )
        with box:
            results, failed = self.run_all(box, files, extent)
        exercises = [each for each in self.homework.exercises if not extent.exercises or each.id in extent.exercises]
        return Verdict(
            homework=self.homework.name,
            homework_version=self.homework.version,
            submission=submission.digest,
            tier=self.options.tier,
            tests=results,
            exercises=exercise_results(exercises, results),
            diagnoses=self.diagnostician.find(failed, extent.diagnosis) if extent.diagnosis else [],
            seconds=round(time.monotonic() - began, 3),
            cause="; ".join(box.causes),
        )

    def run_all(self, box: Sandbox, files: dict[str, bytes], extent: Extent) -> tuple[list[TestResult], dict]:
        """Run the tests that the extent asks for; return results, and (exercise, transcript) of those that failed."""
        results, failed, lost = [], {}, set()
        changed = self.changed(files) if extent.reached_only else frozenset()
        for item in self.ordered(extent, changed):
            if changed and changed.isdisjoint(self.replay.run(item).entered):
                results.append(result_of(item, "passed", staff="not run: it enters nothing that differs"))
                continue
            if extent.brief and exercise_of(item)[0] in lost and not self.looks_at(item, extent):
                continue
            recorder = Recorder()
            results.append(result := self.run_in(box, item, recorder, extent.seconds.get(item.name, math.inf)))
            if result.status not in ASIDE:
                failed[item.nodeid] = (result.exercise, recorder.entries)
            if result.status != "passed":
                lost.add(result.exercise)
            if extent.until_loss and lost:
                break
        return results, failed

    def changed(self, files: dict[str, bytes]) -> frozenset[Place]:
        """Return where a variant of our own differs from the reference; a stranger's code is not to be parsed here."""
        return changes({name: data.decode() for name, data in files.items()}, self.replay.reference.files)

    def ordered(self, extent: Extent, changed: frozenset[Place]) -> list:
        """Return the tests to run, in order."""
        items = [item for item in self.items if not extent.exercises or exercise_of(item)[0] in extent.exercises]
        modules = {module for module, _ in changed}
        if extent.brief:
            items.sort(key=lambda item: not self.looks_at(item, extent))
        if extent.seconds:
            seconds = {item: extent.seconds.get(item.name, math.inf) for item in items}
            items.sort(key=lambda item: (self.module_of(item) not in modules, seconds[item]))
        return items

    def looks_at(self, item, extent: Extent) -> bool:
        """Tell whether the diagnosis looks at a test."""
        return self.diagnostician.looks_at(item.nodeid, exercise_of(item)[0], extent.diagnosis)

    def module_of(self, item) -> str:
        """Return the module in which a test's exercise is to be solved."""
        return Path(self.homework.exercise(exercise_of(item)[0]).file).stem

    def run_in(self, box: Sandbox, item, recorder: Recorder, seconds: float = math.inf) -> TestResult:
        """Run one test against the sandbox; seconds: what the reference takes."""
        began = time.monotonic()
        try:
            with box.test(recorder, PATIENCE_LEAST + PATIENCE_TIMES * seconds) as student:
                error = self.run(item, student)
        except Exception as fault:  # whatever happens to one submission, the next is graded
            error = fault
        status, message, staff = judge(error)
        if status == "internal" and isinstance(error, BLAMABLE) and self.replay.run(item).passed:
            status, message = "failed", UNFIT
        return result_of(item, status, message, round(time.monotonic() - began, 3), staff)


def result_of(item, status: str, message: str = "", seconds: float = 0.0, staff: str = "") -> TestResult:
    """Return what is said of one test."""
    exercise, weight = exercise_of(item)
    return TestResult(item.name, exercise, status, sentence_of(item.function), message, weight, seconds, staff)
