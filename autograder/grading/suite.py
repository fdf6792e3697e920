"""The hidden tests of a homework, collected once by pytest and run on one submission after another.

pytest owns collection, fixtures and tear-down as always; only its loop over the tests is ours: it takes
submissions from `jobs` and, for each, runs every test with a `student` that reaches that submission's sandbox.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest
from _pytest.runner import runtestprotocol

from autograder.grading.diagnosis import Transcript, diagnose
from autograder.grading.judge import BLAMABLE, UNFIT, judge
from autograder.grading.variants import Variant, given_files, load_variants
from autograder.grading.verdict import TestResult, Verdict, exercise_results
from autograder.homework import Homework
from autograder.intake import Submission
from autograder.sandbox.box import Sandbox
from course.testing import LocalStudent
from course.testing.outcome import sentence_of
from course.testing.plugin import SECRET, TRANSPORT

ASIDE = frozenset(["todo", "internal", "skipped"])  # statuses that no mistake explains


@dataclass(frozen=True)
class Options:
    """How to grade: on which tier, with which secret, and whether to look for known mistakes."""

    tier: str
    secret: bytes
    diagnose: bool = True
    until_loss: bool = False  # stop at the first test that is not passed: enough to see that a mutant dies


class SuiteBroken(Exception):
    """The hidden tests themselves are at fault, whatever is handed in."""


def run_suite(
    homework: Homework,
    options: Options,
    jobs: Iterable[Submission],
    emit: Callable[[Submission, Verdict], None],
) -> None:
    """Grade every submission that `jobs` yields and hand each verdict to `emit`."""
    hidden = str(homework.hidden)
    arguments = [
        "-c",
        os.devnull,
        "--rootdir",
        hidden,
        "--noconftest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
    ]
    arguments += [
        "-p",
        "course.testing.plugin",
        "--import-mode=importlib",
        "-o",
        f"pythonpath={shlex.quote(hidden)}",
        hidden,
    ]
    grader = Grader(homework, options, jobs, emit)
    for path in homework.hidden.glob("*.py"):
        sys.modules.pop(path.stem, None)  # of an earlier run in this process, perhaps another homework's
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    code = pytest.main(arguments, plugins=[grader])
    if grader.collection_error or code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise SuiteBroken(f"{homework.name}: the hidden tests cannot be collected: {grader.collection_error or 'none'}")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{homework.name}: pytest stopped with {code!r}")


class Grader:
    """The pytest plugin that grades."""

    def __init__(self, homework: Homework, options: Options, jobs, emit):
        self.homework, self.options, self.jobs, self.emit = homework, options, jobs, emit
        self.variants = load_variants(homework).misconceptions if options.diagnose else ()
        self.transcripts: dict[tuple[Variant | None, str], Transcript] = {}
        self.collection_error = ""
        self.error: BaseException | None = None
        self.student = None

    # pytest's hooks

    def pytest_configure(self, config) -> None:
        config.option.tbstyle = "no"  # nobody reads pytest's tracebacks here, and making them is slow
        config.stash[SECRET] = self.options.secret
        config.stash[TRANSPORT] = lambda: self.student

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.collection_error += f"{report.nodeid}: {report.longreprtext}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session) -> bool:
        if self.collection_error:
            return True
        for submission in self.jobs:
            self.emit(submission, self.grade(submission, session.items))
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if call.excinfo is not None and self.error is None:
            self.error = call.excinfo.value
        return (yield)

    # grading

    def grade(self, submission: Submission, items: list) -> Verdict:
        """Run every hidden test on one submission."""
        began = time.monotonic()
        results, failed = [], {}
        modules = self.homework.modules
        files = {name: text.encode() for name, text in given_files(self.homework).items()}
        files |= {name: data for name, data in submission.files.items() if name in self.homework.files}
        box = Sandbox(self.options.tier, self.homework.limits, files, modules, self.homework.preload)
        with box:
            for item in items:
                transcript: Transcript = []
                result = self.run_in(box, item, transcript)
                results.append(result)
                if result.status not in ASIDE and result.status != "passed":
                    failed[item.nodeid] = (result.exercise, transcript)
                if self.options.until_loss and result.status != "passed":
                    break
        found = diagnose(failed, self.variants, lambda variant, test: self.transcript(variant, test, items))
        return Verdict(
            homework=self.homework.name,
            homework_version=self.homework.version,
            submission=submission.digest,
            tier=self.options.tier,
            tests=results,
            exercises=exercise_results(self.homework.exercises, results),
            diagnoses=found,
            seconds=round(time.monotonic() - began, 3),
            cause="; ".join(box.causes),
        )

    def run_in(self, box: Sandbox, item, transcript: Transcript) -> TestResult:
        """Run one test against the sandbox."""
        began = time.monotonic()
        try:
            with box.test(transcript) as student:
                error = self.run(item, student)
        except Exception as fault:  # whatever happens to one submission, the next is graded
            error = fault
        status, message, staff = judge(error)
        if status == "internal" and isinstance(error, BLAMABLE) and self.passes_reference(item):
            status, message = "failed", UNFIT
        id, weight = next(item.iter_markers("exercise")).args
        seconds = round(time.monotonic() - began, 3)
        return TestResult(item.name, id, status, sentence_of(item.function), message, weight, seconds, staff)

    def run(self, item, student) -> BaseException | None:
        """Run one test on `student` through pytest; return what it raised."""
        self.student, self.error = student, None
        runtestprotocol(item, log=False, nextitem=None)
        return self.error

    def passes_reference(self, item) -> bool:
        """Tell whether a test that stopped with an exception of its own is sound where the values are."""
        sources = given_files(self.homework) | load_variants(self.homework).reference.files
        return self.run(item, LocalStudent.from_sources(sources)) is None

    def transcript(self, variant: Variant | None, test: str, items: list) -> Transcript:
        """Return what a variant (None: the reference) answers in a test, computed once."""
        if (variant, test) not in self.transcripts:
            sources = given_files(self.homework) | (variant or load_variants(self.homework).reference).files
            recorder: Transcript = []
            student = LocalStudent.from_sources(sources, recorder=recorder)
            item = next(item for item in items if item.nodeid == test)
            with contextlib.suppress(Exception):
                self.run(item, student)
            self.transcripts[variant, test] = recorder
        return self.transcripts[variant, test]
