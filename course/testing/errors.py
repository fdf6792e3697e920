"""The two ways in which a student's work can fail a test: it returned the wrong thing, or it raised."""

from __future__ import annotations


class Mismatch(AssertionError):
    """A returned value is not what was asked for.

    The text is the student's: who, what was got, what was expected of it (a property, never hidden numbers),
    and what to look at.
    """


class StudentError(Exception):
    """The student's code raised, or has not what a test calls.

    kind: the exception's type, such as "ValueError".  message: its text.  where: "lqr.py:41 in gains", or ""
    when no line is to blame.  todo: the exercise's id when the code is the untouched skeleton, else "".
    trace: the student's own lines of the traceback, or "".
    """

    def __init__(self, kind: str, message: str = "", where: str = "", todo: str = "", trace: str = ""):
        super().__init__(kind, message, where, todo, trace)
        self.kind, self.message, self.where, self.todo, self.trace = kind, message, where, todo, trace

    def __str__(self) -> str:
        if self.todo:
            return f"TODO {self.todo}: not written yet" + (f" ({self.where})" if self.where else "")
        if not self.where:
            return self.message or self.kind
        said = f"{self.kind}: {self.message}" if self.message else self.kind
        return f"your code raised {said}\n  at {self.where}"
