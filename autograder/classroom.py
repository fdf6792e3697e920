"""Many submissions: a pool of graders over the cores, resumable at any moment.

A submission that is done is never graded again; two equal submissions are graded once; a grader that dies costs
one attempt at one submission. What goes wrong with one submission never reaches another.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import wait

import msgspec

from autograder.errors import UserError
from autograder.grading.process import GraderDied, GraderProcess
from autograder.grading.store import Store
from autograder.grading.suite import Extent, Job, Options, grade_jobs
from autograder.grading.verdict import ClassResult, Record, TestResult, Verdict, exercise_results
from autograder.homework import Homework
from autograder.intake import Submission
from autograder.sandbox.tiers import THREADS

ATTEMPTS = 2  # a grader that dies twice over one submission will die again
PATIENCE = 300.0  # seconds beyond a submission's own limit before its grader is taken for dead


@dataclass(frozen=True)
class Policy:
    """How to grade a class."""

    tier: str
    secret: bytes
    development_secret: bool
    processes: int = 0  # 0: one for each core that this process may use
    notes: str = ""  # folder of what is decided once for the class; "": every grader decides for itself


@dataclass
class Task:
    """One distinct submission on its way, and who handed it in."""

    key: str
    submission: Submission
    extent: Extent = Extent()
    attempts: int = 0


@dataclass
class Seat:
    """One place in the pool."""

    grader: GraderProcess | None = None
    task: Task | None = None
    since: float = field(default_factory=time.monotonic)


def grade_class(
    homework: Homework,
    submissions: list[Callable[[], Submission]],
    store: Store,
    policy: Policy,
    done: Callable[[int], None] = lambda count: None,
) -> ClassResult:
    """Grade every submission that has no verdict yet; return the class.

    Args:
        submissions: one function for each arrival, which opens it; they are called one by one, so that a large
            class is never in memory at once.
        done: called with the number of arrivals that have just been finished.
    """
    records: list[tuple[Record, str]] = []
    verdicts: dict[str, Verdict] = {}
    waiting: dict[str, int] = {}

    def tasks():
        for receive in submissions:
            submission = receive()
            key = store.key(submission.digest, homework.version, policy.tier, policy.secret)
            has_notebook = homework.notebook in submission.files
            notes = list(submission.notes)
            record = Record(submission.student, submission.source, notes, submission.refused, None, has_notebook)
            records.append((record, key))
            if submission.refused or key in verdicts:
                done(1)
            elif key in waiting:
                waiting[key] += 1
            elif (verdict := store.load(key)) is not None:
                verdicts[key] = verdict
                done(1)
            else:
                waiting[key] = 1
                yield Task(key, submission)

    policy = replace(policy, notes=str(store.out / "diagnosis"))
    for key, verdict in run_pool(homework, tasks(), policy):
        if not any(test.status == "internal" for test in verdict.tests):
            store.save(key, verdict)  # a fault of ours is worth another attempt next time
        verdicts[key] = verdict
        done(waiting.pop(key))
    result = ClassResult(
        homework=homework.name,
        title=homework.title,
        records=[
            record if record.refused else msgspec.structs.replace(record, verdict=verdicts[key])
            for record, key in sorted(records, key=lambda pair: pair[0].student)
        ],
        tier=policy.tier,
        development_secret=policy.development_secret,
    )
    store.save_class(result)
    return result


def run_pool(homework: Homework, tasks, policy: Policy):
    """Yield (key, verdict) as graders finish, keeping every seat busy."""
    share_cores()
    seats = [Seat() for _ in range(policy.processes or cores())]
    again: deque[Task] = deque()
    tasks = iter(tasks)
    try:
        while True:
            for seat in seats:
                while seat.task is None and (task := _next(again, tasks)) is not None:
                    _start(homework, policy, seat, task, again)
            busy = [seat for seat in seats if seat.task is not None]
            if not busy:
                return
            for seat in _finished(busy, homework):
                task, seat.task = seat.task, None
                try:
                    yield task.key, seat.grader.receive()
                except GraderDied as reason:
                    seat.grader.stop()
                    seat.grader = None
                    if task.attempts < ATTEMPTS:
                        again.append(task)
                    else:
                        yield task.key, _internal(homework, policy, task, str(reason))
    finally:
        for seat in seats:
            if seat.grader is not None:
                seat.grader.stop()


def share_cores() -> None:
    """Let libraries of the processes started from now on use one core each: they share the machine."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _next(again: deque[Task], tasks) -> Task | None:
    return again.popleft() if again else next(tasks, None)


def _start(homework: Homework, policy: Policy, seat: Seat, task: Task, again: deque[Task]) -> None:
    fresh = seat.grader is None
    if fresh:
        options = Options(policy.tier, policy.secret, policy.notes)
        seat.grader = GraderProcess(partial(grade_jobs, homework.root, options))
    try:
        seat.grader.send(Job(task.submission, task.extent))
    except GraderDied as reason:
        seat.grader.stop()
        seat.grader = None
        if fresh:
            raise UserError(f"{homework.name}: the grader does not start: {reason}") from None
        again.append(task)  # it died while it had nothing to do: no attempt was made
        return
    task.attempts += 1
    seat.task, seat.since = task, time.monotonic()


def _finished(busy: list[Seat], homework: Homework) -> list[Seat]:
    """Wait until some seats have an answer or have overrun; a grader that overran is killed and counts as dead."""
    ready = wait([seat.grader.connection for seat in busy], timeout=1.0)
    finished = [seat for seat in busy if seat.grader.connection in ready]
    for seat in busy:
        if time.monotonic() - seat.since > homework.limits.submission_seconds + PATIENCE and seat not in finished:
            seat.grader.process.kill()
            finished.append(seat)
    return finished


def _internal(homework: Homework, policy: Policy, task: Task, reason: str) -> Verdict:
    """Return the verdict of a submission that our own graders could not survive."""
    tests = [
        TestResult("grading", exercise.id, "internal", "This exercise could not be graded yet.", staff=reason)
        for exercise in homework.exercises
    ]
    return Verdict(
        homework=homework.name,
        homework_version=homework.version,
        submission=task.submission.digest,
        tier=policy.tier,
        tests=tests,
        exercises=exercise_results(homework.exercises, tests),
        diagnoses=[],
        seconds=0.0,
        cause="the grader stopped while working on this submission",
    )
