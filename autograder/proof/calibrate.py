"""`autograder calibrate`: how often does a hidden test fail somebody who is right?

A test that draws its data at random may pass today and fail a correct solution under next year's secret. So the
tests are run, in this project's own processes, on the reference and the alternatives under many course secrets.
A test that draws nothing has nothing to vary: it is run once.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from autograder.classroom import cores, share_cores
from autograder.errors import Interrupted, UserError
from autograder.grading.judge import judge
from autograder.grading.process import GraderDied, GraderProcess
from autograder.grading.session import Session, exercise_of, run_session
from autograder.grading.variants import Variant, given_files, load_variants
from autograder.homework import Homework, load
from autograder.proof.tally import Calibration, Failure, Results, Tally, load_results, result_table, save_results
from course.testing import LocalStudent
from course.testing.seeding import SECRET

BATCH_SECONDS, MOST_SEEDS = 2.0, 50  # that a process takes at once, about: so much is lost when it is killed
ENOUGH = 20  # failures of one solution in one test: more runs would tell nothing new
OVERRUN = 3.0  # times a test's limit in processor time: a solution that needs more hangs
SAVE_EVERY = 2.0  # seconds


class Test(NamedTuple):
    """One hidden test; `random`: it draws data."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    id: str
    name: str
    exercise: str
    random: bool


class Batch(NamedTuple):
    """Runs to make: one test, one solution, some seeds."""

    test: Test
    solution: str
    seeds: tuple[int, ...]


class Plan(NamedTuple):
    """What to calibrate: solutions and, for each, the tests that can tell it from another."""

    homework: Homework
    pairs: list[tuple[Variant, Test]]
    seeds: int


def secret_of(seed: int) -> bytes:
    """Return the course secret that a seed stands for."""
    return f"calibration {seed}".encode()


class Calibrator(Session):
    """The session of one process: lists the tests when asked None, else makes a batch of runs."""

    def __init__(self, homework: Homework, jobs: Iterable[Batch | None], emit: Callable):
        super().__init__(homework, secret_of(0))
        self.jobs, self.emit = jobs, emit
        self.given = given_files(homework)
        variants = load_variants(homework)
        self.solutions = {each.id: each for each in (variants.reference, *variants.alternatives)}

    def work(self, items: list) -> None:
        by_id = {item.nodeid: item for item in items}
        for job in self.jobs:
            if job is None:
                self.emit([Test(i.nodeid, i.name, exercise_of(i)[0], "rng" in i.fixturenames) for i in items])
            else:
                self.emit(self.made(by_id[job.test.id], self.given | self.solutions[job.solution].files, job.seeds))

    def made(self, item, sources: dict[str, str], seeds: tuple[int, ...]) -> Results:
        """Run one test on one solution under some secrets."""
        failures, slowest, total = [], 0.0, 0.0
        for seed in seeds:
            self.draw_from(secret_of(seed))
            began = time.process_time()
            limit = OVERRUN * self.homework.limits.test_seconds
            status, message, staff = judge(self.run(item, LocalStudent.from_sources(sources), limit))
            seconds = time.process_time() - began
            slowest, total = max(slowest, seconds), total + seconds
            if status not in ("passed", "skipped"):
                failures.append(Failure(seed, status, staff.strip() or message))
        return Results(seeds, failures, total, slowest)


def calibrate_jobs(root: Path, jobs: Iterable[Batch | None], emit: Callable) -> None:
    """Serve batches for the homework in the folder `root`."""
    run_session(Calibrator(load(root), jobs, emit))


def calibrate(
    homework: Homework,
    seeds: int,
    out: Path,
    progress: Callable,
    exercise: str = "",
    test: str = "",
    alternatives: bool = False,
    processes: int = 0,
) -> tuple[Plan, Calibration]:
    """Run what was not run before, keep it below `out`, and return what was asked for with all that is known.

    progress: makes a tqdm-like bar. Raises Interrupted on ^C, with everything kept, and UserError if there is no such
    exercise or test, or if a process dies.
    """
    share_cores()
    work = partial(calibrate_jobs, homework.root)
    path = out / f"{homework.name}.json"
    first = GraderProcess(work)
    try:
        plan = _plan(homework, seeds, _tests(first, homework), exercise, test, alternatives)
        known = load_results(path, homework.version)
        todo = sum(len(_missing(known, *pair, seeds)) for pair in plan.pairs)
        total = sum(_wanted(each, seeds) for _, each in plan.pairs)
        with progress(total=total, initial=total - todo) as bar:
            try:
                _run(plan, known, work, first, processes or cores(), path, bar)
            except KeyboardInterrupt:
                save_results(path, known)
                said = f"{bar.n} of {total} runs are done"
                raise Interrupted(f"interrupted; {said} and kept; the same command goes on from there") from None
        save_results(path, known)
        return plan, known
    finally:
        first.stop()


def _tests(process: GraderProcess, homework: Homework) -> list[Test]:
    try:
        process.send(None)
        return process.receive()
    except GraderDied as reason:
        raise UserError(f"{homework.name}: the tests cannot be listed: {reason}") from None


