"""The gradebook: nbgrader's own tools read what is written, and what people wrote stays."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
from contextlib import closing

import msgspec
import pytest

from autograder.errors import UserError
from autograder.gradebook import database_url, student_id, tool_environment, write_gradebook
from autograder.grading.verdict import ClassResult, Record
from autograder.tests.test_report_sample import HINT, SERVER, XSS, sample_class, sample_homework, sample_verdict

pytest.importorskip("nbgrader")
HW = "hw2_lqr_ilqr"


def dump(path) -> list[str]:
    """Return every row of a SQLite file as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def book(path):
    """Open what was written with nbgrader's own class."""
    from nbgrader.api import Gradebook

    return Gradebook(database_url(path))


def one(statuses, student="s1", **verdict) -> ClassResult:
    """Return a class of one."""
    homework = sample_homework()
    record = Record(student, f"{student}.zip", [], verdict=sample_verdict(statuses, homework, **verdict))
    return ClassResult(homework.name, homework.title, [record], "bubblewrap", False)


def grade(gradebook, cell, student="s1"):
    return gradebook.find_grade(cell, HW, HW, student)


def comment(gradebook, cell, student="s1"):
    return gradebook.find_comment(cell, HW, HW, student)


def test_nbgrader_exports_what_was_written_without_the_environments_bin_on_the_path(tmp_path, monkeypatch):
    """The real `nbgrader export` gives every total, hostile names included, in columns that hold."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    path = tmp_path / "gradebook.db"
    result = sample_class()
    url = write_gradebook(result, sample_homework(), path)
    done = subprocess.run(
        ["nbgrader", "export", "--db", url, "--to", "grades.csv"],
        cwd=tmp_path,
        env=tool_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text(encoding="utf-8").splitlines()))
    totals = {row["student_id"]: float(row["score"]) for row in rows}
    expected = {student_id(r.student): r.verdict.points if r.verdict else 0.0 for r in result.records}
    assert totals == pytest.approx(expected)
    assert all(row["max_score"] == "105.0" and None not in row for row in rows)


def test_writing_twice_changes_nothing_and_says_nothing(tmp_path, capfd):
    """The same class gives the same rows, down to the last id."""
    path = tmp_path / "gradebook.db"
    write_gradebook(sample_class(), sample_homework(), path)
    first = dump(path)
    write_gradebook(sample_class(), sample_homework(), path)
    assert dump(path) == first
    assert capfd.readouterr() == ("", "")


def test_a_changed_grade_is_updated_and_what_people_wrote_stays(tmp_path):
    """Manual score, manual comment, extra credit and a raised flag are nobody's but theirs."""
    path = tmp_path / "gradebook.db"
    write_gradebook(one({"2.1/0": "failed"}), sample_homework(), path)
    with book(path) as gradebook:
        grade(gradebook, "2-2").manual_score = 3.0
        grade(gradebook, "2-1").extra_credit = 1.5
        grade(gradebook, "2-1w").manual_score = 4.0
        grade(gradebook, "2-1w").needs_manual_grade = False
        comment(gradebook, "2-1").manual_comment = "see me"
        gradebook.find_submission_notebook(HW, HW, "s1").flagged = True
        gradebook.db.commit()
    write_gradebook(one({}), sample_homework(), path)
    with book(path) as gradebook:
        assert grade(gradebook, "2-1").auto_score == 20 and grade(gradebook, "2-1").score == 21.5
        assert grade(gradebook, "2-2").manual_score == 3.0
        assert grade(gradebook, "2-1w").manual_score == 4.0 and not grade(gradebook, "2-1w").needs_manual_grade
        assert comment(gradebook, "2-1").comment == "see me" and not comment(gradebook, "2-1").auto_comment
        assert gradebook.find_submission_notebook(HW, HW, "s1").flagged


def test_a_manual_score_over_a_grade_that_changed_asks_for_a_look(tmp_path):
    """Who graded by hand what has since been graded otherwise should know."""
    path = tmp_path / "gradebook.db"
    write_gradebook(one({"2.1": "failed"}), sample_homework(), path)
    with book(path) as gradebook:
        grade(gradebook, "2-1").manual_score = 5.0
        gradebook.db.commit()
    write_gradebook(one({}), sample_homework(), path)
    with book(path) as gradebook:
        assert grade(gradebook, "2-1").needs_manual_grade and grade(gradebook, "2-1").score == 5.0


