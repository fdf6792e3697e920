"""From what ended a hidden test to the verdict's words."""

from __future__ import annotations

import traceback

import pytest

from autograder.sandbox.faults import Fault
from course.testing import StudentError
from course.testing.outcome import INTERNAL, outcome_of

# What Python raises when a test uses a student's value as what it should be, and it is something else.
BLAMABLE = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError)
UNFIT = "what your code returned, or holds under a name that is asked for, is not what the handout says it is"
OUR_FAULT = "This test could not be run because of a fault of ours. It costs nothing; somebody will look at it."
IMPORT_FAULTS = {
    "OutOfTime": "timeout",
    "OutOfMemory": "memory",
}  # remembered by the sandbox, told by the worker
MOST = 4000  # characters of a message that are kept
OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError")


def judge(error: BaseException | None) -> tuple[str, str, str]:
    """Return (status, message for the student, text for staff) for the exception that ended a test, or None.

    Only what the student's code or values can be held responsible for costs points; whatever else a test raises
    is a fault of the test, `internal`.
    """
    if isinstance(error, Fault):
        return error.status, error.cause, ""
    if isinstance(error, pytest.skip.Exception):
        return "skipped", str(error), ""
    outcome = outcome_of(error)
    outcome = outcome._replace(message=outcome.message[:MOST])
    if outcome.status == INTERNAL:
        return INTERNAL, OUR_FAULT, "".join(traceback.format_exception(error))[-4000:]
    if isinstance(error, StudentError) and not error.todo:
        if error.kind in OUT_OF_MEMORY:
            return "memory", outcome.message, ""
        return IMPORT_FAULTS.get(error.kind, outcome.status), outcome.message, ""
    return outcome.status, outcome.message, ""
