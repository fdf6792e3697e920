"""The command line as its users meet it: results, and one clear line for every mistake."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from autograder.excerpt import excerpt
from autograder.grading.store import Store
from autograder.grading.variants import load_variants
from autograder.grading.verdict import ClassResult
from autograder.homework import PROJECT, Homework, find

ENVIRONMENT = os.environ | {"PYTHONPATH": str(PROJECT), "COLUMNS": "160"}


def run(*arguments, cwd=PROJECT, environment=ENVIRONMENT, before=()) -> subprocess.CompletedProcess:
    command = [*before, sys.executable, "-m", "autograder", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120)


def assert_one_line(result: subprocess.CompletedProcess, *words: str) -> None:
    """A user's mistake: exit code 2, one line on stderr that says `words`, and no traceback."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.returncode == 2, result.stderr
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0]


@pytest.fixture
def lqr(tmp_path) -> Homework:
    """Exercises 2.1 and 2.2 alone: whole homeworks take too long here."""
    return excerpt(find("hw2"), ("2.1", "2.2"), tmp_path / "course")


@pytest.fixture
def class_(lqr, tmp_path) -> Path:
    """Two submissions of it: the reference and a known mistake."""
    folder = tmp_path / "class"
    folder.mkdir()
    variants = load_variants(lqr)
    for number, variant in enumerate([variants.reference, variants.misconceptions[0]]):
        with zipfile.ZipFile(folder / f"student{number}_{100 + number}_{200 + number}_hw2.zip", "w") as archive:
            for name, text in variant.files.items():
                archive.writestr(name, text)
    return folder


def test_grading_a_class_writes_everything_an_instructor_needs(lqr, class_, tmp_path):
    out = tmp_path / "out"
    first = run("grade", lqr.root, class_, "--out", out, "--processes", 1)
    assert first.returncode == 0, first.stderr
    names = {
        "report.html",
        "grades.csv",
        "gradebook.db",
        "class.json",
        "ledger.jsonl",
        "students",
        "verdicts",
    }
    assert names <= {path.name for path in out.iterdir()}
    assert len(list((out / "students").glob("*.html"))) == 2
    assert "25 / 25" in first.stdout and "sandbox: " in first.stdout
    (out / "report.html").unlink()
    assert run("report", lqr.root, out).returncode == 0 and (out / "report.html").exists()


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(lqr, tmp_path):
    folder = tmp_path / "class"
    for number in range(30):
        (folder / f"s{number:02d}").mkdir(parents=True)
        text = load_variants(lqr).reference.files["lqr.py"]
        (folder / f"s{number:02d}" / "lqr.py").write_text(f"{text}\n# {number}\n")
    command = [sys.executable, "-m", "autograder", "grade", str(lqr.root), str(folder), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=PROJECT, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    while len(list(tmp_path.glob("out/verdicts/*.json"))) < 3:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted;" in said and "Traceback" not in said
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/verdicts/*.json")}
    assert 3 <= len(kept) < 30
    assert run("grade", lqr.root, folder, "--out", tmp_path / "out").returncode == 0
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    assert len(list(tmp_path.glob("out/verdicts/*.json"))) == 30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "hw99", "."], ["hw99", "expected one of", "hw2_lqr_ilqr"]),
        (["grade", "hw2", "nowhere.zip"], ["nowhere.zip", "not there"]),
        (["grade", "hw2", "empty"], ["empty", "no submission"]),
        (["grade", "hw2", "torn.zip"], ["torn.zip"]),
        (["grade", "hw2", "one", "--out", "file/out"], ["file/out", "cannot be written"]),
        (["grade", "hw2", "one", "--tier", "castle"], ["castle", "bubblewrap, landlock"]),
        (["report", "hw2", "empty"], ["class.json"]),
        (["report", "hw2", "other"], ["other", "grades of hw9_tiny, got hw2_lqr_ilqr"]),
        (["verify", "hw99"], ["hw99"]),
        (["verify", "hw2", "--exercise", "2.99"], ["2.99", "expected one of: 2.1, 2.2"]),
        (["calibrate", "hw2", "--exercise", "2.99"], ["2.99", "expected one of: 2.1, 2.2"]),
        (["calibrate", "hw2", "--test", "test_nothing"], ["test_nothing", "test_forward_follows"]),
        (["verify"], ["--all"]),
        (["release", "hw2", "--all"], ["--all"]),
    ],
)
def test_a_users_mistake_is_told_in_one_line(tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "one" / "student").mkdir(parents=True)
    (tmp_path / "one" / "student" / "lqr.py").write_text("")
    (tmp_path / "file").write_text("")
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    Store(tmp_path / "other").save_class(ClassResult("hw9_tiny", "Tiny", [], "none", False))
    assert_one_line(run(*arguments, cwd=tmp_path), *words)


def test_a_usage_mistake_ends_with_code_2_and_the_usage():
    result = run("grade", "hw2")
    assert result.returncode == 2 and "Usage" in result.stderr and "Traceback" not in result.stderr


def test_grading_refuses_a_tier_that_does_not_work_here(lqr, class_, tmp_path):
    without = ENVIRONMENT | {"PATH": str(tmp_path)}
    result = run("grade", lqr.root, class_, "--out", tmp_path / "out", "--tier", "bubblewrap", environment=without)
    assert_one_line(result, "bubblewrap", "not installed")
    assert not (tmp_path / "out").exists()


def test_an_old_python_is_told_in_one_line():
    code = "import sys; sys.version_info = (3, 9, 1); import autograder"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert_one_line(result, "3.9.1", "expected 3.11")


@pytest.mark.parametrize("options", ["ro", "size=64k"])
def test_a_read_only_or_full_disk_is_told_in_one_line(lqr, class_, tmp_path, options):
    """Real file systems, mounted in a mount namespace of the test's own."""
    out = tmp_path / "out"
    out.mkdir()
    before = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        f'mount -t tmpfs -o {options} none {out} && exec "$@"',
        "sh",
    ]
    if not shutil.which("unshare") or subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    result = run("grade", lqr.root, class_, "--out", out, "--processes", 1, "--tier", "none", before=before)
    assert_one_line(result, str(out), "cannot be written" if options == "ro" else "No space left")


def test_the_secret_decides_the_hidden_inputs_and_a_missing_file_is_an_error(lqr, class_, tmp_path):
    environment = ENVIRONMENT | {"MBRL_COURSE_SECRET_FILE": str(tmp_path / "nowhere")}
    assert_one_line(run("grade", lqr.root, class_, "--out", tmp_path / "out", environment=environment), "nowhere")


def test_skeletons_are_fresh():
    result = run("skeletons", "--check")
    assert result.returncode == 0, result.stderr


def test_tiers_are_listed_with_their_reasons():
    result = run("tiers")
    assert result.returncode == 0 and {"bubblewrap", "landlock", "none"} <= set(result.stdout.split())
