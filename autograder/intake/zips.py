"""Zip archives, read through `zipfile` with every size checked first.

`zipfile` allocates the whole central directory in one read, so the stream it gets refuses a read of more than
`directory` bytes. Members are then decompressed in chunks, never past their declared size, which `ZipExtFile`
enforces.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from autograder.intake.names import shown
from autograder.intake.records import Refused, Unreadable
from autograder.intake.source import CHUNK, Entry

RATIO = 200  # deflate reaches 1032; sources reach 10, notebooks with plots 30
SMALL = 1 << 20  # below this a ratio says nothing
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes of dictionary
TAIL = 22 + (1 << 16)  # the end record and the longest comment
UTF8, ENCRYPTED = 0x800, 0x1 | 0x40
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
)


class _Bounded:
    """A seekable stream of which no more than `most` bytes are read in one go."""

    def __init__(self, stream: BinaryIO, most: int):
        self._stream, self._most = stream, most
        self.seek, self.tell = stream.seek, stream.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            size = TAIL  # only the search for the directory's end asks for "the rest"
        if size > self._most:
            raise Refused("the zip archive lists too many files; hand in only the files asked for")
        return self._stream.read(size)


class ZipSource:
    """A zip archive on a seekable stream; `directory` is the most bytes its list of members may have."""

    def __init__(self, stream: BinaryIO, directory: int, most: int):
        try:
            self._zip = zipfile.ZipFile(_Bounded(stream, directory))
        except DAMAGED as error:
            raise Refused(f"the zip archive is damaged or cut short ({shown(error)}); hand it in again") from None
        if len(self._zip.infolist()) > most:
            raise Refused(f"the zip archive holds more than {most} entries; hand in only the files asked for")

    def entries(self) -> list[Entry]:
        """List the members as the central directory gives them."""
        return [Entry(_name(info), _kind(info), info.file_size, info) for info in self._zip.infolist()]

    def inspect(self, entries: list[Entry]) -> None:
        """Raise Refused if `entries` share bytes with one another or swell beyond belief: a zip bomb."""
        infos = sorted((entry.key for entry in entries), key=lambda info: info.header_offset)
        end = 0
        for info in infos:
            if info.header_offset < end:
                raise Refused(f"{shown(info.filename)} overlaps another file of the archive (a zip bomb); zip again")
            end = info.header_offset + 30 + info.compress_size  # 30: a local header without its name
            if info.file_size > max(SMALL, RATIO * info.compress_size):
                raise Refused(f"{shown(info.filename)} unpacks to more than {RATIO} times its size (a zip bomb)")

    def read(self, entry: Entry, cap: int) -> bytes:
        """Return the content of `entry`, at most `cap` bytes; raise Unreadable if it is damaged."""
        chunks, total = [], 0
        try:
            with self._zip.open(entry.key) as member:
                while chunk := member.read(CHUNK):
                    chunks.append(chunk)
                    total += len(chunk)
                    if total > cap:
                        raise Refused(f"{shown(entry.name)} unpacks to more than it says (a zip bomb); zip again")
        except (*DAMAGED, NotImplementedError) as error:
            raise Unreadable(f"damaged in the zip archive ({shown(error)})") from None
        if total != entry.size:
            raise Unreadable("shorter than the zip archive says")
        return b"".join(chunks)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name with its NULs, as UTF-8 if it is that: many programs forget to say so."""
    if not info.flag_bits & UTF8:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename


def _kind(info: zipfile.ZipInfo) -> str:
    mode = stat.S_IFMT(info.external_attr >> 16)
    special = {
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "FIFO",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return special.get(mode, "special file")
    if info.orig_filename.endswith(("/", "\\")):
        return "folder"
    if mode == stat.S_IFDIR:
        return "special file"
    if info.flag_bits & ENCRYPTED:
        return "encrypted file"
    return "file" if info.compress_type in METHODS else "file compressed in an unusual way"