def _plan(homework, seeds, tests: list[Test], exercise: str, name: str, alternatives: bool) -> Plan:
    if name and name not in {each.name for each in tests}:
        known = ", ".join(each.name for each in tests if each.exercise == exercise or not exercise)
        raise UserError(f"{homework.name}: got test {name!r}, expected one of: {known}")
    tests = [each for each in tests if exercise in ("", each.exercise) and name in ("", each.name)]
    if not tests:
        raise UserError(f"{homework.name}: {name} is no test of exercise {exercise}; leave one of the two out")
    variants = load_variants(homework)
    reference = variants.reference
    pairs = [(reference, each) for each in tests]
    for variant in variants.alternatives if alternatives else ():
        changed = {file for file, text in variant.files.items() if text != reference.files[file]}
        pairs += [(variant, each) for each in tests if homework.exercise(each.exercise).file in changed]
    return Plan(homework, pairs, seeds)


def _wanted(test: Test, seeds: int) -> int:
    return seeds if test.random else 1


def _missing(known: Calibration, solution: Variant, test: Test, seeds: int) -> list[int]:
    tally = known.tally(solution.id, test.id)
    if tally.failed >= ENOUGH:
        return []
    return [seed for seed in range(_wanted(test, seeds)) if seed not in tally.seeds]


def _batches(plan: Plan, known: Calibration) -> Iterator[Batch]:
    """Yield what is missing, all tests side by side, so that an interrupted run knows something of each."""
    missing = {pair: _missing(known, *pair, plan.seeds) for pair in plan.pairs}
    while any(missing.values()):
        for (solution, test), seeds in missing.items():
            if known.tally(solution.id, test.id).failed >= ENOUGH:
                seeds.clear()
            if seeds:
                count = known.tally(solution.id, test.id).runs_in(BATCH_SECONDS, MOST_SEEDS)
                yield Batch(test, solution.id, tuple(seeds[:count]))
                del seeds[:count]


def _run(plan: Plan, known: Calibration, work, first: GraderProcess, count: int, path: Path, bar) -> None:
    saved = time.monotonic()
    for batch, results in _answers(_batches(plan, known), work, first, count):
        known.tally(batch.solution, batch.test.id).add(results)
        bar.update(len(batch.seeds))
        if time.monotonic() - saved > SAVE_EVERY:
            save_results(path, known)
            saved = time.monotonic()


def _answers(batches: Iterator[Batch], work, first: GraderProcess, count: int) -> Iterator[tuple[Batch, Results]]:
    """Keep so many processes busy; yield (batch, results) as they come."""
    helpers, busy = [first], {}
    try:
        for batch in batches:
            free = [each for each in helpers if each.connection not in busy]
            if not free and len(helpers) < count:
                free = [GraderProcess(work)]
                helpers += free
            while not free:
                yield from _ready(busy)
                free = [each for each in helpers if each.connection not in busy]
            free[0].send(batch)
            busy[free[0].connection] = free[0], batch
        while busy:
            yield from _ready(busy)
    except GraderDied as reason:
        running = "; ".join(f"{batch.test.name} on {batch.solution}, seeds {batch.seeds}" for _, batch in busy.values())
        raise UserError(f"a process that ran tests ended: {reason}; it ran one of: {running}") from None
    finally:
        for helper in helpers[1:]:
            helper.stop()


def _ready(busy: dict) -> Iterator[tuple[Batch, Results]]:
    for connection in wait(list(busy)):
        helper, batch = busy[connection]
        results = helper.receive()
        del busy[connection]
        yield batch, results


def summary(plan: Plan, known: Calibration) -> Table:
    """Return all that is known of what was asked for, a row for each test."""
    solutions: dict[Test, list[Tally]] = {}
    for solution, test in plan.pairs:
        solutions.setdefault(test, []).append(known.tally(solution.id, test.id))
    rows = [(test.exercise, test.name, test.random, tallies) for test, tallies in solutions.items()]
    return result_table(f"{plan.homework.name}: correct solutions under other secrets", rows)


def failures(plan: Plan, known: Calibration, out: Path) -> list[str]:
    """Return two lines for each kept failure: what was said, and how to see it again; write the solution to `out`."""
    lines = []
    for solution, test in plan.pairs:
        for example in known.tally(solution.id, test.id).examples:
            folder = out / plan.homework.name / solution.id
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in (given_files(plan.homework) | solution.files).items():
                (folder / name).write_text(text, encoding="utf-8")
            said = example.message.strip().splitlines()[-1 if example.status == "internal" else 0 :][:1]
            again = f"{SECRET}={shlex.quote(secret_of(example.seed).decode())} python -m pytest --student {folder}"
            where = f"{plan.homework.root.name}/hidden/{test.id}"
            lines.append(f"{test.name}, {solution.id}, seed {example.seed}: {example.status}: {''.join(said)}")
            lines.append(f"    again: {again} {shlex.quote(where)}")
    return lines
