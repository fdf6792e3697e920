"""`student` in this process: the student's files, imported by explicit path and called directly.

    student = LocalStudent(Path("hw2_lqr_ilqr"), ("lqr.py",))
    student.lqr.backward(F, f, C, c)

It keeps the rules of the wire that carries the same calls in grading: arguments and results are copies,
exceptions arrive as `StudentError`, objects are reached through a stand-in.
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from course.testing.blame import explain, stopped_at
from course.testing.callbacks import guarded
from course.testing.errors import Mismatch, StudentError
from course.testing.recorder import DATA, REFUSED, Halt, Recorder
from course.testing.siblings import Siblings
from course.testing.values import rebuilt

_MISSING = object()


class LocalStudent:
    """The modules of one student as attributes; `recorder`, if any, writes down what they answer."""

    def __init__(self, folder: Path | str, modules: tuple[str, ...], recorder: Recorder | None = None):
        """Take the files `modules` ("lqr.py", or just "lqr"; an absolute path for a given module) of
        `folder`.
        """
        paths = [Path(folder) / (name if name.endswith(".py") else f"{name}.py") for name in modules]
        self._prepare({path.stem: (str(path), path.read_bytes) for path in paths}, recorder)
        self._folder = Path(folder)

    @classmethod
    def from_sources(cls, sources: Mapping[str, str], name: str = "variant", recorder: Recorder | None = None):
        """Make a student of texts, {"lqr.py": "..."}, without any file; `name` stands in tracebacks."""
        student = cls.__new__(cls)
        read = {file: partial(str.encode, text, "utf-8") for file, text in sources.items()}
        student._prepare({Path(file).stem: (f"{name}/{file}", read[file]) for file in sources}, recorder)
        student._folder = None
        return student

    def _prepare(self, sources, recorder) -> None:
        self._siblings = Siblings(sources)
        self.recorder = recorder
        for filename in self._siblings.files:
            linecache.cache.pop(filename, None)  # or a traceback would quote the file as it was before

    def __getattr__(self, name: str):
        if name.startswith("_") or name not in self._siblings.sources:
            known = "" if name.startswith("_") else f"; it has {', '.join(self._siblings.sources)}"
            raise AttributeError(f"this homework has no module {name}{known}")
        return Remote(self, self._run(name, partial(self._siblings.load, name)), name)

    def __repr__(self) -> str:
        return f"<student with {', '.join(self._siblings.sources)}>"

    def _run(self, path: str, function, args=(), kwargs=None) -> Any:
        """Run the student's code; return what it returns, or raise what it raised as a StudentError."""
        try:
            with self._siblings.active():
                return function(*args, **(kwargs or {}))
        except KeyboardInterrupt as stop:
            stop.where = stopped_at(stop, self._siblings.files)
            raise
        except Halt:
            raise
        except (Mismatch, StudentError) as error:  # from a callback of the test's own
            self._record(path, REFUSED if isinstance(error, Mismatch) else f"raised {error.kind}")
            raise
        except BaseException as error:  # SystemExit too: exit() in a student's code must not end the tests
            failure = explain(error, self._siblings.files, getattr(function, "_target", function), self._folder)
            self._record(path, f"raised {failure.kind}")
            raise failure from error

    def _call(self, path: str, target, args, kwargs) -> Any:
        args, kwargs = rebuilt((args, kwargs), self._outbound)
        value = self._inbound(self._run(path, target, args, kwargs), f"{path}()")
        if type(value) is not Remote:
            self._record(path, value)
        return value

    def _record(self, path: str, value) -> None:
        if self.recorder is not None:
            self.recorder.add(path, value)

    def _outbound(self, value):
        if type(value) is Remote:
            return value._target if value._student is self else value
        return guarded(value) if callable(value) else value

    def _inbound(self, value, path: str):
        try:
            return rebuilt(value, lambda leaf: Remote(self, leaf, path) if self._stays(leaf) else leaf)
        except RecursionError:
            return value

    def _stays(self, value) -> bool:
        kind = type(value)
        if issubclass(kind, DATA) or hasattr(kind, "__dataclass_fields__"):
            return False
        return callable(value) or type.__getattribute__(kind, "__module__") in self._siblings.sources


class Remote:
    """Stands for a module, function, class or object of the student's."""

    __slots__ = ("_path", "_student", "_target")

    def __init__(self, student: LocalStudent, target: Any, path: str):
        self._student, self._target, self._path = student, target, path

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        student, path = self._student, f"{self._path}.{name}"
        value = student._run(path, partial(getattr, self._target, name, _MISSING))
        if value is _MISSING:
            who = f"{self._path}.py has no function" if "." not in self._path else f"{self._path} has nothing called"
            student._record(path, "raised AttributeError")
            raise StudentError("AttributeError", f"{who} `{name}`: was it renamed?")
        value = student._inbound(value, path)
        if type(value) is not Remote:
            student._record(path, value)
        return value

    def __call__(self, *args, **kwargs):
        return self._student._call(self._path, self._target, args, kwargs)

    def __repr__(self) -> str:
        return f"<{self._path} of the student>"
