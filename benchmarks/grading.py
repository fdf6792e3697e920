"""Measure grading beside nbgrader and otter, and a whole class of ours.

    python -m benchmarks.grading [--quick] [--systems ours,nbgrader,otter] [--out build/bench]

Every round grades the same class by every system in turn, forwards and backwards alternately. A class of one and
a class of many part what is paid once (start) from what every submission costs; the checks' own work is taken off.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from autograder.errors import UserError
from autograder.homework import PROJECT
from autograder.sandbox.probe import choose
from benchmarks import exercise, load, measure
from benchmarks.exercise import Seconds
from benchmarks.ours import Ours, WholeCommand
from benchmarks.peers import Nbgrader, Otter, otter_python
from benchmarks.tables import load_table, peer_table

TARGETS = {"ours_cpu": 0.25, "ratio": 10.0, "class_wall": 90.0, "class_rss_mb": 500.0}
SYSTEMS = "ours,reports,nbgrader,otter"
console = Console(highlight=False, width=118)


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    class_size: int = 10
    rounds: int = 3
    load: int = 200
    load_repeats: int = 1


QUICK = Plan(class_size=2, rounds=1, load=3, load_repeats=1)


def make_systems(names: list[str], build: Path) -> tuple[list, dict[str, str]]:
    """Prepare the systems that are asked for; return them, and why others are missing."""
    make = {
        "ours": lambda: Ours(build),
        "reports": lambda: WholeCommand(build),
        "nbgrader": lambda: Nbgrader(build),
        "otter": lambda: Otter(build, otter_python(PROJECT / "build")),
    }
    systems, missing = [], {}
    for name in names:
        if name not in make:
            raise UserError(f"--systems: got {name!r}, expected some of {SYSTEMS}")
        try:
            systems.append(make[name]())
        except OSError as reason:
            missing[name] = str(reason)
    return systems, missing


def grade(system, sources: list[str], folder: Path) -> tuple[Seconds, list[float]]:
    """Let a system grade a class in a fresh folder; return its cost and everybody's share of the points."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    costs = [measure.run(command, folder, system.environment) for command in system.arrange(folder, sources)]
    marks = system.marks(folder)
    return Seconds(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs)), marks


def check(system, build: Path) -> None:
    """See that a system gives full marks to a right submission and none to a wrong one."""
    _, marks = grade(system, [exercise.solution(), exercise.wrong_solution()], build / "classes" / system.name)
    if marks != [1.0, 0.0]:
        raise UserError(f"{system.name}: marks {marks} for a right and a wrong submission, expected [1.0, 0.0]")


def measure_rounds(systems: list, plan: Plan, build: Path) -> list[dict]:
    """Grade by every system in turn, round after round; return one entry for each class graded."""
    entries, number = [], 0
    for turn in range(plan.rounds):
        for size in (1, plan.class_size):
            for system in systems if turn % 2 == 0 else reversed(systems):
                sources = [exercise.solution(number := number + 1) for _ in range(size)]
                cost, marks = grade(system, sources, build / "classes" / system.name)
                if marks != [1.0] * size:
                    raise UserError(f"{system.name}: marks {marks} for correct submissions, expected full ones")
                entries.append({"round": turn, "system": system.name, "size": size} | cost._asdict())
    return entries


def summarise(entries: list[dict], own: Seconds, class_size: int) -> dict[str, dict]:
    """Return for each system the start and the cost beyond the checks of one submission: [min, median, max]."""
    costs = {(each["system"], each["round"], each["size"]): each for each in entries}
    rounds = sorted({each["round"] for each in entries})
    result: dict[str, dict] = {}
    for name in dict.fromkeys(each["system"] for each in entries):
        result[name] = {}
        for what in Seconds._fields:
            one = [costs[name, turn, 1][what] for turn in rounds]
            many = [costs[name, turn, class_size][what] for turn in rounds]
            each = [(more - less) / (class_size - 1) for less, more in zip(one, many, strict=True)]
            beyond = [cost - getattr(own, what) for cost in each]
            start = [less - cost for less, cost in zip(one, each, strict=True)]
            result[name][what] = {"start": spread(start), "submission": spread(beyond)}
    for what in Seconds._fields if "ours" in result else ():
        ours = result["ours"][what]["submission"][1]
        for summary in result.values():
            summary[what]["ratio"] = summary[what]["submission"][1] / ours
    return result


def spread(values: list[float]) -> list[float]:
    return [min(values), median(values), max(values)]


def machine(systems: list) -> dict:
    """Return what the numbers depend on."""
    packages = ["numpy", "nbgrader", "pytest"]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "tier": str(choose()),
        "cpu_seconds_by": measure.method(),
        "systems": [system.name for system in systems],
        "versions": {name: version(name) for name in packages},
    }


def benchmark(names: list[str], plan: Plan, out: Path) -> dict:
    """Measure everything, print the tables and return all numbers."""
    build = out / "work"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    systems, missing = make_systems(names, build)
    for system in systems:
        console.print(f"{system.name}: a right and a wrong submission first")
        check(system, build)
    own = exercise.own_work()
    entries = measure_rounds(systems, plan, build)
    result = {
        "machine": machine(systems),
        "targets": TARGETS,
        "missing": missing,
        "own_work": own._asdict(),
        "classes": entries,
        "summary": summarise(entries, own, plan.class_size),
    }
    console.print(peer_table(result, plan.class_size, plan.rounds))
    result["loads"] = [each._asdict() for each in load.measure_all(plan.load, plan.load_repeats, build)]
    console.print(load_table(result["loads"], TARGETS))
    return result


def main(
    quick: Annotated[bool, typer.Option("--quick", help="a few submissions, to see that everything runs")] = False,
    systems: Annotated[str, typer.Option(help=f"some of {SYSTEMS}")] = SYSTEMS,
    out: Annotated[Path, typer.Option(help="where grading.json and the classes go")] = PROJECT / "build" / "bench",
) -> None:
    """Measure grading beside nbgrader and otter, and a whole class of ours."""
    try:
        result = benchmark(systems.split(","), QUICK if quick else Plan(), out.resolve())
    except UserError as error:
        sys.exit(f"benchmark: {error}")
    path = out / "grading.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
