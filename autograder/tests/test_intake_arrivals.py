"""Who handed in what, from names alone, in every layout of a class."""

from __future__ import annotations

import os
import pickle
import tracemalloc

import pytest

from autograder.errors import UserError
from autograder.intake import arrivals, receive, safe_name
from autograder.intake.gradescope import entries
from autograder.tests.test_intake import CODE, NOTEBOOK, a_homework, laid, said, tarred, zipped

ONE, TWO = b"one = 1\n", b"two = 2\n"


def both(tmp_path, files):
    """Yield the same class as a folder, as a zip and as a tar of it, each with its results by student."""
    laid(tmp_path / "class", files)
    (tmp_path / "class.zip").write_bytes(zipped(files))
    (tmp_path / "class.tar.gz").write_bytes(tarred(files, "w:gz"))
    for path in (tmp_path / "class", tmp_path / "class.zip", tmp_path / "class.tar.gz"):
        yield results(path)


def results(path, homework=None):
    """Return student -> Submission, after checking that the list is sorted and survives a process boundary."""
    homework = homework or a_homework()
    listed = arrivals(path, homework)
    assert listed == arrivals(path, homework) == pickle.loads(pickle.dumps(listed))
    assert [arrival.student for arrival in listed] == sorted({arrival.student for arrival in listed})
    return {arrival.student: receive(arrival, homework) for arrival in listed}


def contents(found):
    return {student: submission.files.get("lqr.py") for student, submission in found.items()}


def test_a_folder_or_an_archive_for_each_student(tmp_path):
    files = {
        "s1/lqr.py": ONE,
        "Ünï Cödé/hw2_lqr_ilqr/lqr.py": TWO,
        "s2.zip": zipped({"lqr.py": ONE}),
        "李.tar.gz": tarred({"x/lqr.py": TWO}, "w:gz"),
        "grades.csv": b"",
        ".DS_Store": b"",
        "__MACOSX/._s1": b"",
    }
    for found in both(tmp_path, files):
        assert contents(found) == {"s1": ONE, "Ünï Cödé": TWO, "s2": ONE, "李": TWO}
        assert found["s2"].source == "s2.zip"


CANVAS = {
    "lastfirst_12_100_lqr.py": ONE,
    "lastfirst_12_101_hw2_lqr_ilqr.ipynb": NOTEBOOK,
    "lastfirst_LATE_13_102_lqr-1.py": TWO,
    "läst_näme_14_103_hw2.zip": zipped({"hw2/lqr.py": ONE}),
    "anon_aB3xY_104_lqr.py": TWO,
    "LATE_anon_Q9zzz_105_lqr.py": ONE,
}


def test_canvas(tmp_path):
    expected = {
        "lastfirst_12": ONE,
        "lastfirst_13": TWO,
        "läst_näme_14": ONE,
        "anon_aB3xY": TWO,
        "anon_Q9zzz": ONE,
    }
    for found in both(tmp_path, CANVAS):
        assert contents(found) == expected
        assert found["lastfirst_12"].files["hw2_lqr_ilqr.ipynb"] == NOTEBOOK
        assert found["lastfirst_12"].source == "lqr.py, hw2_lqr_ilqr.ipynb"
        assert said(found["lastfirst_13"]) == ""  # the "-1" is Canvas's doing


def test_of_two_files_of_one_name_canvas_s_later_one_wins(tmp_path):
    files = {"s_1_100_lqr-1.py": ONE, "s_LATE_1_99_lqr.py": TWO, "s_1_98_notes.txt": b""}
    for found in both(tmp_path, files):
        assert contents(found) == {"s_1": ONE}
        assert "handed in 2 times: the latest was taken (lqr-1.py), not lqr.py" in said(found["s_1"])


def test_a_file_s_name_cannot_pass_for_another_student_s_prefix(tmp_path):
    laid(tmp_path / "canvas", {"forger_1_100_lastfirst_12_999_lqr.py": ONE, "lastfirst_12_200_lqr.py": TWO})
    assert contents(results(tmp_path / "canvas")) == {"forger_1": None, "lastfirst_12": TWO}
    name = "Forger_1_assignsubmission_file_Other_2_assignsubmission_file_lqr.py"
    laid(tmp_path / "moodle", {name: ONE, "Other_2_assignsubmission_file_lqr.py": TWO})
    assert contents(results(tmp_path / "moodle")) == {"Forger_1": None, "Other_2": TWO}


