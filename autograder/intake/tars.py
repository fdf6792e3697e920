"""Tar archives, read header by header.

    archive = (header of 512 bytes, data padded to 512 bytes)*, then zero blocks

`tarfile` is not used: it reads extension headers of any length into memory and runs regular expressions over
them. Here every allocation is bounded before it is made: headers by `EXTENSION`, the whole decompressed
stream by the caller's cap. An archive is read twice, once to list it and once for the files that are wanted;
neither pass keeps more than one block of the rest.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from autograder.intake.records import Refused, Unreadable
from autograder.intake.source import CHUNK, Entry

BLOCK = 512
EXTENSION = 64 * 1024  # most bytes of one pax or GNU long-name header; real ones hold a few hundred
XZ_MEMORY = 128 << 20  # `xz -9` needs 65 MB; the header of a hostile file may ask for 4 GB
KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"5": "folder", b"1": "hard link", b"2": "symbolic link",
         b"3": "device", b"4": "device", b"6": "FIFO", b"S": "sparse file"}  # fmt: skip
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class _Xz(io.RawIOBase):
    """A .xz stream whose decoder may use at most `XZ_MEMORY`, which `lzma.LZMAFile` cannot be told."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self._decoder = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def read(self, size: int = CHUNK) -> bytes:
        while not self._decoder.eof:
            data = self._stream.read(CHUNK) if self._decoder.needs_input else b""
            out = self._decoder.decompress(data, size)
            if out:
                return out
            if not data and self._decoder.needs_input:
                raise EOFError("xz stream cut short")
        return b""


class _Stream:
    """A decompressed archive from its first byte on, that gives up after `cap` bytes."""

    def __init__(self, stream: BinaryIO, form: str, cap: int):
        stream.seek(0)
        openers = {"gzip": lambda s: gzip.GzipFile(fileobj=s), "bzip2": bz2.BZ2File, "xz": _Xz}
        self._stream = openers.get(form, lambda s: s)(stream)
        self._cap, self.position = cap, 0

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes, fewer if the stream ends."""
        if self.position + size > self._cap:
            raise Refused(f"the archive unpacks to more than {self._cap >> 20} MB; hand in only the files asked for")
        while size:
            try:
                chunk = self._stream.read(min(size, CHUNK))
            except DAMAGED as error:
                raise Unreadable(f"damaged after {self.position} bytes ({type(error).__name__})") from None
            if not chunk:
                return
            size -= len(chunk)
            self.position += len(chunk)
            yield chunk

    def take(self, size: int) -> bytes:
        return b"".join(self.chunks(size))

    def skip(self, size: int) -> None:
        for _ in self.chunks(size):
            pass


class TarSource:
    """A tar archive, compressed or not; `stream` is read from its start, `cap` bounds what it unpacks to."""

    def __init__(self, stream: BinaryIO, form: str, cap: int, most: int):
        self._stream, self._form, self._cap, self._most = stream, form, cap, most

    def entries(self) -> list[Entry]:
        """List the members; raise Refused if the archive is damaged, too large or too long."""
        found = []
        try:
            for entry in members(_Stream(self._stream, self._form, self._cap)):
                found.append(entry)
                if len(found) > self._most:
                    raise Refused(f"the archive holds more than {self._most} entries; hand in only the files asked for")
        except Unreadable as error:
            raise Refused(f"the tar archive is {error}; hand it in again") from None
        return found

    def inspect(self, entries: list[Entry]) -> None:
        """Do nothing: the cap on the stream is what guards a tar archive."""

    def read(self, entry: Entry, cap: int) -> bytes:
        """Return the content of `entry`, whose listed size the caller has found to be within `cap`."""
        stream = _Stream(self._stream, self._form, self._cap)
        stream.skip(entry.key)
        data = stream.take(min(entry.size, cap))
        if len(data) != entry.size:
            raise Unreadable("cut short")
        return data


def is_tar(block: bytes) -> bool:
    """Tell whether `block` starts with a tar header, by its checksum."""
    try:
        return len(block) >= BLOCK and any(block[:BLOCK]) and _checksum(block[:BLOCK]) == _number(block[148:156])
    except (ValueError, Refused):
        return False


def members(stream: _Stream) -> Iterator[Entry]:
    """Yield every member with the offset of its data; what a member's extension headers say is folded in."""
    name, size, sparse = None, None, False
    while True:
        header = stream.take(BLOCK)
        if not header or (len(header) == BLOCK and not any(header)):
            return
        if not is_tar(header):
            raise Unreadable("cut short" if len(header) < BLOCK else f"damaged at byte {stream.position - BLOCK}")
        kind, declared = header[156:157], _number(header[124:136])
        if kind in b"xgLK":
            body = _extension(stream, declared)
            if kind == b"L":
                name = body.rstrip(b"\0")
            if kind == b"x":
                records = _pax(body)
                name, size = records.get(b"path", name), records.get(b"size", size)
                sparse = any(key.startswith(b"GNU.sparse") for key in records)
            continue
        if kind == b"S":
            _skip_map(stream, header[482])
        entry = _member(header, name, declared if size is None else _decimal(size), sparse, stream.position)
        yield entry
        if kind not in b"123456":  # links, devices and folders have no data, whatever size they declare
            stream.skip(-(-entry.size // BLOCK) * BLOCK)
        name, size, sparse = None, None, False


def _member(header: bytes, long: bytes | None, size: int, sparse: bool, offset: int) -> Entry:
    short, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    if prefix and header[257:263] == b"ustar\0":  # GNU's own format keeps other things there
        short = prefix + b"/" + short
    name = (short if long is None else long).decode("utf-8", "surrogateescape")
    kind = "sparse file" if sparse else KINDS.get(header[156:157], "special file")
    if kind == "file" and name.endswith("/"):
        kind = "folder"
    return Entry(name, kind, size, offset)


def _extension(stream: _Stream, size: int) -> bytes:
    if size > EXTENSION:
        raise Refused(
            f"the tar archive has a header of {size} bytes, expected at most {EXTENSION}; zip the files instead"
        )
    body = stream.take(size)
    stream.skip(-size % BLOCK)
    return body


def _skip_map(stream: _Stream, more: int) -> None:
    """Skip the blocks that tell where the data of an old GNU sparse file lies."""
    while more:
        block = stream.take(BLOCK)
        if len(block) < BLOCK:
            raise Unreadable("cut short")
        more = block[504]


def _pax(body: bytes) -> dict[bytes, bytes]:
    """Parse the records "length key=value\\n" of a pax header; raise Unreadable where they do not add up."""
    records, at = {}, 0
    while at < len(body):
        digits, _, _ = body[at : at + 8].partition(b" ")
        length = _decimal(digits)
        key, equals, value = body[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if length < 5 or not equals or body[at + length - 1 : at + length] != b"\n":
            raise Unreadable(f"damaged in a pax header of {len(body)} bytes")
        records[key] = value
        at += length
    return records


def _checksum(header: bytes) -> int:
    return sum(header[:148]) + 8 * 32 + sum(header[156:])


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 18:
        raise Unreadable("damaged in a header's number")
    return int(digits)


def _number(raw: bytes) -> int:
    """Read an octal number, or GNU's base-256 form, which may not be negative."""
    if raw[0] & 0x80:
        value = int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
        if raw[0] == 0xFF or value >= 1 << 62:
            raise Refused("the tar archive declares an impossible size; zip the files instead")
        return value
    return int(raw.split(b"\0")[0].strip() or b"0", 8)
