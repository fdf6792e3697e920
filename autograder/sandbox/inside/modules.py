"""Import the submission by explicit path, never from a folder on `sys.path`."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys


class ExplicitFinder:
    """Finds exactly the given modules; a name that another finder knows first is never replaced.

    It stands at the front for its own names only, so a submitted module can shadow nothing: intake refuses the
    names of other modules, and the names here come from `homework.toml`.
    """

    def __init__(self, paths: dict[str, str]):
        self.paths = paths

    def find_spec(self, name, path=None, target=None):
        if name not in self.paths:
            return None
        location = self.paths[name]
        package = [location.rpartition("/")[0]] if location.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(name, location, submodule_search_locations=package)


def install(paths: dict[str, str]) -> None:
    """Make `paths` (name -> file) importable."""
    sys.meta_path.insert(0, ExplicitFinder(paths))
