"""Functions of a test's own, as the student's code may call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager

from course.testing.errors import Mismatch, StudentError


@contextmanager
def complaints_of(*callbacks):
    """Say first what callbacks were asked in vain: what went wrong afterwards follows from it.

    callbacks: objects with an attribute `complaint`, "" or one line. It is raised as a Mismatch at the end of the
    block, also in place of an error that the student's code ran into after it got no answer.
    """
    try:
        yield
    except StudentError:
        _raise_first(callbacks)
        raise
    _raise_first(callbacks)


def _raise_first(callbacks) -> None:
    for callback in callbacks:
        if callback.complaint:
            raise Mismatch(callback.complaint) from None


def guarded(function: Callable) -> Callable:
    """Return `function` without its private defaults: one other than None is the test's own, not to be overridden."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function  # a built-in that does not tell
    private = {each.name for each in parameters if each.default is not each.empty and each.default is not None}
    if not private:
        return function
    most = sum(each.name not in private and each.kind is not each.KEYWORD_ONLY for each in parameters)

    def call(*args, **kwargs):
        if len(args) > most or private & kwargs.keys():
            raise TypeError(f"this function takes {most} arguments")
        return function(*args, **kwargs)

    return call
