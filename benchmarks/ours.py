"""Ours as a system to measure, in two ways: up to the verdicts on disk, and the whole command that people type.

Run as `python -m benchmarks.ours HOMEWORK CLASS OUT PROCESSES` for the first.
"""

from __future__ import annotations

import sys
import zipfile
from functools import partial
from pathlib import Path

from autograder.classroom import Policy, grade_class
from autograder.grading.store import Store
from autograder.homework import PROJECT, Homework, load
from autograder.intake import arrivals, receive
from autograder.sandbox.probe import choose
from benchmarks.exercise import FILE, make_homework
from course.testing import DEVELOPMENT_SECRET

ENVIRONMENT = {"PYTHONPATH": str(PROJECT)}


def write_class(path: Path, sources: list[str]) -> Path:
    """Write a class as one archive, a folder for each student."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, source in enumerate(sources):
            archive.writestr(f"student{number:03d}/{FILE}", source)
    return path


def grading(homework: Homework, folder: Path, processes: int) -> list[str]:
    """Return the command that grades `class.zip` in `folder` up to the verdicts."""
    module = [sys.executable, "-m", "benchmarks.ours"]
    return [*module, str(homework.root), str(folder / "class.zip"), str(folder / "out"), str(processes)]


class Ours:
    """From a class's archive to verdicts on disk: intake, sandbox, hidden tests."""

    name = "ours"
    environment = ENVIRONMENT

    def __init__(self, build: Path):
        self.homework = make_homework(build / "ours")

    def arrange(self, folder: Path, sources: list[str]) -> list[list[str]]:
        write_class(folder / "class.zip", sources)
        return [grading(self.homework, folder, processes=1)]

    def marks(self, folder: Path) -> list[float]:
        """Return each student's share of the points."""
        return marks(folder / "out")


class WholeCommand(Ours):
    """`autograder grade`: the same, and a page for each student and for the class, a table, a gradebook."""

    name = "ours, with reports"

    def arrange(self, folder: Path, sources: list[str]) -> list[list[str]]:
        archive = write_class(folder / "class.zip", sources)
        command = [sys.executable, "-m", "autograder", "grade", str(self.homework.root), str(archive)]
        return [[*command, "--out", str(folder / "out"), "--processes", "1"]]


def marks(out: Path) -> list[float]:
    """Return the share of the points that each student of a graded class has."""
    verdicts = [record.verdict for record in Store(out).load_class().records]
    return [verdict.points / verdict.max_points if verdict else 0.0 for verdict in verdicts]


def main(root: str, submissions: str, out: str, processes: str) -> None:
    """Grade a class as `autograder grade` does, and stop at the verdicts."""
    homework = load(root)
    policy = Policy(choose().name, DEVELOPMENT_SECRET, True, int(processes))
    opened = [partial(receive, arrival, homework) for arrival in arrivals(Path(submissions), homework)]
    grade_class(homework, opened, Store(Path(out)), policy)


if __name__ == "__main__":
    main(*sys.argv[1:])
