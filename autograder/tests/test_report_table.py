"""The CSV of grades."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from autograder.errors import UserError
from autograder.export.table import FORMULA, grades_table, guard, write_table
from autograder.grading.verdict import Record
from autograder.tests.test_report_sample import sample_class, sample_homework, sample_verdict

NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    'a,"b"\nc',
    "'quoted",
    ";",
    "s\u202e01",
    "\x00",
]


def test_a_table_reads_back_as_it_was_written(tmp_path):
    """Commas, quotes, line ends and right-to-left names survive the round trip."""
    homework, result = sample_homework(), sample_class()
    path = write_table(result, homework, tmp_path / "grades.csv")
    text = path.read_bytes().decode("utf-8")
    assert list(csv.reader(io.StringIO(text, newline=""))) == grades_table(result, homework)
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows["s03"]["2.1"] == "10" and rows["s03"]["total"] == "90" and rows["s03"]["max"] == "100"
    assert rows["s07"]["pending"] == "14.17" and "RAR" in rows["s23"]["refused"] and rows["s23"]["total"] == "0"
    assert len(rows) == len(result.records)


def test_no_cell_is_a_formula(tmp_path):
    """Whatever stands in a name, a note, a refusal or a cause, a spreadsheet shows it as text."""
    homework = sample_homework()
    records = [Record(text, text, [text], refused=text) for text in NASTY]
    records += [Record(text + "x", text, [text], verdict=sample_verdict({}, homework, cause=text)) for text in NASTY]
    path = write_table(msgspec.structs.replace(sample_class(), records=records), homework, tmp_path / "grades.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))
    assert len(rows) == 1 + len(records)
    assert not any(cell.strip(" ").startswith(FORMULA) for row in rows for cell in row)
    assert guard("=1+1") == "'=1+1" and guard("s01") == "s01"


def test_an_unwritable_table_is_one_clear_line(tmp_path):
    """A folder of the file's name is a user's mistake, not a traceback; nothing half-written stays."""
    (tmp_path / "grades.csv").mkdir()
    with pytest.raises(UserError, match="grades.csv: cannot be written"):
        write_table(sample_class(), sample_homework(), tmp_path / "grades.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]
