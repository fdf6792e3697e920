"""Open archives by what they are, not by what they are called: one student's in memory, a class's on disk."""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import BinaryIO

from autograder.intake.names import shown
from autograder.intake.records import Arrival, Piece, Refused
from autograder.intake.source import DiskSource, SliceSource, Source
from autograder.intake.tars import BLOCK, TarSource, is_tar
from autograder.intake.zips import ZipSource

ENTRIES = 20_000  # most members of one student's archive with all its junk, which is never read
DIRECTORY = ENTRIES * 100  # most bytes of the list of them in a zip
CLASS_DIRECTORY, CLASS_ENTRIES = 1 << 28, 2_000_000  # an LMS wrote it: bounds against accidents
CLASS_BYTES, CLASS_RATIO = 1 << 30, 30  # what a class's tar may unpack to: this, and this many times its size
MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"Rar!": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}


def open_piece(arrival: Arrival, piece: Piece, stack: ExitStack) -> Source:
    """Open the place of one piece: on disk, or within the archive of the whole class."""
    if not piece.inside:
        return DiskSource(arrival.path, piece.name, ENTRIES)
    if arrival.path.is_dir():
        path = arrival.path / piece.inside
        if any(folder.is_symlink() for folder in path.parents if folder.is_relative_to(arrival.path)):
            raise Refused(f"{shown(piece.inside)} lies behind a symbolic link; hand in the files themselves")
        return DiskSource(path, piece.name, ENTRIES)
    try:
        stream = stack.enter_context(open(arrival.path, "rb"))
    except OSError as error:
        raise Refused(f"{arrival.path.name} cannot be read ({error.strerror}); check that it is there") from None
    return SliceSource(open_class(stream), piece.inside, piece.name)


def open_class(stream: BinaryIO) -> Source:
    """Open the archive of a whole class, which may be large; raise Refused if it is none."""
    form = sniff(stream)
    if form == "zip":
        return ZipSource(stream, CLASS_DIRECTORY, CLASS_ENTRIES)
    cap = CLASS_BYTES + CLASS_RATIO * stream.seek(0, io.SEEK_END)
    return _other(stream, form, cap, CLASS_ENTRIES)


def open_archive(data: bytes, name: str, cap: int, notes: list[str]) -> Source:
    """Open one student's archive by what it is, not by what it is called."""
    if not data:
        raise Refused(f"{shown(name)} is an empty file; hand it in again")
    stream = io.BytesIO(data)
    form = sniff(stream)
    ends_as = "zip" if name.lower().endswith(".zip") else "tar"
    if form and ends_as != ("zip" if form == "zip" else "tar"):
        notes.append(
            f"{shown(name)} is called {ends_as} but is {'a zip' if form == 'zip' else 'a tar'} archive; "
            "it was read as that"
        )
    return ZipSource(stream, DIRECTORY, ENTRIES) if form == "zip" else _other(stream, form, cap, ENTRIES, name)


def _other(stream: BinaryIO, form: str, cap: int, most: int, name: str = "the archive") -> Source:
    if form in ("tar", "gzip", "bzip2", "xz"):
        return TarSource(stream, form, cap, most)
    got = f"a {form} archive" if form else "damaged or no archive"
    raise Refused(f"{shown(name)} is {got}, expected a zip; zip the files and hand them in again")


def sniff(stream: BinaryIO) -> str:
    """Name the format that the first bytes of `stream` show: "zip", "tar", "gzip", ..., or ""."""
    stream.seek(0)
    head = stream.read(BLOCK)
    stream.seek(0)
    form = next((form for magic, form in MAGIC.items() if head.startswith(magic)), "")
    return form or ("tar" if is_tar(head) or (head and not any(head) and len(head) == BLOCK) else "")