def test_pending_and_written_wait_for_a_person(tmp_path):
    """Points held back, and written answers of those who handed in a notebook, need a manual grade."""
    path = tmp_path / "gradebook.db"
    write_gradebook(one({"2.1/0": "internal"}), sample_homework(), path, notebooks={"s1"})
    write_gradebook(one({}, "s2"), sample_homework(), path, notebooks={"s1"})
    with book(path) as gradebook:
        assert grade(gradebook, "2-1").needs_manual_grade and grade(gradebook, "2-1").auto_score == 15
        assert not grade(gradebook, "2-2").needs_manual_grade
        assert grade(gradebook, "2-1w").needs_manual_grade and grade(gradebook, "2-1w").max_score == 5
        assert not grade(gradebook, "2-1w", "s2").needs_manual_grade
        assert grade(gradebook, "2-1w", "s2").auto_score == 0


def test_what_was_refused_or_never_came_is_zero_with_a_comment_and_a_flag(tmp_path):
    """Nobody is left ungraded, and staff are asked to look."""
    path = tmp_path / "gradebook.db"
    records = [Record("s1", "s1.rar", [], refused="s1.rar: got a RAR archive"), Record("s2", "", [])]
    write_gradebook(msgspec.structs.replace(sample_class(), records=records), sample_homework(), path)
    with book(path) as gradebook:
        for student, words in (("s1", "RAR archive"), ("s2", "Nothing was handed in")):
            submitted = gradebook.find_submission(HW, student)
            assert submitted.score == 0 and not submitted.needs_manual_grade
            assert gradebook.find_submission_notebook(HW, HW, student).flagged
            assert words in comment(gradebook, "2-1", student).auto_comment


def test_comments_carry_hints_and_messages_but_nothing_of_the_grader(tmp_path):
    """The comment is what the student's page says: the hint first, no hidden names, no paths."""
    path = tmp_path / "gradebook.db"
    result = sample_class()
    write_gradebook(result, sample_homework(), path)
    with book(path) as gradebook:
        assert HINT in comment(gradebook, "2-1", "s03").auto_comment
        for record in result.records:
            for exercise in range(1, 7):
                said = comment(gradebook, f"2-{exercise}", student_id(record.student)).auto_comment or ""
                assert "test_hidden" not in said and SERVER not in said and "Traceback" not in said


def test_a_homework_that_grew_fills_in_the_submissions_it_had(tmp_path):
    """A new exercise gets its rows in submissions recorded before it existed; one that went is refused."""
    path = tmp_path / "gradebook.db"
    write_gradebook(one({}), sample_homework(2), path)
    write_gradebook(one({}), sample_homework(6), path)
    with book(path) as gradebook:
        assert gradebook.find_submission(HW, "s1").score == 100
    with pytest.raises(UserError, match="graded cell '2-3'"):
        write_gradebook(one({}), sample_homework(2), path)


def test_ids_are_kept_where_nbgrader_can_export_them_and_told_apart_where_not():
    """Ordinary ids are themselves; what its unquoted export would break on is altered, never merged."""
    for plain in ("s01", "jo.doe@example.edu", "A-1_b", "طالب"):
        assert student_id(plain) == plain
    assert student_id(student_id("a,b")) not in ("a,b", student_id("a,b")), "nobody may be called what another is made"
    altered = [student_id(name) for name in (XSS, "a,b", "a;b", "=1+1", "-1", "x" * 500, "", "\u202e", "a\nb")]
    assert len(set(altered)) == len(altered)
    assert not any(set(name) & set(',"\n<>=') or name[0] in "=+-@" or len(name) > 128 for name in altered)


def test_a_database_that_is_not_ours_to_write_is_one_clear_line(tmp_path):
    """No folder, no database, another program's database: a user's mistake, and nothing written."""
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    before = dump(foreign)
    for target in (tmp_path / "no/such/folder.db", tmp_path / "notes.txt", foreign, "nonsense://"):
        with pytest.raises(UserError, match="^gradebook: ") as caught:
            write_gradebook(one({}), sample_homework(), target)
        assert "\n" not in str(caught.value)
    assert dump(foreign) == before


def test_a_locked_database_is_one_clear_line(tmp_path):
    """Somebody else is writing: say so."""
    path = tmp_path / "gradebook.db"
    write_gradebook(one({}), sample_homework(), path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="locked"):
            write_gradebook(one({"2.1": "failed"}), sample_homework(), database_url(path) + "?timeout=0.1")
        connection.rollback()


def test_a_password_is_not_printed():
    """A URL in an error message has its password starred."""
    with pytest.raises(UserError) as caught:
        write_gradebook(one({}), sample_homework(), "nosuch://user:secret@host/db")
    assert "secret" not in str(caught.value)
