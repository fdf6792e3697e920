"""Grades as a table: one CSV file with a row for every student, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from autograder.files import write_whole
from autograder.grading.verdict import ClassResult, Record
from autograder.homework import Homework
from autograder.report.summary import ordered, points
from autograder.report.text import neutralise, number, one_line

# What makes a spreadsheet take a cell for a formula; the wide forms count where East Asian input is set up.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guard(cell: str) -> str:
    """Return `cell` so that no spreadsheet computes it: a leading apostrophe makes it text."""
    return "'" + cell if cell.lstrip(" ").startswith(FORMULA) else cell


def grades_table(result: ClassResult, homework: Homework) -> list[list[str]]:
    """Return the header and one row a student, sorted by student; every cell is safe text."""
    ids = [exercise.id for exercise in homework.exercises]
    header = ["student", *ids, "total", "max", "pending", "refused", "note"]
    return [header] + [_row(record, homework) for record in ordered(result.records)]


def write_table(result: ClassResult, homework: Homework, path: Path) -> Path:
    """Write the grades as CSV, whole or not at all."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(grades_table(result, homework))
    write_whole(path, text.getvalue().encode())
    return path


def _row(record: Record, homework: Homework) -> list[str]:
    earned = {result.id: result.points for result in record.verdict.exercises} if record.verdict else {}
    notes = [*record.notes, record.verdict.cause if record.verdict else ""]
    if not record.verdict and not record.refused:
        notes.append("nothing was handed in")
    return [
        guard(neutralise(record.student).replace("\n", " ")),
        *(number(earned.get(exercise.id, 0.0)) for exercise in homework.exercises),
        number(points(record)),
        number(homework.points),
        number(record.verdict.pending if record.verdict else 0.0),
        guard(one_line(record.refused)),
        guard("; ".join(one_line(note) for note in notes if note)),
    ]
