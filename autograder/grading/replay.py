"""The reference and its known-wrong variants, run on the hidden tests in the grader's own process.

What they answer is the same for every submission, so it is kept: the reference's run of a test once, a variant's as
far as anybody's answers agreed with it. A variant is stopped where its answers part from the student's, and where it
has used many times what the reference needs: one that never ends is as wrong as any, and must not hold up a class.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.reach import Place, changes, watched
from autograder.grading.session import Session, TookTooLong
from autograder.grading.transcripts import Transcript, same
from autograder.grading.variants import Variant, given_files, load_variants
from course.testing import LocalStudent
from course.testing.recorder import ENDED, Halt, Recorder

NAME = "variant"  # what tracebacks call these students
LEAST, TIMES = 0.5, 5.0  # seconds, and multiples of the reference's own time, that a variant gets for a test
SLOW = 1.0  # seconds: how much slower a test is than that need not be known exactly


@dataclass
class Known:
    """What somebody answers in a test: everything, or as far as it was needed."""

    answers: Transcript
    complete: bool


@dataclass
class Run:
    """How the reference does in a test: its answers, whether it passes, its time, and which places it entered."""

    answers: Transcript
    passed: bool
    seconds: float
    entered: frozenset[Place]


class Parted(Halt):
    """The answers of a variant are not the student's: there is nothing more to learn."""


class Follower(Recorder):
    """Writes answers down as long as they are the same as those of somebody else."""

    def __init__(self, theirs: Transcript):
        super().__init__()
        self.theirs = theirs

    def add(self, path: str, value) -> None:
        super().add(path, value)
        count = len(self.entries)
        if count > len(self.theirs) or not same(self.entries[-1], self.theirs[count - 1]):
            raise Parted


class Replay:
    """Runs of one homework's variants, by the tests of one session."""

    def __init__(self, session: Session):
        self.session = session
        self.given = given_files(session.homework)
        self.reference = load_variants(session.homework).reference
        self.limit = session.homework.limits.test_seconds
        self._runs: dict[str, Run] = {}
        self._changes: dict[Variant, frozenset[Place]] = {}
        self._known: dict[tuple[Variant, str], Known] = {}

    def run(self, item) -> Run:
        """Return how the reference does in a test; it is run once."""
        if item.nodeid not in self._runs:
            recorder = Recorder()
            with watched({f"{NAME}/{file}": Path(file).stem for file in self.reference.files}) as entered:
                passed, seconds = self._measured(item, recorder)
            if seconds < SLOW or "once" in item.fixturenames:
                _, seconds = self._measured(item)  # without watching, and without what is computed once for a class
            self._runs[item.nodeid] = Run(recorder.entries, passed, seconds, frozenset(entered))
        return self._runs[item.nodeid]

    def reaches(self, item, variant: Variant) -> bool:
        """Tell whether a test can see what a variant changes."""
        return not self.changes(variant).isdisjoint(self.run(item).entered)

    def changes(self, variant: Variant) -> frozenset[Place]:
        """Return where a variant differs from the reference."""
        if variant not in self._changes:
            self._changes[variant] = changes(variant.files, self.reference.files)
        return self._changes[variant]

    def agrees(self, variant: Variant | None, item, theirs: Transcript) -> bool:
        """Tell whether a variant (None: the reference) answers in a test as somebody did."""
        if variant is None:
            return same(self.run(item).answers, theirs)
        known = self._known.get((variant, item.nodeid))
        if known is None:
            known = self._followed(variant, item, Follower(theirs))
        elif not known.complete and _begin_alike(known.answers, theirs):
            known = self._followed(variant, item, Recorder())
        self._known[variant, item.nodeid] = known
        return known.complete and same(known.answers, theirs)

    def _measured(self, item, recorder: Recorder | None = None) -> tuple[bool, float]:
        student = LocalStudent.from_sources(self.given | self.reference.files, NAME, recorder)
        began = time.process_time()
        passed = self.session.run(item, student) is None
        return passed, time.process_time() - began

    def _followed(self, variant: Variant, item, recorder: Recorder) -> Known:
        student = LocalStudent.from_sources(self.given | variant.files, NAME, recorder)
        most = min(self.limit, LEAST + TIMES * self.run(item).seconds)
        error = self.session.run(item, student, most)
        if isinstance(error, TookTooLong):
            recorder.entries.append(ENDED)
        return Known(recorder.entries, not isinstance(error, Parted))


def _begin_alike(mine: Transcript, theirs: Transcript) -> bool:
    return len(mine) <= len(theirs) and same(mine, theirs[: len(mine)])
