"""Verdicts on disk: one JSON file each, named by content, written whole or not at all.

    out/verdicts/<key>.json    key = hash of submission, homework version, tier and course secret
    out/ledger.jsonl           one line for every grade that is new or changed, never rewritten
    out/class.json             who handed in what, with the verdicts: the input of reports and exports
    out/diagnosis/             which tests are looked at for known mistakes, decided once (`grading/diagnosis.py`)

Because the name follows from the content, grading again finds what is done, and a process killed at any moment
loses at most the submission it was working on.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

import msgspec

from autograder.errors import UserError
from autograder.files import write_whole
from autograder.grading.verdict import SCHEMA, ClassResult, Verdict


class LedgerEntry(msgspec.Struct, frozen=True):
    """One change of one student's grade."""

    when: str
    student: str
    submission: str
    homework_version: str
    points: float
    before: float | None = None


class Store:
    """The folder of one class and homework."""

    def __init__(self, out: Path):
        self.out = Path(out)

    def check_writable(self) -> None:
        """Raise UserError now, rather than after an hour of grading, if nothing can be written here."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.out):
                pass
        except OSError as error:
            raise UserError(f"{self.out}: cannot be written ({error.strerror}); choose another --out") from None

    def key(self, submission: str, version: str, tier: str, secret: bytes) -> str:
        """Name a verdict by all that it depends on."""
        parts = [str(SCHEMA), submission, version, tier, hashlib.sha256(secret).hexdigest()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def load(self, key: str) -> Verdict | None:
        """Return the verdict called `key`, or None if there is none that can be read."""
        try:
            return msgspec.json.decode((self.out / "verdicts" / f"{key}.json").read_bytes(), type=Verdict)
        except (OSError, msgspec.MsgspecError):
            return None

    def save(self, key: str, verdict: Verdict) -> None:
        data = msgspec.json.format(msgspec.json.encode(verdict))
        write_whole(self.out / "verdicts" / f"{key}.json", data, sync=True)

    def load_class(self) -> ClassResult | None:
        """Return the class as it was graded last, or None."""
        try:
            return msgspec.json.decode((self.out / "class.json").read_bytes(), type=ClassResult)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise UserError(f"{self.out / 'class.json'}: cannot be read ({error}); grade the class again") from None

    def save_class(self, result: ClassResult) -> None:
        """Save the class, and write to the ledger what it changes."""
        try:
            before = self.load_class()
        except UserError:  # damaged by something else; the verdicts are all there, so nothing is lost with it
            os.replace(self.out / "class.json", self.out / "class.damaged.json")
            before = None
        old = {record.student: _points(record) for record in before.records} if before else {}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = [
            msgspec.json.encode(
                LedgerEntry(
                    now,
                    record.student,
                    record.verdict.submission if record.verdict else "",
                    record.verdict.homework_version if record.verdict else "",
                    _points(record),
                    old.get(record.student),
                )
            )
            for record in result.records
            if record.student not in old or old[record.student] != _points(record)
        ]
        if lines:  # before the class: killed in between, a change is told twice rather than never
            with open(self.out / "ledger.jsonl", "ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        write_whole(self.out / "class.json", msgspec.json.format(msgspec.json.encode(result)), sync=True)


def _points(record) -> float:
    return record.verdict.points if record.verdict else 0.0