def test_moodle_with_folders_and_flat(tmp_path):
    folders = {
        "Full Name_7_assignsubmission_file_/lqr.py": ONE,
        "Full Name_8_assignsubmission_file/work.zip": zipped({"lqr.py": TWO}),
        "Full Name_8_assignsubmission_onlinetext_/onlinetext.html": b"",
        "Participant_9_assignsubmission_file_/hw2/lqr.py": ONE,
    }
    for found in both(tmp_path, folders):
        assert contents(found) == {"Full Name_7": ONE, "Full Name_8": TWO, "Participant_9": ONE}


def test_moodle_flat(tmp_path):
    flat = {
        "Full Name_7_assignsubmission_file_lqr.py": ONE,
        "Second Name_8_assignsubmission_file_a.zip": zipped({"lqr.py": TWO}),
    }
    for found in both(tmp_path, flat):
        assert contents(found) == {"Full Name_7": ONE, "Second Name_8": TWO}


METADATA = """---
submission_1001:
  :submitters:
  - :name: Full Name
    :sid: '0042'
    :email: one@example.org
  :created_at: 2026-10-02 11:30:00.000000000 -07:00
  :score: 3.0
  :results:
    tests:
    - output: |
        submission_1002:
          :submitters:
          - :sid: '0042'
  :history:
  - :id: 5
    :created_at: 2027-01-01 00:00:00 Z
submission_1002:
  :submitters:
  - :name: Second Name
    :sid:
    :email: two@example.org
  - :name: Third Name
    :sid: '0077'
  :created_at: 2026-10-02 10:00:00 Z
submission_1003:
  :submitters:
  - :name: Full Name
    :sid: '0042'
  :created_at: 2026-10-02 18:30:01 Z
submission_1004:
  :submitters:
  - :name: Full Name
submission_1005:
  :submitters: []
"""


def test_gradescope(tmp_path):
    files = {
        "submission_metadata.yml": METADATA.encode(),
        "submission_1005/lqr.py": ONE,
        "submission_1009/lqr.py": TWO,
    }
    files |= {f"submission_{n}/hw2/lqr.py": b"%d\n" % n for n in range(1001, 1005)}
    wrapped = {f"assignment_55_export/{name}": data for name, data in files.items()}
    for found in [*both(tmp_path / "a", files), *both(tmp_path / "b", wrapped)]:
        assert contents(found) == {
            "0042": b"1003\n",
            "two@example.org": b"1002\n",
            "0077": b"1002\n",
            "Full Name (submission_1004)": b"1004\n",
            "submission_1005": ONE,
            "submission_1009": TWO,
        }
        assert "the latest was taken (submission_1003), not submission_1001" in said(found["0042"])
        assert "handed in by a group: two@example.org, 0077" in said(found["0077"])


def test_gradescope_names_a_student_whose_folder_is_gone(tmp_path):
    laid(tmp_path / "c", {"submission_metadata.yml": METADATA.encode(), "submission_1001/lqr.py": ONE})
    found = results(tmp_path / "c")
    assert "submission_1002 cannot be read" in found["0077"].refused


def test_gradescope_s_metadata_cannot_point_elsewhere(tmp_path):
    text = b"../../etc:\n  :submitters:\n  - :sid: '1'\n/etc:\n  :submitters:\n  - :sid: '2'\nsubmission_1:\n  :submitters:\n  - :sid: '3'\n"
    laid(tmp_path / "c", {"submission_metadata.yml": text, "submission_1/lqr.py": ONE})
    assert contents(results(tmp_path / "c")) == {"3": ONE}


