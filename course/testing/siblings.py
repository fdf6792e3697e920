"""A student's files as a set of modules of their own: they can import each other, and nobody else sees them.

The modules stand in `sys.modules` only while the student's code runs, behind a finder that knows exactly
these names. Two sets, such as a reference and a variant of it, therefore live in one process without meeting,
and no folder of a student's ever stands on `sys.path`, where a file could shadow a library.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType


class Siblings:
    """The modules of one student: loaded on first use, each by its name."""

    def __init__(self, sources: Mapping[str, tuple[str, Callable[[], bytes]]]):
        """Take, by module name, the file's name for tracebacks and a function that reads its bytes."""
        self.sources = dict(sources)
        self.modules: dict[str, ModuleType] = {}

    @property
    def files(self) -> dict[str, str]:
        """The module's file as the student knows it ("lqr.py"), by the file name that tracebacks carry."""
        return {filename: f"{name}.py" for name, (filename, _) in self.sources.items()}

    def load(self, name: str) -> ModuleType:
        """Import one of the modules, or return it as it was imported before."""
        if name not in self.modules:
            with self.active():
                importlib.import_module(name)
        return self.modules[name]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let `import` find these modules, also from inside a function; put everything back afterwards.

        It nests: a callback may run another student's code, or this one's again.
        """
        before = {name: sys.modules.pop(name) for name in self.sources if name in sys.modules}
        sys.modules.update(self.modules)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            for name in self.sources:
                sys.modules.pop(name, None)
            sys.modules.update(before)

    # what Python's import system asks of a finder and of a loader

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        return importlib.util.spec_from_file_location(name, self.sources[name][0], loader=self)

    def invalidate_caches(self) -> None:
        """Nothing is cached."""

    def create_module(self, spec):
        return self.modules.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        if name in self.modules:
            return
        filename, read = self.sources[name]
        self.modules[name] = module
        try:
            exec(compile(read(), filename, "exec", dont_inherit=True), module.__dict__)
        except BaseException:
            del self.modules[name]
            raise

    def get_source(self, name: str) -> str:
        """Return a module's text; tracebacks show lines of it."""
        return self.sources[name][1]().decode("utf-8", "replace")
