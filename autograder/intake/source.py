"""Where files come from: a folder, a lone file, a part of a class archive; `zips` and `tars` hold the
archives.

Every source has `entries()`, `inspect(entries)` (is any of this a bomb?) and `read(entry, cap)`. Nothing is
ever written to disk.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple, Protocol

from autograder.intake.names import is_junk, split
from autograder.intake.records import Refused, Unreadable

CHUNK = 64 * 1024


class Entry(NamedTuple):
    """One member: its `name` exactly as stored, its kind, its bytes, and the source's own key.

    The kind is "file", "folder" or the word for what it is instead.
    """

    name: str
    kind: str
    size: int
    key: object = None


class Source(Protocol):
    """What `receive` needs of a place where files lie."""

    def entries(self) -> list[Entry]: ...

    def inspect(self, entries: list[Entry]) -> None: ...

    def read(self, entry: Entry, cap: int) -> bytes: ...


class DiskSource:
    """A folder on disk, or one file under the name it was handed in with. Links are never followed."""

    def __init__(self, path: Path, name: str, most: int):
        self._path, self._name, self._most = path, name, most

    def entries(self) -> list[Entry]:
        """List everything below the folder but what lies in junk folders; stop at `most` entries."""
        try:
            status = os.lstat(self._path)
            if not stat.S_ISDIR(status.st_mode):
                return [Entry(self._name or self._path.name, _kind(status), status.st_size, (self._path, status))]
            found: list[Entry] = []
            self._walk(self._path, (), found)
        except OSError as error:
            raise Refused(f"{self._path.name} cannot be read ({error.strerror}); check that it is there") from None
        return found

    def _walk(self, folder: Path, parts: tuple[str, ...], found: list[Entry]) -> None:
        with os.scandir(folder) as listing:
            children = sorted(listing, key=lambda child: child.name)
        for child in children:
            status = child.stat(follow_symlinks=False)
            kind, below = _kind(status), (*parts, child.name)
            found.append(Entry("/".join(below), kind, status.st_size, (Path(child.path), status)))
            if len(found) > self._most:
                raise Refused(f"the folder holds more than {self._most} entries; hand in only the files asked for")
            if kind == "folder" and not is_junk(below) and len(below) < 32:
                self._walk(Path(child.path), below, found)

    def inspect(self, entries: list[Entry]) -> None:
        """Do nothing: a folder takes the room that it says it takes."""

    def read(self, entry: Entry, cap: int) -> bytes:
        """Return the content, at most `cap` bytes, if it is still the regular file that was listed."""
        path, seen = entry.key
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            with open(os.open(path, flags), "rb", buffering=0) as file:
                now = os.fstat(file.fileno())
                if not stat.S_ISREG(now.st_mode) or (now.st_dev, now.st_ino) != (seen.st_dev, seen.st_ino):
                    raise Refused(f"{path.name} changed while it was being read; grade it again")
                data = bytearray()
                while len(data) <= cap and (chunk := file.read(min(CHUNK, cap + 1 - len(data)))):
                    data += chunk
        except OSError as error:
            raise Unreadable(f"not readable ({error.strerror})") from None
        if len(data) > cap:
            raise Refused(f"{path.name} grew while it was being read; grade it again")
        return bytes(data)


class SliceSource:
    """One student's part of a class archive: the members below `inside`, or the one member called so."""

    def __init__(self, whole: Source, inside: str, name: str):
        self._whole, self._inside, self._name = whole, split(inside), name

    def entries(self) -> list[Entry]:
        """List the student's members under the names they have within the student's part."""
        found, depth = [], len(self._inside)
        for entry in self._whole.entries():
            parts = split(entry.name)
            if parts[:depth] != self._inside:
                continue
            if rest := "/".join(parts[depth:]) + "/" * (entry.kind == "folder"):
                found.append(entry._replace(name=rest, key=entry))
            elif entry.kind != "folder":
                found.append(entry._replace(name=self._name or parts[-1], key=entry))
        return [entry for entry in found if entry.name != "/"]

    def inspect(self, entries: list[Entry]) -> None:
        """Ask the archive about this student's members alone."""
        self._whole.inspect([entry.key for entry in entries])

    def read(self, entry: Entry, cap: int) -> bytes:
        """Read the member from the archive."""
        return self._whole.read(entry.key, cap)


def _kind(status: os.stat_result) -> str:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file" if status.st_nlink == 1 else "hard link"
    if stat.S_ISLNK(mode):
        return "symbolic link"
    return "FIFO" if stat.S_ISFIFO(mode) else "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "special file"