def test_gradescope_s_metadata_are_never_objects(tmp_path):
    text = b"a: &x !!python/object/apply:os.system ['false']\nb: *x\nc: [[[[[[{}]]]]]]\n? {k: v}\n: 1\nd:\n  :submitters:\n  - :sid: 7\n"
    assert [entry for entry in entries(text) if entry.folder == "d"] == [("d", 0.0, ("7",))]
    laid(tmp_path / "c", {"submission_metadata.yml": b"a: [", "submission_1/lqr.py": ONE})
    with pytest.raises(UserError, match="not readable as YAML"):
        arrivals(tmp_path / "c", a_homework())


def test_nbgrader_s_tree(tmp_path):
    files = {
        "submitted/one/hw2_lqr_ilqr/lqr.py": ONE,
        "submitted/one/hw2_lqr_ilqr/timestamp.txt": b"2026-10-02 01:00:00 UTC",
        "submitted/one/hw1_planning/lqr.py": TWO,
        "submitted/two/hw2/lqr.py": TWO,
        "submitted/three/hw1_planning/cem.py": TWO,
        "release/hw2_lqr_ilqr/x.ipynb": b"",
        "gradebook.db": b"",
    }
    for found in both(tmp_path, files):
        assert contents(found) == {"one": ONE, "two": TWO}
    assert contents(results(tmp_path / "class" / "submitted")) == {"one": ONE, "two": TWO}


def test_nbgrader_s_exchange(tmp_path):
    files = {
        "one+hw2_lqr_ilqr+2026-10-02 01:00:00.123456 UTC+c2VjcmV0/lqr.py": ONE,
        "one+hw2_lqr_ilqr+2026-10-02 09:00:00.123456 UTC+c2VjcmV0/lqr.py": TWO,
        "one+hw1_planning+2026-11-02 09:00:00 UTC/lqr.py": ONE,
        "two+x+hw2_lqr_ilqr+2026-10-02 01:00:00 UTC.zip": zipped({"lqr.py": ONE}),
    }
    for found in both(tmp_path, files):
        assert contents(found) == {"one": TWO, "two+x": ONE}
        assert "handed in 2 times" in said(found["one"])


def test_of_dated_archives_the_latest_wins(tmp_path):
    files = {
        "s1_2026-10-02_11-30-00.zip": zipped({"lqr.py": ONE}),
        "s1_2026-10-02_12-00-00.zip": zipped({"lqr.py": TWO}),
        "s10 2026-10-01.zip": zipped({"lqr.py": ONE}),
    }
    for found in both(tmp_path, files):
        assert contents(found) == {"s1": TWO, "s10": ONE}
        assert "not s1_2026-10-02_11-30-00.zip" in said(found["s1"])


def test_numbers_and_plus_signs_in_ids_are_no_dates_and_no_exchange(tmp_path):
    ids = ["s_20261002", "s_20261003", "s 2026", "a+b@example.org", "a+b+c"]
    for found in both(tmp_path, {f"{student}/lqr.py": student.encode() + b"\n" for student in ids}):
        assert contents(found) == {student: student.encode() + b"\n" for student in ids}


def test_a_released_folder_without_the_module_is_one_submission_and_not_a_class(tmp_path):
    files = {"hw2_lqr_ilqr/course/x.py": b"", "hw2_lqr_ilqr/tests/y.py": b"", "hw2_lqr_ilqr/fig/z.png": b""}
    (tmp_path / "one.zip").write_bytes(zipped(files))
    found = results(tmp_path / "one.zip")
    assert contents(found) == {"one": None} and "missing: lqr.py" in said(found["one"])


def test_an_archive_beside_its_own_folder_is_what_was_handed_in(tmp_path):
    for found in both(tmp_path, {"s1/lqr.py": ONE, "s1.zip": zipped({"lqr.py": TWO}), "s2/lqr.py": ONE}):
        assert contents(found) == {"s1": TWO, "s2": ONE}
        assert "the latest was taken (s1.zip), not s1" in said(found["s1"])


def test_students_whose_names_nearly_agree_stay_apart(tmp_path):
    names = ["one", "One", "ONE ", "o ne", "o-ne", "Cafe\u0301", "Café"]
    laid(tmp_path / "c", {f"{name}/lqr.py": f"n = {n}\n".encode() for n, name in enumerate(names)})
    found = results(tmp_path / "c")
    assert sorted(contents(found).values()) == [f"n = {n}\n".encode() for n in range(len(names))]
    assert len({safe_name(student) for student in found}) == len(names)


