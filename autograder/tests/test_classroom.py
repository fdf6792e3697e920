"""A class through the pool: nothing lost, nothing graded twice, nobody hurt by somebody else."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from autograder import classroom
from autograder.classroom import Policy, grade_class
from autograder.errors import UserError
from autograder.grading.store import Store
from autograder.homework import PROJECT
from autograder.intake import Submission
from autograder.sandbox.probe import AUTOMATIC, works
from autograder.tests.tiny import RIGHT, make_homework, submit

TIER = next((tier for tier in AUTOMATIC if not works(tier)), "none")
POLICY = Policy(TIER, b"secret", False, processes=2)


def grade(homework, submissions, out, **kwargs):
    return grade_class(homework, [lambda each=each: each for each in submissions], Store(out), POLICY, **kwargs)


def points(result) -> dict[str, float | None]:
    return {record.student: record.verdict.points if record.verdict else None for record in result.records}


def test_a_class_is_graded_and_sorted_by_student(tmp_path):
    homework = make_homework(tmp_path)
    class_ = [
        submit("c"),
        submit("a", tiny="import os\nos._exit(1)\n"),
        submit("b", other="def halve(x):\n    return x\n"),
    ]
    refused = Submission("d", "d.zip", refused="a symbolic link")
    assert points(grade(homework, [*class_, refused], tmp_path / "out")) == {
        "a": 5,
        "b": 10,
        "c": 15,
        "d": None,
    }


def test_equal_submissions_are_graded_once_and_a_second_run_grades_nothing(tmp_path, monkeypatch):
    homework = make_homework(tmp_path)
    finished = []
    class_ = [submit("a"), submit("b"), submit("c", tiny="def double(x):\n    return x\n")]
    first = grade(homework, class_, tmp_path / "out", done=finished.append)
    assert sum(finished) == 3
    assert len(list((tmp_path / "out" / "verdicts").glob("*.json"))) == 2
    monkeypatch.setattr(classroom, "GraderProcess", None)  # nobody is asked again
    assert grade(homework, class_, tmp_path / "out") == first


def test_a_changed_test_grades_again_and_the_ledger_says_what_changed(tmp_path):
    homework = make_homework(tmp_path)
    grade(homework, [submit("a"), submit("b")], tmp_path / "out")
    homework = make_homework(
        tmp_path, hidden=(homework.hidden / "test_tiny.py").read_text().replace("x + x", "x + x + 1")
    )
    result = grade(homework, [submit("a"), submit("b")], tmp_path / "out")
    assert points(result) == {"a": 7.5, "b": 7.5}
    ledger = [msgspec.json.decode(line) for line in (tmp_path / "out" / "ledger.jsonl").read_text().splitlines()]
    assert [(entry["student"], entry["before"], entry["points"]) for entry in ledger] == [
        ("a", None, 15.0),
        ("b", None, 15.0),
        ("a", 15.0, 7.5),
        ("b", 15.0, 7.5),
    ]


def test_a_grader_that_dies_twice_costs_one_submission_and_no_points(tmp_path):
    hidden = (make_homework(tmp_path).hidden / "test_tiny.py").read_text()
    deadly = hidden.replace(
        "x = rng.normal(size=4)",
        "x = rng.normal(size=4)\n    if student.tiny.double(1) == 7: import os; os.abort()",
    )
    homework = make_homework(tmp_path, hidden=deadly)
    poison = submit("b", tiny="def double(x):\n    return 7\n")
    result = grade(homework, [submit("a"), poison, submit("c")], tmp_path / "out")
    by_student = {record.student: record.verdict for record in result.records}
    assert by_student["a"].points == by_student["c"].points == 15
    assert (by_student["b"].points, by_student["b"].pending) == (0, 15)
    assert {test.status for test in by_student["b"].tests} == {"internal"}


def test_hidden_tests_that_cannot_be_collected_stop_the_class_with_one_message(tmp_path):
    homework = make_homework(tmp_path, hidden="import nowhere\n")
    with pytest.raises(UserError, match="cannot be collected"):
        grade(homework, [submit("a"), submit("b")], tmp_path / "out")


def test_a_submission_that_cannot_be_sent_stops_nobody(tmp_path):
    big = submit("a")
    big.files["tiny.py"] = b"#" * (3 << 20) + RIGHT["tiny.py"].encode()
    assert points(grade(make_homework(tmp_path), [big, submit("b")], tmp_path / "out"))["b"] == 15


@pytest.mark.skipif(sys.platform != "linux", reason="kills a process tree through /proc")
def test_kill_9_at_random_moments_changes_no_verdict(tmp_path):
    """Twenty times: start, kill the whole grader without warning, start again; then compare with a quiet run."""
    make_homework(tmp_path)
    script = tmp_path / "run.py"
    script.write_text(KILLED_RUN)
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    moments = random.Random(1)
    kills = 0
    while kills < 20:  # a run that was over before its moment came does not count
        run = subprocess.Popen([sys.executable, str(script), str(tmp_path), "killed"], env=environment)
        time.sleep(moments.uniform(0.2, 1.8))
        kills += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.wait()
        if (tmp_path / "killed" / "class.json").exists():
            for verdict in list((tmp_path / "killed" / "verdicts").glob("*.json"))[::2]:
                verdict.unlink()  # or all further runs would find nothing left to do
    for out in ("killed", "quiet"):
        subprocess.run([sys.executable, str(script), str(tmp_path), out], env=environment, check=True)
    assert _verdicts(tmp_path / "killed") == _verdicts(tmp_path / "quiet")
    assert not _half_written(tmp_path)


KILLED_RUN = f'''
import sys
from pathlib import Path
from autograder.classroom import Policy, grade_class
from autograder.grading.store import Store
from autograder.homework import load
from autograder.tests.tiny import submit

if __name__ == "__main__":
    project = Path(sys.argv[1])
    answers = ["x", "2 * x", "x + x + {{}}", "x * {{}}"]
    class_ = [submit(f"s{{i:02d}}", tiny=f"def double(x):\\n    return {{answers[i % 4].format(i)}}\\n") for i in range(24)]
    policy = Policy("{TIER}", b"secret", False, processes=2)
    grade_class(load(project / "hw9_tiny"), [lambda each=each: each for each in class_], Store(project / sys.argv[2]), policy)
'''


def _verdicts(out: Path) -> dict:
    def still(value):
        return (
            {key: still(part) for key, part in value.items() if key != "seconds"}
            if isinstance(value, dict)
            else ([still(part) for part in value] if isinstance(value, list) else value)
        )

    result = still(msgspec.json.decode((out / "class.json").read_bytes()))
    return {record["student"]: record for record in result["records"]}


def _half_written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.json") if not path.read_bytes().rstrip().endswith(b"}")]
