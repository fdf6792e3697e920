"""What a test's result means for the student, in one word and one message."""

from __future__ import annotations

import inspect
from typing import NamedTuple

from course.testing.errors import Mismatch, StudentError

PASSED, FAILED, TODO, ERROR, SKIPPED, INTERNAL = "passed", "failed", "todo", "error", "skipped", "internal"


class Outcome(NamedTuple):
    """status: one of the above.  message: a few lines.  text: it, with the student's traceback."""

    status: str
    message: str = ""
    text: str = ""


def outcome_of(error: BaseException | None) -> Outcome:
    """Judge what ended a test; anything but a student's mistake is `internal`, a fault of the test."""
    if error is None:
        return Outcome(PASSED)
    if isinstance(error, StudentError):
        return Outcome(TODO if error.todo else ERROR, str(error), _with_trace(error))
    if isinstance(error, Mismatch):
        return Outcome(FAILED, str(error), str(error))
    if isinstance(error, AssertionError):
        whole = str(error)
        said = whole.split("\nassert ", 1)[0]  # pytest appends the values compared, which may be hidden ones
        return Outcome(FAILED, "" if said.startswith("assert ") else said, whole)
    said = f"the test itself stopped with {type(error).__name__}: {error}"
    return Outcome(INTERNAL, said, f"{said}\nThis is no fault of yours: please report it (details: pytest --tb=long).")


def sentence_of(function) -> str:
    """Return the first paragraph of a test's docstring, which is what the student reads."""
    text = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    return " ".join(text.split("\n\n")[0].split())


def _with_trace(error: StudentError) -> str:
    if not error.trace:
        return str(error)
    said = f"{error.kind}: {error.message}" if error.message else error.kind
    return f"your code raised {said}\n{error.trace}"
