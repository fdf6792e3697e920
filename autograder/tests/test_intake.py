"""What is mended and said. `a_homework`, `zipped` and `tarred` serve the other tests of intake too."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from autograder.homework import Exercise, Homework, Limits, Written
from autograder.intake import Arrival, Submission, arrivals, receive

CODE = b"def backward():\n    return 1\n"
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def a_homework(files=("lqr.py",), given=(), **limits) -> Homework:
    """Make a homework that needs no files of its own."""
    return Homework(
        name="hw2_lqr_ilqr",
        title="LQR and iLQR",
        root=Path("/nowhere/hw2_lqr_ilqr"),
        files=tuple(files),
        given=tuple(given),
        preload=("numpy",),
        limits=Limits(**limits),
        exercises=(Exercise("2.1", "LQR", 20, files[0]),),
        written=(),
    )


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive that holds `files`, in order, under exactly these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name) if name.endswith("/") else name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", format: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive that holds `files`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    """Write `files` below `folder` and return it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def taken(path: Path, data: bytes | None = None, homework: Homework | None = None) -> Submission:
    """Receive `path` (written with `data` first) as a submission on its own."""
    if data is not None:
        path.write_bytes(data)
    return receive(Arrival("s", path.name, path), homework or a_homework())


def said(submission: Submission) -> str:
    """Return the notes as one text, after checking that each is one line."""
    assert all(note and note.isprintable() for note in (*submission.notes, submission.refused or "-"))
    return " | ".join(submission.notes)


