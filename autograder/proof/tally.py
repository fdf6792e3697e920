"""What calibration has found so far, on disk, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.box import SIMPLE_HEAD
from rich.table import Table

from autograder.files import write_whole

CONFIDENCE = 0.95
EXAMPLES = 5  # failures that are kept of one solution in one test; all are counted


class Failure(msgspec.Struct, frozen=True):
    """One run that a correct solution did not pass."""

    seed: int
    status: str
    message: str


class Results(NamedTuple):
    """What came of some runs: the failures among them, seconds of processor time in all and of the slowest."""

    seeds: tuple[int, ...]
    failures: list[Failure]
    seconds: float
    slowest: float


class Tally(msgspec.Struct):
    """All runs of one test on one solution; `seeds` were run, on disk as [first, last] pairs."""

    runs: list[tuple[int, int]] = []
    failed: int = 0
    examples: list[Failure] = []
    seconds: float = 0.0
    slowest: float = 0.0

    @property
    def seeds(self) -> set[int]:
        return {seed for first, last in self.runs for seed in range(first, last + 1)}

    def runs_in(self, seconds: float, most: int) -> int:
        """Return how many runs take about so long: one, as long as nothing is known."""
        count = len(self.seeds)
        return min(most, 1 + int(seconds * count / self.seconds)) if self.seconds else 1

    def add(self, results: Results) -> None:
        """Count some more runs."""
        self.runs = intervals(self.seeds | set(results.seeds))
        self.failed += len(results.failures)
        self.examples = sorted([*self.examples, *results.failures], key=lambda each: each.seed)[:EXAMPLES]
        self.seconds += results.seconds
        self.slowest = max(self.slowest, results.slowest)


class Calibration(msgspec.Struct):
    """The tallies of one version of a homework: solution -> test -> tally."""

    version: str
    tallies: dict[str, dict[str, Tally]] = {}

    def tally(self, solution: str, test: str) -> Tally:
        """Return the tally of a test on a solution, empty if there is none yet."""
        return self.tallies.setdefault(solution, {}).setdefault(test, Tally())


def intervals(numbers: set[int]) -> list[tuple[int, int]]:
    """Return whole numbers as (first, last) of every run of neighbours."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def load_results(path: Path, version: str) -> Calibration:
    """Return what is known of this version of a homework; of another one, or of a damaged file, nothing counts."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.MsgspecError):
        return Calibration(version)
    return found if found.version == version else Calibration(version)


def save_results(path: Path, known: Calibration) -> None:
    """Write all tallies, whole or not at all."""
    write_whole(path, msgspec.json.encode(known))


def bound(failed: int, runs: int) -> float:
    """Return the rate that the true one does not exceed, with a confidence of 95 % (Clopper and Pearson, 1934).

    Without a failure this is close to 3 / runs.
    """
    if failed >= runs:
        return 1.0
    from scipy.stats import beta

    return float(beta.ppf(CONFIDENCE, failed + 1, runs - failed))


def result_table(title: str, rows: list[tuple[str, str, bool, list[Tally]]]) -> Table:
    """Return a table for the terminal; rows: exercise, test, whether it draws, its tallies by solution."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("test", overflow="fold")
    for name in ("runs", "failed", "rate below", "mean s", "max s"):
        table.add_column(name, justify="right", no_wrap=True)
    for exercise, test, random, tallies in rows:
        counts = [len(tally.seeds) for tally in tallies]
        failed = sum(tally.failed for tally in tallies)
        worst = max(bound(tally.failed, count) for tally, count in zip(tallies, counts, strict=True))
        table.add_row(
            exercise,
            test,
            f"{min(counts)}" + (f" x {len(tallies)}" if len(tallies) > 1 else ""),
            f"[red]{failed}[/]" if failed else "0",
            f"{worst:.2g}" if random else "draws nothing",
            f"{sum(tally.seconds for tally in tallies) / max(sum(counts), 1):.3f}",
            f"{max(tally.slowest for tally in tallies):.3f}",
        )
    return table
