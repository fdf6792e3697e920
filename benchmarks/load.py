"""Two hundred submissions of real exercises, 2.1 and 2.2: how long a class takes on one process and on two.

A third of the class is right, in the reference's words or another's; the rest makes the known mistakes, each of
which has to be diagnosed. A comment makes every file unlike the others, so that none is graded from memory.
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from autograder.excerpt import excerpt
from autograder.grading.variants import load_variants
from autograder.homework import Homework
from benchmarks.exercise import FILE, lqr
from benchmarks.measure import run
from benchmarks.ours import ENVIRONMENT, grading, marks, write_class


class Load(NamedTuple):
    """One class graded: rss is the most that the classroom and its graders held together, workers apart."""

    submissions: int
    processes: int
    wall: float
    cpu: float
    rss: int


class Expected(NamedTuple):
    """A submission's source, and whether it deserves full marks."""

    source: str
    right: bool


def submissions(homework: Homework, count: int) -> list[Expected]:
    """Return `count` distinct submissions: right ones and mistakes, every third one right."""
    variants = load_variants(homework)
    right = cycle([variants.reference, *variants.alternatives])
    wrong = cycle(variants.misconceptions)
    chosen = [(next(right), True) if number % 3 == 0 else (next(wrong), False) for number in range(count)]
    return [
        Expected(variant.files[FILE] + f"\n# submission {number}\n", is_right)
        for number, (variant, is_right) in enumerate(chosen)
    ]


def measure(count: int, processes: int, folder: Path) -> Load:
    """Grade a class of `count` with so many graders; see that everybody's marks are what they deserve."""
    folder.mkdir(parents=True)
    homework = excerpt(lqr(), ("2.1", "2.2"), folder / "homework")
    class_ = submissions(homework, count)
    write_class(folder / "class.zip", [each.source for each in class_])
    cost = run(grading(homework, folder, processes), folder, ENVIRONMENT)
    for number, (mark, each) in enumerate(zip(marks(folder / "out"), class_, strict=True)):
        if (mark == 1.0) != each.right:
            raise ValueError(f"student{number:03d} has {mark:.0%}, which is not what the submission deserves")
    return Load(count, processes, *cost)


def measure_all(count: int, repeats: int, folder: Path) -> list[Load]:
    """Measure on one process and on two, alternating."""
    turns = islice(cycle([1, 2]), 2 * repeats)
    return [measure(count, processes, folder / f"load-{turn}") for turn, processes in enumerate(turns)]
