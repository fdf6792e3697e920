"""Which known mistake a submission makes, read off the values that it returned.

While a test runs, every call of the student's code and what it returned is written down. The same test is run
against each known-wrong variant. Where the student's transcript equals a variant's, and not the reference's, that
variant's hint explains the failure. No test knows anything of this.

Only so many tests of an exercise are looked at as its variants can be run on in a bounded time, the cheapest first:
those count that are quick, and those that enter little of what the variants change. Which ones is decided once for a
class, so that equal mistakes earn equal hints.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path

import msgspec

from autograder.grading.replay import Replay
from autograder.grading.session import exercise_of
from autograder.grading.transcripts import Transcript
from autograder.grading.variants import Variant
from autograder.grading.verdict import Diagnosis

BUDGET = 24.0  # seconds of processor time for the variants of one exercise, once in each grader process


class Choice(msgspec.Struct, frozen=True):
    """The tests of an exercise that a diagnosis looks at, and those that take too long for it."""

    looked_at: list[str]
    left_out: list[str]


def affordable(costs: Mapping[str, float], budget: float) -> Choice:
    """Choose the tests that variants can be run on within the budget: the cheapest, and always one.

    costs: test -> seconds that all variants take in it, as long as the reference each.
    """
    tests = sorted(costs, key=lambda test: (costs[test], test))
    spent = accumulate(costs[test] for test in tests)
    count = max(1, sum(total <= budget for total in spent))
    return Choice(tests[:count], tests[count:])


def decided(path: Path | None, decide: Callable[[], Choice]) -> Choice:
    """Return what stands in `path`; if nothing does, decide it now, for everybody who asks later.

    Of several who decide at the same moment, the first one's decision is that of all. None: for oneself alone.
    """
    if path is None:
        return decide()
    if (found := _read(path)) is not None:
        return found
    choice = decide()
    with contextlib.suppress(OSError):  # where nothing can be written or linked, everybody decides alone
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".") as file:
            file.write(msgspec.json.encode(choice))
            file.flush()
            os.link(file.name, path)  # fails if somebody was faster
    return _read(path) or choice


def _read(path: Path) -> Choice | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Choice)
    return None


def diagnose(
    failed: Mapping[str, tuple[str, Transcript]],
    variants: tuple[Variant, ...],
    agrees: Callable[[Variant | None, str, Transcript], bool],
) -> list[Diagnosis]:
    """Return the mistakes that explain failed tests, those that explain most first.

    Args:
        failed: test -> (exercise, the student's transcript), for the tests that failed.
        agrees: (variant, test, transcript) -> whether the variant answers like that; variant None is the reference.
    """
    explained: dict[Variant, set[str]] = {}
    for test, (exercise, transcript) in failed.items():
        suspects = [variant for variant in variants if exercise in variant.exercises]
        if not suspects or agrees(None, test, transcript):
            continue  # what was wrong there was not an answer
        for variant in suspects:
            if agrees(variant, test, transcript):
                explained.setdefault(variant, set()).add(test)
    best = [
        variant for variant, tests in explained.items() if not any(tests < others for others in explained.values())
    ]  # a mistake that explains strictly less than another is a coincidence of small cases
    best.sort(key=lambda variant: -len(explained[variant]))
    return [
        Diagnosis(exercise, variant.id, variant.hint)
        for variant in best
        for exercise in sorted({failed[test][0] for test in explained[variant]})
    ]


class Diagnostician:
    """Looks for known mistakes, by the tests of one session; `notes`: a folder of decisions, or None."""

    def __init__(self, replay: Replay, items: list, misconceptions: tuple[Variant, ...], notes: Path | None):
        self.replay, self.items, self.misconceptions, self.notes = replay, items, misconceptions, notes
        self._choices: dict[tuple[str, float], Choice] = {}

    def find(self, failed: Mapping[str, tuple[str, Transcript]], budget: float) -> list[Diagnosis]:
        """Return the mistakes that explain failed tests, as far as the budget allows to look; see `diagnose`."""
        items = {item.nodeid: item for item in self.items}

        def agrees(variant: Variant | None, test: str, transcript: Transcript) -> bool:
            unseen = variant is not None and not self.replay.reaches(items[test], variant)
            return not unseen and self.replay.agrees(variant, items[test], transcript)

        looked_at = {test: found for test, found in failed.items() if self.looks_at(test, found[0], budget)}
        return diagnose(looked_at, self.misconceptions, agrees)

    def looks_at(self, test: str, exercise: str, budget: float) -> bool:
        """Tell whether a test is looked at: decided once for an exercise, by the reference's times."""
        if (exercise, budget) not in self._choices:
            path = self.notes and self.notes / f"{self.replay.session.homework.version}-{exercise}-{budget:g}.json"
            self._choices[exercise, budget] = decided(path, lambda: affordable(self._costs(exercise), budget))
        return test in self._choices[exercise, budget].looked_at

    def _costs(self, exercise: str) -> dict[str, float]:
        """Return, by test of an exercise, what it costs to run it on all the variants whose change it reaches."""
        suspects = [each for each in self.misconceptions if exercise in each.exercises]
        items = [item for item in self.items if exercise_of(item)[0] == exercise]
        return {
            item.nodeid: self.replay.run(item).seconds * sum(self.replay.reaches(item, each) for each in suspects)
            for item in items
        }
