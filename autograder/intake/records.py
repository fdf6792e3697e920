"""What intake hands on, and the two ways in which something handed in can be bad."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Refused(Exception):
    """A submission that intake will not take; the text is the one line that says why and what to do."""


class Unreadable(Exception):
    """One file of a submission that is damaged; the rest of the submission may be sound."""


class Piece(NamedTuple):
    """One file or folder of an arrival: `inside` the arrival's path ("" for the path itself), and the
    `name` under which the student handed it in ("" for a folder, whose own name means nothing)."""

    inside: str = ""
    name: str = ""


@dataclass(frozen=True)
class Arrival:
    """Where one student's submission lies; nothing of it has been opened. Oldest piece first."""

    student: str
    source: str
    path: Path
    pieces: tuple[Piece, ...] = (Piece(),)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """One student's files in memory: only those that the homework asks for, under exactly those names."""

    student: str
    source: str
    files: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of names and contents, in hex; lengths go in too, so that no two submissions share one."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{len(name.encode())} {len(content)} ".encode() + name.encode() + content)
        return digest.hexdigest()
