import errno
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.errors import UserError
from autograder.release import build as building
from autograder.release.build import build
from autograder.release.folder import planned, skeletons, stale
from autograder.tests.release_example import FILES, make


@pytest.fixture
def homework(tmp_path):
    return make(tmp_path / "project")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_release_holds_what_is_allowed_and_nothing_else(homework, tmp_path):
    folder = build(homework, tmp_path / "out")
    assert names(folder) == {
        "README.md", "homework.toml", "conftest.py", "pytest.ini", "requirements.txt",
        "sums.py", "provided.py", "hw9_sums.ipynb", "tests/test_sums.py",
        "course/__init__.py", "course/deep.py", "course/testing/__init__.py", "course/testing/plugin.py",
        "course/data/walk.csv",
    }  # fmt: skip
    assert names(tmp_path / "out") - {f"hw9_sums/{name}" for name in names(folder)} == {"hw9_sums.zip"}


def test_the_zip_is_the_folder_and_the_same_bytes_whenever_it_is_made(homework, tmp_path):
    first, second = build(homework, tmp_path / "a"), build(homework, tmp_path / "b")
    for path in homework.project.rglob("*"):
        os.utime(path, (10**9, 10**9))
    again = build(homework, tmp_path / "a")
    archives = [folder.with_name("hw9_sums.zip") for folder in (first, second, again)]
    assert len({digest(path) for path in archives}) == 1
    with zipfile.ZipFile(archives[0]) as archive:
        assert archive.namelist() == sorted(f"hw9_sums/{name}" for name in names(again))
        assert archive.read("hw9_sums/sums.py") == (again / "sums.py").read_bytes()


def test_the_zip_s_bytes_are_the_same_on_every_machine(tmp_path):
    building.write_zip(tmp_path / "x.zip", "hw", {"b.py": b"2\n", "a.py": b"1\n" * 99})
    assert digest(tmp_path / "x.zip") == "686582bb28fbf4924062d08fb11c8655aba7c5c996a689c090f401e38bbd6d31"


def test_students_are_asked_for_what_the_homework_needs_in_the_versions_of_grading(homework):
    lines = planned(homework)["requirements.txt"].decode().splitlines()[1:]
    assert lines == [
        "ipykernel==7.0",
        "matplotlib==3.0",
        "notebook==7.0",
        "numpy==2.0.0",
        "pytest==9.0",
        "scipy==1.5",
    ]


def test_packages_reached_through_the_course_and_preloaded_ones_are_asked_for(tmp_path):
    for name, change in [
        ("hw9_sums/provided.py", "import scipy\nfrom course import deep\n"),
        ("hw9_sums/homework.toml", FILES["hw9_sums/homework.toml"].replace('["numpy"]', '["torch"]')),
    ]:
        homework = make(tmp_path / name.replace("/", "-"), **{name: change})
        assert "\ntorch==2.0\n" in planned(homework)["requirements.txt"].decode()


def test_a_given_module_is_released_with_its_solution_and_without_marks(tmp_path):
    toml = FILES["hw9_sums/homework.toml"].replace("given = []", 'given = ["hw8_before/helper.py"]')
    check = "    if not len(x):\n        raise ValueError(f'f: x is empty, expected at least {1} number in {x!r}')\n"
    helper = (
        f"def f(x):\n{check}    # BEGIN SOLUTION 8.1: double\n    return double(x + number_of(x))\n    # END SOLUTION\n"
    )
    released = helper.replace("    # BEGIN SOLUTION 8.1: double\n", "").replace("    # END SOLUTION\n", "")
    same = "solutions/hw8_before/alternatives/other/helper.py"  # a correct solution may repeat what is given
    files = {"hw9_sums/homework.toml": toml, "solutions/hw8_before/helper.py": helper, same: helper}
    files["hw8_before/homework.toml"] = FILES["hw9_sums/homework.toml"]
    homework = make(tmp_path, **files)
    assert (build(homework, tmp_path / "out") / "helper.py").read_text() == released


def test_pytest_runs_in_an_unpacked_release(homework, tmp_path):
    archive = build(homework, tmp_path / "out").with_name("hw9_sums.zip")
    with zipfile.ZipFile(archive) as unpacked:
        unpacked.extractall(tmp_path / "elsewhere")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path / "elsewhere" / "hw9_sums", capture_output=True, text=True)
    assert done.returncode == 0 and "2 tests collected" in done.stdout, done.stdout + done.stderr


def test_stale_and_hand_edited_files_are_named_and_mended(homework):
    assert stale(homework) == []
    (homework.root / "sums.py").write_text("def running(): ...\n")
    (homework.root / homework.notebook).unlink()
    assert [line.split(": ")[0] for line in stale(homework)] == [
        "hw9_sums/sums.py",
        "hw9_sums/hw9_sums.ipynb",
    ]
    assert {path.name for path in skeletons(homework)} == {"sums.py", "hw9_sums.ipynb"}
    assert stale(homework) == [] and skeletons(homework) == []


def test_a_hand_edited_skeleton_is_not_released(homework, tmp_path):
    (homework.root / "sums.py").write_text("def running(): ...\n")
    with pytest.raises(UserError, match="hw9_sums/sums.py: stale"):
        build(homework, tmp_path / "out")


def test_a_release_whose_ids_disagree_is_refused(tmp_path):
    homework = make(tmp_path, **{"hw9_sums/README.md": "no table\n"})
    with pytest.raises(UserError, match="no table row of 9.1"):
        build(homework, tmp_path / "out")


def test_a_refused_build_leaves_the_old_release_in_place(homework, tmp_path):
    out = tmp_path / "out"
    build(homework, out)
    before = {path: digest(path) for path in out.rglob("*") if path.is_file()}
    readme = homework.root / "README.md"
    readme.write_text(readme.read_text() + "weights = gamma ** np.arange(len(rewards))\n")
    with pytest.raises(UserError, match="leaks"):
        build(homework, out)
    assert {path: digest(path) for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("step", ["write_zip", "_write_folder"])
def test_a_full_disk_is_one_line_and_leaves_the_old_release_in_place(homework, tmp_path, monkeypatch, step):
    out = tmp_path / "out"
    build(homework, out)
    before = {path: digest(path) for path in out.rglob("*") if path.is_file()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(building, step, full)
    with pytest.raises(UserError, match="No space left") as caught:
        build(homework, out)
    assert "\n" not in str(caught.value)
    assert {path: digest(path) for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("failing", range(1, 5))
def test_a_build_that_fails_while_renaming_puts_the_old_release_back(homework, tmp_path, monkeypatch, failing):
    out, rename, count = tmp_path / "out", os.rename, 0
    build(homework, out)
    before = {path: digest(path) for path in out.rglob("*") if path.is_file()}

    def stumble(source, target):
        nonlocal count
        count += 1
        if count == failing:
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(building.os, "rename", stumble)
    with pytest.raises(UserError, match="Permission denied"):
        build(homework, out)
    assert {path: digest(path) for path in out.rglob("*") if path.is_file()} == before


def test_an_output_folder_that_cannot_be_written_is_one_line(homework, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written") as caught:
        build(homework, tmp_path / "file" / "out")
    assert "\n" not in str(caught.value)


def test_symbolic_links_are_not_released(homework, tmp_path):
    (homework.root / "outside.py").symlink_to(homework.solutions / "sums.py")
    with pytest.raises(UserError, match="symbolic link"):
        build(homework, tmp_path / "out")
