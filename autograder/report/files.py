"""The pages of a class on disk: `report.html` and `students/*.html`, each written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from autograder.errors import UserError
from autograder.files import write_whole
from autograder.grading.verdict import ClassResult
from autograder.homework import Homework
from autograder.report.names import page_names
from autograder.report.pages import class_page, student_page
from autograder.report.summary import ordered

# Every page carries it; only files that do are ever removed.
MARK = '<meta name="generator" content="autograder">'


def write_pages(result: ClassResult, homework: Homework, out: Path) -> Path:
    """Write a class below `out`, remove pages of students who are gone; return the class page."""
    out = Path(out)
    folder = out / "students"
    records = ordered(result.records)
    names = page_names(records)
    for record, name in zip(records, names, strict=True):
        write_whole(folder / name, student_page(record, homework).encode())
    write_whole(out / "report.html", class_page(result, homework).encode())
    try:
        _remove_stale(folder, set(names))
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be removed ({error.strerror})") from None
    return out / "report.html"


def _remove_stale(folder: Path, names: set[str]) -> None:
    for path in folder.glob("*.html"):
        if path.name not in names and MARK in path.read_text(encoding="utf-8", errors="replace")[:2000]:
            path.unlink()
