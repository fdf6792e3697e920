"""The benchmark runs and reports everything that it promises; how fast is nobody's business here."""

from __future__ import annotations

import json
import sys

import pytest

from autograder.excerpt import excerpt
from benchmarks import exercise, grading, load, measure
from benchmarks.exercise import Seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc, which only Linux has")


def test_a_quick_benchmark_of_ours_reports_all_numbers(tmp_path):
    result = json.loads(json.dumps(grading.benchmark(["ours"], grading.QUICK, tmp_path)))
    assert set(result) == {"machine", "targets", "missing", "own_work", "classes", "summary", "loads"}
    assert result["missing"] == {}
    assert [(each["system"], each["size"]) for each in result["classes"]] == [("ours", 1), ("ours", 2)]
    for what in ("wall", "cpu"):
        summary = result["summary"]["ours"][what]
        assert set(summary) == {"start", "submission", "ratio"}
        assert summary["submission"] == sorted(summary["submission"])
    assert [each["processes"] for each in result["loads"]] == [1, 2]
    assert all(each["rss"] > 0 and each["cpu"] > 0 for each in result["loads"])


def test_nbgrader_marks_the_measured_exercise_as_we_do(tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    (system,), missing = grading.make_systems(["nbgrader"], tmp_path)
    assert not missing
    grading.check(system, tmp_path)


def test_what_cannot_be_prepared_is_missing_and_the_rest_goes_on(tmp_path, monkeypatch):
    def unreachable(build):
        raise OSError("no network")

    monkeypatch.setattr(grading, "otter_python", unreachable)
    systems, missing = grading.make_systems(["ours", "otter"], tmp_path)
    assert [system.name for system in systems] == ["ours"]
    assert missing == {"otter": "no network"}


def test_start_and_submission_are_parted_and_the_checks_own_work_is_taken_off():
    classes = [
        {"system": name, "round": turn, "size": size, "wall": start + size * each, "cpu": start + size * each}
        for name, start, each in [("ours", 2.0, 0.5), ("peer", 1.0, 4.5)]
        for turn in range(2)
        for size in (1, 5)
    ]
    summary = grading.summarise(classes, Seconds(0.25, 0.5 - 0.25), class_size=5)
    assert summary["ours"]["cpu"] == {"start": [2.0] * 3, "submission": [0.25] * 3, "ratio": 1.0}
    assert summary["peer"]["wall"] == {"start": [1.0] * 3, "submission": [4.25] * 3, "ratio": 17.0}


def test_a_class_is_of_distinct_submissions_right_ones_and_mistakes(tmp_path):
    class_ = load.submissions(excerpt(exercise.lqr(), ("2.1", "2.2"), tmp_path), 50)
    assert len({each.source for each in class_}) == 50
    assert sum(each.right for each in class_) == 17


def test_cpu_seconds_of_processes_that_nobody_waits_for_are_counted_in_a_group(tmp_path):
    if measure.method() != "control group":
        pytest.skip("no control group can be made here")
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    sum(range(10**7))\n    os._exit(0)\n"
    ignored = f"import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n{code}time.sleep(2)\n"
    counted = measure.run([sys.executable, "-c", ignored], tmp_path)
    waited = measure.run([sys.executable, "-c", ignored], tmp_path, group=False)
    assert counted.cpu > waited.cpu


def test_the_checks_tell_a_right_pass_from_a_wrong_one():
    assert exercise.wrong_solution() not in exercise.solution()
    assert exercise.own_work(repeats=1).cpu > 0