ARCHIVES = {
    "a.zip": zipped({"lqr.py": CODE, "hw2_lqr_ilqr.ipynb": NOTEBOOK}),
    **{
        f"a{end}": tarred({"lqr.py": CODE, "hw2_lqr_ilqr.ipynb": NOTEBOOK}, mode)
        for end, mode in (
            (".tar", "w"),
            (".tar.gz", "w:gz"),
            (".tgz", "w:gz"),
            (".tar.bz2", "w:bz2"),
            (".tar.xz", "w:xz"),
        )
    },
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_kind_of_archive_gives_the_module_and_the_notebook(tmp_path, name):
    submission = taken(tmp_path / name, ARCHIVES[name])
    assert submission == Submission("s", name, {"lqr.py": CODE, "hw2_lqr_ilqr.ipynb": NOTEBOOK})


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_with_long_and_foreign_names_is_read_in_every_dialect(tmp_path, format):
    folder = "d" * 70 + "/" + "e" * 60
    submission = taken(tmp_path / "a.tar", tarred({f"{folder}/x" * 1: b"", f"{folder}/lqr.py": CODE}, format=format))
    assert submission.files == {"lqr.py": CODE}
    if format != tarfile.USTAR_FORMAT:
        name = "Übung/" + "ß" * 150 + "/lqr.py"
        assert taken(tmp_path / "a.tar", tarred({name: CODE}, format=format)).files == {"lqr.py": CODE}


def test_a_folder_and_a_lone_file_are_submissions_too(tmp_path):
    laid(tmp_path / "Zweites Blatt ä", {"lqr.py": CODE})
    assert taken(tmp_path / "Zweites Blatt ä") == Submission("s", "Zweites Blatt ä", {"lqr.py": CODE})
    assert taken(tmp_path / "Zweites Blatt ä" / "lqr.py").files == {"lqr.py": CODE}


def test_the_digest_is_of_names_and_contents_and_of_nothing_else():
    one = Submission("a", "a.zip", {"a.py": b"1", "b.py": b"2"}, ("note",))
    assert one.digest == Submission("b", "b", {"b.py": b"2", "a.py": b"1"}).digest
    assert one.digest != Submission("a", "a.zip", {"a.py": b"12", "b.py": b""}).digest
    assert len(one.digest) == 64


@pytest.mark.parametrize("base", ["hw2_lqr_ilqr", "my homework", "a/b", "Lösung"])
def test_files_in_folders_are_found_and_the_depth_is_said(tmp_path, base):
    submission = taken(tmp_path / "a.zip", zipped({f"{base}/lqr.py": CODE, f"{base}/course/systems.py": b""}))
    assert submission.files == {"lqr.py": CODE}
    assert f"down, in {base}" in said(submission)


def test_the_folder_with_most_modules_is_the_base_and_a_straggler_is_fetched(tmp_path):
    homework = a_homework(("a.py", "b.py", "c.py"))
    laid(tmp_path / "s", {"x/a.py": b"1\n", "x/b.py": b"2\n", "y/c.py": b"3\n"})
    submission = taken(tmp_path / "s", homework=homework)
    assert submission.files == {"a.py": b"1\n", "b.py": b"2\n", "c.py": b"3\n"}
    assert "c.py was found apart from the others, in y" in said(submission)


def test_two_folders_with_the_same_file_are_not_guessed_between(tmp_path):
    submission = taken(tmp_path / "a.zip", zipped({"one/lqr.py": CODE, "two/lqr.py": b"x"}))
    assert submission.refused == "lqr.py lies in more than one folder (one, two); hand in one"


def test_a_copy_in_a_deeper_folder_or_in_a_released_one_does_not_matter(tmp_path):
    assert taken(tmp_path / "a.zip", zipped({"old/lqr.py": b"x\n", "lqr.py": CODE})).files == {"lqr.py": CODE}
    assert taken(tmp_path / "a.zip", zipped({"tests/lqr.py": b"x\n", "b/c/lqr.py": CODE})).files == {"lqr.py": CODE}


def test_what_every_release_carries_needs_no_word(tmp_path):
    homework = a_homework(given=("hw1_planning/cem.py",))
    files = {
        "lqr.py": CODE,
        "cem.py": b"",
        "course/numpy.py": b"",
        "tests/test_lqr.py": b"",
        "README.md": b"",
    }
    assert taken(tmp_path / "a.zip", zipped(files), homework) == Submission("s", "a.zip", {"lqr.py": CODE})


def test_other_files_are_counted_and_the_first_are_named(tmp_path):
    extra = {f"figure{n}.png": b"" for n in range(5)}
    assert "5 other files not asked for and not taken: figure0.png, figure1.png, figure2.png, ..." in said(
        taken(tmp_path / "a.zip", zipped({"lqr.py": CODE} | extra))
    )


def test_pytest_files_and_network_weights_are_left_and_said(tmp_path):
    released = {"conftest.py": b"", "pytest.ini": b""}  # they came with the homework: no word about them
    files = {"lqr.py": CODE, "tox.ini": b"", "model.pth": b"", "sub/conftest.py": b"", **released}
    submission = taken(tmp_path / "a.zip", zipped(files))
    assert submission.files == {"lqr.py": CODE}
    assert "without effect on grading and not taken: conftest.py, tox.ini" in said(submission)
    assert "1 other file not asked for and not taken: model.pth" in said(submission)


JUNK = ["__MACOSX/._lqr.py", "._lqr.py", ".DS_Store", "__pycache__/lqr.cpython-311.pyc", "Thumbs.db",
        ".ipynb_checkpoints/lqr-checkpoint.py", ".git/config", "sub/.venv/lib/numpy/__init__.py"]  # fmt: skip


@pytest.mark.parametrize("name", JUNK)
def test_junk_of_systems_and_editors_is_ignored_and_said(tmp_path, name):
    laid(tmp_path / "folder", {"lqr.py": CODE, name: b"x"})
    for submission in (
        taken(tmp_path / "a.zip", zipped({name: b"x", "lqr.py": CODE})),
        taken(tmp_path / "folder"),
    ):
        assert submission.files == {"lqr.py": CODE} and not submission.refused
    assert "1 file of the system or an editor ignored" in said(taken(tmp_path / "a.zip"))


@pytest.mark.parametrize("name", ["LQR.py", "lqr-1.py", "lqr (2).py", "lqr(1).py", "lqr.py.txt"])
def test_a_name_that_a_browser_or_an_editor_changed_is_recognised_and_said(tmp_path, name):
    submission = taken(tmp_path / "a.zip", zipped({name: CODE}))
    assert submission.files == {"lqr.py": CODE} and f"{name} was taken as lqr.py" in said(submission)


def test_the_exact_name_comes_before_a_copy_of_it(tmp_path):
    assert taken(tmp_path / "a.zip", zipped({"lqr-1.py": b"old\n", "lqr.py": CODE})).files == {"lqr.py": CODE}


def test_a_notebook_instead_of_the_module_is_taken_and_explained(tmp_path):
    submission = taken(tmp_path / "a.zip", zipped({"my work.ipynb": NOTEBOOK}))
    assert submission.files == {"hw2_lqr_ilqr.ipynb": NOTEBOOK}
    assert "missing: lqr.py; a notebook was handed in, but it is never run for grading" in said(submission)


def test_a_missing_notebook_is_said_only_where_answers_are_written_in_it(tmp_path):
    homework = a_homework()
    asked = Homework(**{**vars(homework), "written": (Written("2.1w", "Why", 5),)})
    assert said(taken(tmp_path / "lqr.py", CODE, homework)) == ""
    assert "missing: hw2_lqr_ilqr.ipynb" in said(taken(tmp_path / "lqr.py", CODE, asked))


EMPTY = {"zip": zipped({}), "tar": tarred({}), "tar.gz": tarred({}, "w:gz"), "folder": zipped({"hw2/": b""})}


@pytest.mark.parametrize("data", EMPTY.values(), ids=EMPTY)
def test_an_empty_archive_is_said_and_not_refused(tmp_path, data):
    submission = taken(tmp_path / "a.zip", data)
    assert submission.files == {} and not submission.refused
    assert "a.zip holds no files" in said(submission) and "missing: lqr.py" in said(submission)


def test_an_empty_folder_hands_in_nothing(tmp_path):
    (tmp_path / "s").mkdir()
    assert "nothing was handed in | missing: lqr.py" in said(taken(tmp_path / "s"))


def test_an_archive_in_a_folder_and_an_archive_in_an_archive_are_opened(tmp_path):
    inner = zipped({"hw2_lqr_ilqr/lqr.py": CODE})
    laid(tmp_path / "s", {"work.zip": inner, "hw2_lqr_ilqr.ipynb": NOTEBOOK})
    assert taken(tmp_path / "s").files == {"lqr.py": CODE, "hw2_lqr_ilqr.ipynb": NOTEBOOK}
    assert taken(tmp_path / "a.zip", zipped({"work.tar.gz": tarred({"lqr.py": CODE}, "w:gz")})).files == {
        "lqr.py": CODE
    }


def test_a_loose_module_comes_before_one_in_an_archive(tmp_path):
    laid(tmp_path / "s", {"lqr.py": CODE, "old.zip": zipped({"lqr.py": b"x"})})
    assert taken(tmp_path / "s").files == {"lqr.py": CODE}


def test_the_newest_of_numbered_archives_is_taken_and_others_are_not_guessed(tmp_path):
    laid(tmp_path / "s", {"w.zip": zipped({"lqr.py": b"old\n"}), "w (1).zip": zipped({"lqr.py": CODE})})
    submission = taken(tmp_path / "s")
    assert submission.files == {"lqr.py": CODE} and "the newest of 2 archives was taken: w (1).zip" in said(submission)
    laid(tmp_path / "t", {"v.zip": zipped({"lqr.py": b"old\n"}), "w.zip": zipped({"lqr.py": CODE})})
    assert "more than one archive holds the files" in taken(tmp_path / "t").refused


@pytest.mark.parametrize("name, data", [("a.zip", ARCHIVES["a.tar.gz"]), ("a.tar.gz", ARCHIVES["a.zip"])])
def test_an_archive_with_the_wrong_ending_is_read_and_said(tmp_path, name, data):
    submission = taken(tmp_path / name, data)
    assert submission.files["lqr.py"] == CODE and "it was read as that" in said(submission)


def test_one_damaged_file_costs_that_file_only(tmp_path):
    homework = a_homework(("a.py", "b.py"))
    data = zipped({"a.py": b"a = 1\n", "b.py": b"b = 2\n"}, zipfile.ZIP_STORED).replace(b"b = 2", b"b = 3")
    submission = taken(tmp_path / "a.zip", data, homework)
    assert submission.files == {"a.py": b"a = 1\n"}
    assert "b.py is damaged in the zip archive" in said(submission) and "missing: b.py" in said(submission)


def test_backslashes_of_an_old_windows_zip_separate_folders(tmp_path):
    assert taken(tmp_path / "a.zip", zipped({"hw2\\lqr.py": CODE})).files == {"lqr.py": CODE}


def test_receiving_a_whole_path_gives_what_arrivals_listed(tmp_path):
    (tmp_path / "s1.zip").write_bytes(zipped({"lqr.py": CODE}))
    [arrival] = arrivals(tmp_path / "s1.zip", a_homework())
    assert receive(arrival, a_homework()) == Submission("s1", "s1.zip", {"lqr.py": CODE})