def test_a_name_that_is_no_text_is_listed_in_a_printable_form(tmp_path):
    os.makedirs(os.fsencode(tmp_path / "c") + b"/caf\xe9")
    laid(tmp_path / "c", {"one/lqr.py": ONE})
    assert list(results(tmp_path / "c")) == ["caf\\udce9", "one"]


def test_one_submission_alone_is_named_by_itself_or_its_folder(tmp_path):
    laid(tmp_path / "one", {"lqr.py": ONE})
    laid(tmp_path / "two", {"hw2_lqr_ilqr/lqr.py": ONE, "hw2_lqr_ilqr/course/x.py": b""})
    laid(
        tmp_path,
        {
            "three.zip": zipped({"stuff/lqr.py": ONE}),
            "lastfirst_5_600_lqr-2.py": ONE,
            "odd.zip": zipped({"../lqr.py": ONE}),
        },
    )
    for name, student in [
        ("one", "one"),
        ("one/lqr.py", "one"),
        ("two", "two"),
        ("three.zip", "three"),
        ("lastfirst_5_600_lqr-2.py", "lastfirst_5"),
    ]:
        assert contents(results(tmp_path / name)) == {student: ONE}
    assert "'..'" in results(tmp_path / "odd.zip")["odd"].refused


def test_a_folder_around_the_class_has_no_meaning(tmp_path):
    for found in both(tmp_path, {"export/hw2/one/lqr.py": ONE, "export/hw2/two.zip": zipped({"lqr.py": TWO})}):
        assert contents(found) == {"one": ONE, "two": TWO}


def test_a_class_of_one_in_a_folder(tmp_path):
    laid(tmp_path / "c", {"one/lqr.py": ONE})
    assert contents(results(tmp_path / "c")) == {"one": ONE}


def test_hostile_names_in_a_class_s_archive_cost_only_whose_folder_they_name(tmp_path):
    files = {"one/lqr.py": ONE, "two/lqr.py": TWO, "two/../../etc/x": b"", "../evil": b"", "/etc/passwd": b""}
    (tmp_path / "c.zip").write_bytes(zipped(files))
    found = results(tmp_path / "c.zip")
    assert found["one"].files == {"lqr.py": ONE} and "'..'" in found["two"].refused


def nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    laid(tmp_path / "junk", {".DS_Store": b"", "roster.csv": b""})
    (tmp_path / "empty.zip").write_bytes(zipped({}))
    (tmp_path / "cut.zip").write_bytes(zipped({"one/lqr.py": CODE})[:-30])
    (tmp_path / "text.zip").write_bytes(b"hello")
    (tmp_path / "a.rar").write_bytes(b"Rar!" + bytes(600))
    (tmp_path / "cut.tar.gz").write_bytes(tarred({"one/lqr.py": os.urandom(3000)}, "w:gz")[:-500])
    os.mkfifo(tmp_path / "fifo")
    return ["empty", "junk", "missing", "empty.zip", "cut.zip", "text.zip", "a.rar", "cut.tar.gz", "fifo"]


def test_nothing_to_grade_is_the_user_s_mistake_in_one_line(tmp_path):
    for name in nothing(tmp_path):
        with pytest.raises(UserError) as error:
            arrivals(tmp_path / name, a_homework())
        assert name in str(error.value) and "\n" not in str(error.value), name
        assert any(word in str(error.value) for word in ("expected", "again")), error.value


def test_a_class_is_read_student_by_student_and_never_held_at_once(tmp_path):
    noise = os.urandom(1 << 20)
    files = {f"s{n:03d}/data.bin": noise for n in range(60)} | {f"s{n:03d}/lqr.py": b"x = %d\n" % n for n in range(60)}
    (tmp_path / "c.zip").write_bytes(zipped(files))
    del files, noise
    tracemalloc.start()
    total = 0
    for arrival in arrivals(tmp_path / "c.zip", a_homework()):
        total += len(receive(arrival, a_homework()).files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 60 and peak < 8 << 20
