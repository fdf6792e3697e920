"""A class as names only: what lies in its folder or its archive, level by level."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from pathlib import Path
from typing import Protocol

from autograder.errors import UserError
from autograder.intake import gradescope
from autograder.intake.archives import open_class, sniff
from autograder.intake.names import archive_stem, is_junk, split
from autograder.intake.records import Refused, Unreadable
from autograder.intake.source import Entry


class Shelf(Protocol):
    """A class's folder or archive, as names."""

    folder: bool

    def children(self, below: str) -> dict[str, bool]:
        """Map each name right below `below` to whether it is a folder (or may not be opened to see)."""

    def read(self, name: str) -> bytes: ...


class FolderShelf:
    """A class's folder on disk."""

    folder = True

    def __init__(self, path: Path):
        self._path = path

    def children(self, below: str) -> dict[str, bool]:
        if any(self._path.joinpath(*split(below)[:n]).is_symlink() for n in range(1, len(split(below)) + 1)):
            return {}
        try:
            with os.scandir(self._path / below) as listing:
                found = {child.name: not child.is_file(follow_symlinks=False) for child in listing}
        except OSError:
            return {}
        return {name: found[name] for name in sorted(found) if not is_junk((name,))}

    def read(self, name: str) -> bytes:
        path = self._path / name
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise UserError(f"{name}: got a link or a special file, expected a plain file; download the export again")
        with open(path, "rb") as file:
            return file.read(gradescope.MOST)


class ArchiveShelf:
    """A class's archive; its members are listed once."""

    folder = False

    def __init__(self, path: Path):
        self._path = path
        self._tree: dict[str, dict[str, bool]] = defaultdict(dict)
        self.entries = _listed(path)
        for entry in self.entries:
            parts = split(entry.name)
            if ".." in parts or (parts and is_junk(parts)):
                continue
            for depth, part in enumerate(parts):
                inner = depth < len(parts) - 1 or entry.kind == "folder"
                level = self._tree["/".join(parts[:depth])]
                level[part] = level.get(part, False) or inner

    def children(self, below: str) -> dict[str, bool]:
        return dict(sorted(self._tree.get(below, {}).items()))

    def read(self, name: str) -> bytes:
        with open(self._path, "rb") as stream:
            source = open_class(stream)
            entry = next(entry for entry in source.entries() if "/".join(split(entry.name)) == name)
            try:
                return source.read(entry, gradescope.MOST)
            except (Refused, Unreadable) as error:
                raise UserError(f"{name}: {error}") from None


def is_archive(path: Path) -> bool:
    """Tell whether `path` is an archive; raise UserError if it is only called one."""
    if not archive_stem(path.name):
        return False
    with open(path, "rb") as stream:
        if not sniff(stream):
            raise UserError(
                f"{path}: damaged or not an archive; expected a zip or tar of submissions: download it again"
            )
    return True


def _listed(path: Path) -> list[Entry]:
    """List the members of a class's archive; raise UserError if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return open_class(stream).entries()
    except Refused as reason:
        raise UserError(f"{path}: {reason}") from None
