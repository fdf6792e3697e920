"""The peers as systems to measure: `nbgrader autograde` on a class, `otter run` on each notebook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from autograder.homework import PROJECT
from benchmarks.exercise import CHECKS, SEED
from benchmarks.measure import run

OTTER = PROJECT / "requirements-bench.txt"
PINS = [PROJECT / "requirements.txt", PROJECT / "constraints.txt"]
CALL = f"check(backward, close, np.random.default_rng({SEED}))\n"

OTTER_TEST = """OK_FORMAT = False
name = "q1"
points = 10

from otter.test_files import test_case

{checks}

@test_case(points=10, hidden=True)
def test_backward(backward):
    {call}
"""


def notebook(path: Path, *cells) -> Path:
    """Write a notebook of these code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells), metadata={"kernelspec": kernel}), path)
    return path


class Nbgrader:
    """One `nbgrader autograde` for the class; it grades one notebook after another."""

    name = "nbgrader"
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # it calls `alembic`

    def __init__(self, build: Path):
        self.course = build / "nbgrader"
        shutil.rmtree(self.course, ignore_errors=True)
        test = f"{CHECKS.read_text()}\n\n{CALL}"
        notebook(
            self.course / "source" / "lqr" / "lqr.ipynb",
            new_code_cell("pass", metadata=cell("backward", solution=True)),
            new_code_cell(test, metadata=cell("test", grade=True, locked=True, points=10)),
        )
        (self.course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "bench"\n')
        run([sys.executable, "-m", "nbgrader", "generate_assignment", "lqr"], self.course, self.environment)

    def arrange(self, folder: Path, sources: list[str]) -> list[list[str]]:
        shutil.copytree(self.course, folder, dirs_exist_ok=True)
        blank = nbformat.read(folder / "release" / "lqr" / "lqr.ipynb", as_version=4)
        for number, source in enumerate(sources):
            blank.cells[0].source = source
            path = folder / "submitted" / f"student{number:03d}" / "lqr" / "lqr.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(blank, path)
        return [[sys.executable, "-m", "nbgrader", "autograde", "lqr"]]

    def marks(self, folder: Path) -> list[float]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{folder}/gradebook.db", course_id="bench") as gradebook:
            submissions = gradebook.assignment_submissions("lqr")
            return [each.score / each.max_score for each in sorted(submissions, key=lambda each: each.student_id)]


def cell(name: str, **values) -> dict:
    """Return nbgrader's metadata of a cell."""
    blank = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": blank | {"grade_id": name} | values}


class Otter:
    """One `otter run` for each notebook, as `otter grade` does in a container each."""

    name = "otter"

    def __init__(self, build: Path, python: Path):
        self.python, self.archive = python, build / "otter" / "autograder.zip"
        self.environment = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}  # its kernel is that Python
        tests = build / "otter" / "tests"
        tests.mkdir(parents=True, exist_ok=True)
        (tests / "q1.py").write_text(OTTER_TEST.format(checks=CHECKS.read_text(), call=CALL))
        make = [str(python), "-m", "otter", "generate", "-t", str(tests), "-o", str(self.archive)]
        run(make, tests.parent, self.environment)

    def arrange(self, folder: Path, sources: list[str]) -> list[list[str]]:
        commands = []
        for number, source in enumerate(sources):
            path = notebook(folder / f"student{number:03d}" / "lqr.ipynb", new_code_cell(source))
            command = [str(self.python), "-m", "otter", "run", "-a", str(self.archive), "-o", str(path.parent)]
            commands.append([*command, str(path)])
        return commands

    def marks(self, folder: Path) -> list[float]:
        results = [json.loads(path.read_text()) for path in sorted(folder.glob("student*/results.json"))]
        return [sum(test.get("score", 0) for test in result["tests"]) / 10 for result in results]


def otter_python(build: Path) -> Path:
    """Return the Python of an environment with otter and our NumPy, made once; raise OSError if it cannot be made."""
    folder = build / "bench-env"
    python, stamp = folder / "bin" / "python", folder / "set-up"
    wanted = "".join(path.read_text() for path in [OTTER, *PINS])
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(OTTER)]
    for command in (make, [*install, *(word for path in PINS for word in ("-c", str(path)))]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command[:4])}: {done.stderr.strip()[-300:]}")
    stamp.write_text(wanted)
    return python
