"""No name that anybody can write leads to a file that was not asked for, and nothing makes `receive` raise."""

from __future__ import annotations

import io
import tarfile
import tempfile
import warnings
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.intake import Arrival, Submission, receive, safe_name
from autograder.intake.names import clean, fold, is_junk, likeness, shown, uncopied
from autograder.intake.records import Refused
from autograder.tests.test_intake import CODE, a_homework, tarred, zipped

ALLOWED = {"lqr.py", "hw2_lqr_ilqr.ipynb"}
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)

fragments = st.sampled_from(
    ["lqr.py", "LQR.PY", "lqr-1.py", "..", ".", "", "/", "\\", "C:", "\0", "\n", "hw2_lqr_ilqr", "numpy", "random.py", "ſ",
     "course", "__MACOSX", "a.zip", "x.ipynb", "\u202e", "é", "e\u0301", "İ", "~", "con", "$(x)", "%s", "{0}", "lqr.py.txt"]
)  # fmt: skip
names = st.lists(fragments | st.text(max_size=4), min_size=1, max_size=5).flatmap(
    lambda parts: st.sampled_from(["/", "\\", "", "//"]).map(lambda separator: separator.join(parts))
)
encodable = names.filter(lambda name: not any("\ud800" <= c <= "\udfff" for c in name) and name[:1].strip("\0"))


def received(data: bytes, name: str) -> Submission:
    """Receive `data` as one submission, and check what holds of every submission."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in" / name
        path.parent.mkdir()
        path.write_bytes(data)
        submission = receive(Arrival("s", name, path), a_homework())
        assert [file.name for file in Path(folder).rglob("*") if file.is_file()] == [name]
    assert set(submission.files) <= ALLOWED
    assert all(isinstance(content, bytes) for content in submission.files.values())
    assert not (submission.refused and submission.files)
    assert all(line.isprintable() for line in (*submission.notes, submission.refused))
    return submission


@bounded
@given(st.dictionaries(encodable, st.sampled_from([CODE, b"", b"\xff", b"x\r\n"]), min_size=1, max_size=5))
@example({"../lqr.py": CODE})
@example({"lqr.py\0": b""})
def test_no_member_s_name_yields_a_file_outside_the_list(files):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        received(zipped(files), "a.zip")
        received(tarred(files), "a.tar")
        received(zipped({"in.zip": zipped(files)}), "a.zip")


@bounded
@given(
    st.binary(max_size=300),
    st.sampled_from(["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2", "lqr.py", "x.ipynb"]),
)
def test_no_bytes_make_receive_raise(data, name):
    received(data, name)


SOUND = {
    "a.zip": zipped({"hw2/lqr.py": CODE * 20, "notes.txt": b"n"}),
    "a.tar": tarred({"hw2/" + "d" * 120 + "/lqr.py": CODE * 20, "notes.txt": b"n"}),
    "a.tar.gz": tarred({"lqr.py": CODE * 20}, "w:gz"),
    "a.tar.bz2": tarred({"lqr.py": CODE * 20}, "w:bz2"),
    "a.tar.xz": tarred({"lqr.py": CODE * 20}, "w:xz"),
}


@settings(bounded, max_examples=400)
@given(
    st.sampled_from(sorted(SOUND)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.data(),
)
def test_no_damage_to_a_sound_archive_makes_receive_raise(name, changes, data):
    damaged = bytearray(SOUND[name])
    for where, value in changes:
        damaged[int(where * (len(damaged) - 1))] = value
    received(bytes(damaged[: data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))]), name)


@bounded
@given(st.binary(max_size=60), st.sampled_from(["", "# coding: utf-7\n", "# coding: latin-1\n", "\ufeff"]))
def test_no_text_makes_receive_raise_and_sound_python_keeps_its_lines(data, head):
    submission = received(head.encode() + data, "lqr.py")
    if "\r" not in head and b"\r" not in data and not submission.notes:
        assert submission.files["lqr.py"] == head.encode() + data


@bounded
@given(st.lists(st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), min_size=1, max_size=1),
       st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:."), min_size=1, max_size=120),
                       st.binary(max_size=1200), min_size=1, max_size=4))  # fmt: skip
def test_our_reading_of_a_tar_is_the_standard_library_s(format, files):
    from autograder.intake.archives import open_archive

    try:
        data = tarred(files, format=format[0])
    except ValueError:
        return  # this dialect cannot say it
    source = open_archive(data, "a.tar", 1 << 20, [])
    listed = source.entries()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(entry.name, entry.size) for entry in listed] == [(info.name, info.size) for info in archive]
    assert {entry.name: source.read(entry, 1 << 20) for entry in listed} == files


@bounded
@given(names)
def test_a_clean_name_is_relative_and_leads_nowhere_else(name):
    try:
        parts = clean(name)
    except Refused as reason:
        assert str(reason).isprintable()
        return
    assert not {"..", ".", ""} & set(parts)
    assert not any(c in part for part in parts for c in "/\\\0")
    assert parts == () or isinstance(is_junk(parts), bool)


@bounded
@given(st.lists(st.text(max_size=30), unique=True, max_size=30))
@example(
    [
        "a",
        "A",
        "Á",
        "a-",
        "con",
        "a" * 48,
        "a" * 49,
        "",
        ".",
        "..",
        "/",
        "a/b",
        "a\\b",
        "\0",
        "\ud800",
        "a_b",
        "-a",
    ]
)
def test_safe_names_are_plain_and_no_two_students_share_one(students):
    safe = {student: safe_name(student) for student in students}
    assert len({fold(name) for name in safe.values()}) == len(students)
    for name in safe.values():
        assert name == name.lower() and 0 < len(name) <= 48 and name.isascii()
        assert all(c.isalnum() or c in "_-" for c in name) and name[0] != "-"


@bounded
@given(st.text(max_size=40))
def test_a_safe_name_is_its_own_student_s_only(student):
    assert safe_name(safe_name(student)) != safe_name(student) or safe_name(student) == student


@bounded
@given(st.text(max_size=200))
def test_what_is_shown_is_printable_and_short(name):
    assert shown(name).isprintable() and len(shown(name)) <= 60
    assert likeness("lqr.py", "lqr.py") == 0 and uncopied("lqr-1.py") == ("lqr.py", 1)


def test_plain_ids_are_their_own_safe_names():
    for student in ("s1", "0042", "s_12-b"):
        assert safe_name(student) == student
    assert safe_name("Ünï Cödé").startswith("uni-code-")


def test_a_zip_whose_member_differs_from_its_directory_is_not_believed():
    data = zipped({"xqr.py": CODE}, zipfile.ZIP_STORED).replace(b"xqr.py", b"lqr.py", 1)
    assert received(data, "a.zip").files == {}
