"""What a student's code answered during one test, written down: the same list, whichever way the student is reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from course.testing.values import is_tensor, rebuilt

MOST = 4 << 20  # bytes of one test's answers that are kept
TOO_LARGE = "too large to keep"
REFUSED = "refused by the test"  # a callback of the test's own raised Mismatch
ENDED = ("", "ended by the clock")  # the entry for code that used up its time
DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray, np.generic, type(None))


class Halt(BaseException):
    """Raised by whoever runs a test, to end it here and now; the code of a student has no say in it."""


class Recorder:
    """`entries` gets (path, answer) for every call, and for every attribute that is plain data."""

    def __init__(self):
        self.entries: list[tuple[str, Any]] = []
        self.size = 0

    def add(self, path: str, value: Any) -> None:
        """Write down a copy of an answer; once more than MOST was written, of each further one only its path."""
        self.size += size_of(value)
        self.entries.append((path, rebuilt(value, _plain) if self.size <= MOST else TOO_LARGE))


def size_of(value: Any) -> int:
    """Return about how many bytes of data a value holds; a count beyond MOST may stop early."""
    size, waiting = 0, [value]
    while waiting and size <= MOST:
        item = waiting.pop()
        size += 8
        if isinstance(item, (str, bytes)):
            size += len(item)
        elif isinstance(item, dict):
            waiting += [*dict.keys(item), *dict.values(item)]
        elif isinstance(item, (tuple, list)):
            waiting += item
        elif isinstance(item, np.ndarray) or is_tensor(item):
            size += item.nbytes
    return size


def _plain(value: Any) -> Any:
    """Stand for what is no data: an object that stays with the student has another stand-in each way."""
    return value if isinstance(value, DATA) else "an object"
