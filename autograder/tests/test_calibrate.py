"""Calibration: correct solutions under many secrets, nothing run twice, every false failure shown with its secret."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest

from autograder.errors import Interrupted, UserError
from autograder.homework import PROJECT
from autograder.proof.calibrate import ENOUGH, calibrate, failures, summary
from autograder.proof.tally import Calibration, Results, Tally, bound, intervals, load_results, save_results
from autograder.tests.tiny import HIDDEN, MISCONCEPTIONS, make_homework

FLAKY = (
    HIDDEN
    + '''

@exercise("9.2")
def test_halves_are_small(student, rng):
    """Half of a number is small."""
    assert student.other.halve(rng.normal()) < 0.5, "other.halve: your half is large"
'''
)
ALTERNATIVE = """
[[alternative]]
id = "adds"
file = "tiny.py"
find = "2.0 * x"
replace = "x + x"
reason = "Twice is once more."
"""


class Bar:
    """What a tqdm does for calibrate; `stop_after` presses ^C."""

    def __init__(self, total: int, initial: int, stop_after: float):
        self.total, self.n, self.stop_after = total, initial, stop_after
        self.begun = initial

    def update(self, count: int) -> None:
        self.n += count
        if self.n >= self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path):
    """Calibrate a tiny homework; return plan, results and the bar."""
    bars = []

    def calibrated(seeds, stop_after=float("inf"), hidden=HIDDEN, misconceptions=MISCONCEPTIONS, **options):
        @contextmanager
        def progress(total, initial):
            bars.append(Bar(total, initial, stop_after))
            yield bars[-1]

        homework = make_homework(tmp_path, hidden, misconceptions)
        plan, known = calibrate(homework, seeds, tmp_path / "out", progress, processes=1, **options)
        return plan, known, bars[-1]

    calibrated.bars = bars
    return calibrated


def runs(plan, known) -> dict[tuple[str, str], int]:
    return {(solution.id, test.name): len(known.tally(solution.id, test.id).seeds) for solution, test in plan.pairs}


def test_a_test_that_draws_is_run_for_every_seed_and_the_others_once_and_nothing_twice(run):
    plan, known, bar = run(12)
    assert runs(plan, known) == {
        ("reference", "test_double_doubles"): 12,
        ("reference", "test_double_of_two_is_four"): 1,
        ("reference", "test_halve_halves"): 12,
    }
    assert failures(plan, known, None) == [] and summary(plan, known).row_count == 3
    assert (bar.total, bar.begun, bar.n) == (25, 0, 25)
    plan, known, bar = run(14)
    assert set(runs(plan, known).values()) == {14, 1}
    assert (bar.total, bar.begun, bar.n) == (29, 25, 29)


def test_alternatives_are_run_on_the_tests_of_what_they_change(run):
    plan, known, _ = run(3, misconceptions=MISCONCEPTIONS + ALTERNATIVE, alternatives=True, exercise="9.1")
    assert runs(plan, known)["adds", "test_double_doubles"] == 3
    plan, known, _ = run(3, misconceptions=MISCONCEPTIONS + ALTERNATIVE, alternatives=True)
    assert ("adds", "test_halve_halves") not in runs(plan, known)


def test_a_false_failure_is_shown_with_a_command_that_shows_it_again(run, tmp_path):
    plan, known, _ = run(300, hidden=FLAKY, test="test_halves_are_small")
    ((solution, test),) = plan.pairs
    tally = known.tally(solution.id, test.id)
    assert ENOUGH <= tally.failed < 300 and len(tally.seeds) < 300
    said, again, *_ = failures(plan, known, tmp_path / "out")
    assert "test_halves_are_small, reference, seed" in said and "your half is large" in said
    (tmp_path / "conftest.py").write_text((PROJECT / "conftest.py").read_text())
    command = again.split("again: ")[1].replace("python", f"PYTHONPATH={PROJECT} {sys.executable}", 1)
    shown = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert shown.returncode == 1 and "your half is large" in shown.stdout, shown.stdout + shown.stderr


def test_an_interrupt_keeps_what_is_done(run):
    with pytest.raises(Interrupted, match="runs are done and kept"):
        run(40, stop_after=20)
    done = run.bars[-1].n
    plan, known, bar = run(40)
    assert bar.begun >= 20 and bar.begun == done and bar.n == bar.total == 81


def test_what_changed_is_run_anew(run):
    run(3)
    _, known, bar = run(3, hidden=HIDDEN.replace("1e-9", "1e-8"))
    assert bar.begun == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"test": "test_nothing"}, "test_nothing.*test_double_doubles"),
        ({"test": "test_halve_halves", "exercise": "9.1"}, "no test of exercise 9.1"),
    ],
)
def test_a_test_that_is_not_there_is_told_with_those_that_are(run, options, words):
    with pytest.raises(UserError, match=words):
        run(2, **options)


def test_hidden_tests_that_cannot_be_collected_are_told(run):
    with pytest.raises(UserError, match="cannot be collected"):
        run(2, hidden="import nowhere\n")


def test_results_survive_their_trip_to_disk_and_another_version_counts_nothing(tmp_path):
    known = Calibration("v1")
    known.tally("reference", "t").add(Results((0, 1, 2, 5), [], 1.0, 0.5))
    save_results(tmp_path / "a.json", known)
    assert load_results(tmp_path / "a.json", "v1") == known
    assert load_results(tmp_path / "a.json", "v2").tallies == {}
    (tmp_path / "a.json").write_text("{")
    assert load_results(tmp_path / "a.json", "v1").tallies == {}


def test_seeds_are_kept_as_runs_of_neighbours():
    assert intervals({4, 1, 2, 7, 3}) == [(1, 4), (7, 7)] and intervals(set()) == []
    tally = Tally()
    for seeds in [(0, 1), (4,), (2, 3)]:
        tally.add(Results(seeds, [], 0.1, 0.1))
    assert tally.runs == [(0, 4)] and tally.seeds == {0, 1, 2, 3, 4}


def test_the_bound_is_the_exact_one():
    assert bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert bound(0, 1000) == pytest.approx(3 / 1000, rel=0.01)
    assert bound(1, 10) == pytest.approx(0.3942, abs=1e-4)  # tables of Clopper and Pearson, one-sided
    assert bound(5, 5) == 1.0
