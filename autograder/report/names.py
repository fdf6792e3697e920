"""File names for students' pages."""

from __future__ import annotations

from autograder.grading.verdict import Record
from autograder.intake import safe_name


def page_names(records: list[Record]) -> list[str]:
    """Return a file name for each record's page, never the same twice: who stands there twice is numbered."""
    taken: set[str] = set()
    names = []
    for record in records:
        name, place = safe_name(record.student), 1
        while name in taken:
            place += 1
            name = f"{safe_name(record.student)}.{place}"
        taken.add(name)
        names.append(f"{name}.html")
    return names
