"""From an exception in a student's code to the line that the student should look at."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Mapping
from pathlib import Path

from course.testing.errors import StudentError

EXERCISE_ID = re.compile(r"\d+\.\d+")
MAX_TEXT = 2000  # characters of an exception's message that are shown
MAX_FRAMES = 8  # the last ones: a recursion without end has a thousand


def explain(error: BaseException, files: Mapping[str, str], called=None, folder: Path | None = None) -> StudentError:
    """Return the StudentError for `error`.

    files: the student's files, by the name that tracebacks carry.  called: what was called, blamed when no
    line of the student's ran (wrong number of arguments).  folder: where the files lie, to tell of a helper
    left there.
    """
    frames = _frames(error, files)
    where = _where(frames[-1]) if frames else _definition(called, files)
    if not frames and isinstance(error, FileNotFoundError) and str(error.filename) in files:
        name = files[str(error.filename)]
        return StudentError("FileNotFoundError", f"{name} is missing: expected it in {Path(error.filename).parent}")
    trace = _trace(frames, error)
    if isinstance(error, SyntaxError) and error.filename in files:
        where = f"{files[error.filename]}:{error.lineno}"
        trace += ("\n" if trace else "") + f"  {where}{_quoted(error)}"
    if isinstance(error, NotImplementedError) and _text(error) and EXERCISE_ID.fullmatch(_text(error)):
        return StudentError("NotImplementedError", "not written yet", where, todo=_text(error))
    message = error.msg if isinstance(error, SyntaxError) and isinstance(error.msg, str) else _text(error)
    message += _helper(error, folder)
    return StudentError(_kind(error), message, where, trace=trace)


def stopped_at(error: BaseException, files: Mapping[str, str]) -> str:
    """Return the student's lines that were running when `error` came from outside, such as ^C, or ""."""
    return _trace(_frames(error, files), error)


def _frames(error, files) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)[-1000:]
    own = [frame for frame in frames if frame.filename in files]
    for frame in own:
        frame.filename = files[frame.filename]
    return own


def _where(frame) -> str:
    place = f"{frame.filename}:{frame.lineno}"
    return place if frame.name == "<module>" else f"{place} in {frame.name}"


def _definition(called, files) -> str:
    called = getattr(called, "__init__", None) if isinstance(called, type) else called
    code = getattr(getattr(called, "__func__", called), "__code__", None)
    filename = getattr(code, "co_filename", None)
    return f"{files[filename]}:{code.co_firstlineno} in {code.co_name}" if filename in files else ""


def _trace(frames, error) -> str:
    if not frames:
        return ""
    lines = [f"  {_where(frame)}" + (f"\n      {frame.line}" if frame.line else "") for frame in frames[-MAX_FRAMES:]]
    if len(frames) > MAX_FRAMES:
        lines.insert(0, f"  ... {len(frames) - MAX_FRAMES} calls before")
    return "\n".join(lines)


def _quoted(error: SyntaxError) -> str:
    """Return the line that Python could not read, with a caret below where it stopped."""
    text = error.text if isinstance(error.text, str) else linecache.getline(error.filename, error.lineno or 0)
    line = text.strip()
    if not line:
        return ""
    column = (error.offset or 0) - 1 - (len(text) - len(text.lstrip()))
    caret = f"\n      {' ' * min(column, len(line))}^" if column >= 0 else ""
    return f"\n      {line[:MAX_TEXT]}{caret}"


def _helper(error, folder) -> str:
    name = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError) and folder and isinstance(name, str) and name.isidentifier():
        if (folder / f"{name}.py").is_file():
            return f": {name}.py is not one of the files to hand in; move its code into one of them"
    return ""


def _kind(error) -> str:
    return str(type.__getattribute__(type(error), "__name__"))[:200]


def _text(error) -> str:
    try:
        return str(error)[:MAX_TEXT]
    except Exception:
        return ""
