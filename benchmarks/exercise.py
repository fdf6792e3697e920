"""The exercise that every system grades: the texts that go into each of them, and what its tests cost by themselves."""

from __future__ import annotations

import statistics
import time
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autograder.grading.variants import load_variants
from autograder.homework import PROJECT, Homework, load
from benchmarks import lqr_checks
from course.testing import SINGLE, LocalStudent, assert_close, fields

CHECKS = Path(lqr_checks.__file__)
SEED = 20
WRONG = "sign-of-K"  # a misconception of hw2 that every system must mark down
FILE = "lqr.py"

CONFIG = """
title = "LQR, for measuring"
files = ["lqr.py"]

[[exercise]]
id = "2.1"
title = "LQR: backward recursion"
points = 10
file = "lqr.py"
"""

HIDDEN_TEST = '''
"""Hidden test of the measured exercise."""

import lqr_checks

from course.testing import SINGLE, assert_close, exercise, fields


@exercise("2.1")
def test_backward_meets_the_optimality_conditions(student, rng):
    """Gains and values are those of the plan that meets the optimality conditions."""
    def backward(*problem):
        return fields(student.lqr.backward(*problem), "K k V v", who="lqr.backward")

    lqr_checks.check(backward, lambda name, got, expected: assert_close(name, got, expected, rtol=SINGLE), rng)
'''


class Seconds(NamedTuple):
    """Wall-clock and CPU seconds."""

    wall: float
    cpu: float


@cache
def lqr() -> Homework:
    """Return the homework that the exercise is taken from."""
    return load(PROJECT / "hw2_lqr_ilqr")


def solution(number: int = 0) -> str:
    """Return a correct lqr.py; the number stands in a comment and makes its bytes unlike any other's."""
    return load_variants(lqr()).reference.files[FILE] + f"\n# submission {number}\n"


def wrong_solution() -> str:
    """Return an lqr.py that deserves no points."""
    return next(each for each in load_variants(lqr()).misconceptions if each.id == WRONG).files[FILE]


def make_homework(project: Path) -> Homework:
    """Write the exercise as a homework of ours, with its one hidden test, below `project`."""
    root = project / "hw2_measured"
    texts = {
        root / "homework.toml": CONFIG,
        root / "hidden" / "test_lqr.py": HIDDEN_TEST,
        root / "hidden" / "lqr_checks.py": CHECKS.read_text(),
        project / "solutions" / root.name / FILE: (lqr().solutions / FILE).read_text(),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load(root)


def own_work(repeats: int = 30) -> Seconds:
    """Return what the checks cost on a correct solution called directly: medians, after a first call."""
    student = LocalStudent.from_sources({FILE: solution()})

    def backward(*problem):
        return fields(student.lqr.backward(*problem), "K k V v", who="lqr.backward")

    walls, cpus = [], []
    for _ in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        lqr_checks.check(backward, partial(assert_close, rtol=SINGLE), np.random.default_rng(SEED))
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Seconds(statistics.median(walls[1:]), statistics.median(cpus[1:]))
