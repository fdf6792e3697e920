"""Functions of a test's own, as the student's code may call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable


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
