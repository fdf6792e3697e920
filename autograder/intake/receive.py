"""Open one arrival and take from it, into memory, the files that the homework asks for."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from autograder.homework import Homework
from autograder.intake.archives import ENTRIES, open_archive, open_piece
from autograder.intake.names import archive_stem, clean, fold, is_junk, listed, shown, uncopied
from autograder.intake.pick import Item, Picked, choose, refuse_shadows, remarks
from autograder.intake.records import Arrival, Refused, Submission, Unreadable
from autograder.intake.source import Source
from autograder.intake.text import mended

DEPTH = 2  # a zip in a zip is a slip, a third is a game
MODULE = 1 << 20  # most bytes of one .py; a long one has 50 kB


@dataclass
class Opening:
    """The archives of one submission that are held in memory, together at most twice the limit on one."""

    homework: Homework
    notes: list[str]
    held: int = 0

    @property
    def cap(self) -> int:
        return self.homework.limits.archive_mb << 20

    def read(self, archive: Item) -> bytes:
        """Read an archive into memory; raise Refused if it is damaged or one too many."""
        self.held += archive.size
        if self.held > 2 * self.cap:
            raise Refused(f"its archives hold more than {2 * self.cap >> 20} MB; hand in only the files asked for")
        try:
            return archive.fetch(self.cap)
        except Unreadable as error:
            raise Refused(f"{shown(archive.parts[-1])} is {error}; hand it in again") from None


def receive(arrival: Arrival, homework: Homework) -> Submission:
    """Read `arrival`; a bad one never raises, but comes back with `refused`, the one line that says why."""
    notes = list(arrival.notes)
    try:
        with ExitStack() as stack:
            files = _files(arrival, homework, notes, stack)
        return Submission(arrival.student, arrival.source, files, tuple(notes))
    except Refused as reason:
        refused = str(reason)
    except Exception as error:  # whatever a stranger's file does to a reader must cost that stranger alone
        refused = (
            f"{shown(arrival.source)} could not be read ({type(error).__name__}: {shown(error)}); look at it by hand"
        )
    return Submission(arrival.student, arrival.source, {}, tuple(notes), refused)


def _files(arrival: Arrival, homework: Homework, notes: list[str], stack: ExitStack) -> dict[str, bytes]:
    loose: dict[str, Item] = {}
    for piece in arrival.pieces:  # oldest first: a newer piece replaces what it brings again
        loose.update((fold("/".join(item.parts)), item) for item in _items(open_piece(arrival, piece, stack), notes))
    items = list(loose.values())
    _refuse_excess(items, homework)
    archives = [item for item in items if archive_stem(item.parts[-1])]
    picked = choose(items, homework)
    refuse_shadows(items, picked.base, homework)
    if archives and any(name not in picked.files for name in homework.files):
        inner, picked_inside = _unpacked(archives, Opening(homework, notes), 1)
        items = [item for item in items if item not in archives] + inner
        base = picked.base if picked.files else picked_inside.base
        picked = Picked({**picked_inside.files, **picked.files}, base)
    notes += remarks(picked, items, homework)
    files = {
        name: content
        for name, item in picked.files.items()
        if (content := _content(name, item, homework, notes)) is not None
    }
    notes += _missing(files, items, homework)
    return files


def _items(source: Source, notes: list[str]) -> list[Item]:
    """Vet every name, kind and size that `source` lists, and return its regular files."""
    kept, folders, seen, junk = [], set(), {}, []
    for count, entry in enumerate(source.entries()):
        if count >= ENTRIES:
            raise Refused(f"it lists more than {ENTRIES} files and folders; hand in only the files asked for")
        parts = clean(entry.name)
        if not parts or is_junk(parts):
            junk += ["/".join(parts)] if parts and entry.kind != "folder" else []
            continue
        if entry.kind not in ("file", "folder"):
            article = "an" if entry.kind[0] in "aeiou" else "a"
            raise Refused(
                f"{shown(entry.name)} is {article} {entry.kind}, expected a plain file; hand in the file itself"
            )
        folded = [fold(part) for part in parts]
        folders.update("/".join(folded[:n]) for n in range(1, len(parts) + (entry.kind == "folder")))
        if entry.kind == "file":
            key = "/".join(folded)
            if key in seen:
                raise Refused(
                    f"{shown(entry.name)} and {shown(seen[key])} are one name on some systems; hand in one of them"
                )
            seen[key] = entry.name
            kept.append(entry)
    if both := folders & set(seen):
        raise Refused(f"{shown(min(both))} is a file and a folder at once; zip the files again")
    source.inspect(kept)
    if junk:
        notes.append(f"{len(junk)} file{'s' * (len(junk) > 1)} of the system or an editor ignored: {listed(junk)}")
    return [Item(clean(entry.name), entry.size, partial(source.read, entry)) for entry in kept]


def _refuse_excess(items: list[Item], homework: Homework) -> None:
    limits, total = homework.limits, sum(item.size for item in items)
    if len(items) > limits.archive_files:
        raise Refused(
            f"it holds {len(items)} files, expected at most {limits.archive_files}; hand in only the files asked for"
        )
    if total > limits.archive_mb << 20:
        largest = shown("/".join(max(items, key=lambda item: item.size).parts))
        raise Refused(f"it holds {_megabytes(total)} MB, expected at most {limits.archive_mb}; leave out {largest}")


def _unpacked(archives: list[Item], opening: Opening, depth: int) -> tuple[list[Item], Picked]:
    """Open archives, the newest first; return the files of the newest that holds one asked for."""
    if depth > DEPTH:
        raise Refused(f"archives lie more than {DEPTH} deep in one another; zip the files themselves and hand that in")
    homework, notes, found = opening.homework, opening.notes, []
    for archive in sorted(archives, key=lambda item: uncopied(item.parts[-1])[1], reverse=True):
        name = archive.parts[-1]
        source = open_archive(opening.read(archive), name, opening.cap + (1 << 20), notes)
        items = _items(source, notes)
        _refuse_excess(items, homework)
        picked = choose(items, homework)
        refuse_shadows(items, picked.base, homework)
        nested = [item for item in items if archive_stem(item.parts[-1])]
        if nested and any(file not in picked.files for file in homework.files):
            inner, deeper = _unpacked(nested, opening, depth + 1)
            items = [item for item in items if item not in nested] + inner
            picked = Picked({**deeper.files, **picked.files}, picked.base if picked.files else deeper.base)
        if not items:
            notes.append(f"{shown(name)} holds no files")
        found.append((name, items, picked))
    return _newest(found, notes)


def _newest(found: list[tuple[str, list[Item], Picked]], notes: list[str]) -> tuple[list[Item], Picked]:
    """Choose between opened archives, newest first; of two that cannot be ordered neither is guessed."""
    useful = [entry for entry in found if entry[2].files] or found[:1]
    copies = [uncopied(name) for name, _, _ in useful]
    if len(useful) > 1:
        names = [name for name, _, _ in useful]
        if len({name for name, _ in copies}) > 1 or len({number for _, number in copies}) < len(copies):
            raise Refused(f"more than one archive holds the files ({listed(names)}); hand in one")
        notes.append(f"the newest of {len(names)} archives was taken: {shown(names[0])}")
    return useful[0][1], useful[0][2]


def _content(name: str, item: Item, homework: Homework, notes: list[str]) -> bytes | None:
    """Read one chosen file and mend its text; None, and a note, if it is damaged."""
    module = name in homework.files
    cap = min(MODULE, homework.limits.archive_mb << 20) if module else homework.limits.archive_mb << 20
    if item.size > cap:
        raise Refused(
            f"{name} has {_megabytes(item.size)} MB, expected at most {_megabytes(cap)}; a source file is smaller"
        )
    try:
        data = item.fetch(cap)
    except Unreadable as error:
        notes.append(f"{name} is {error}; hand it in again")
        return None
    data, said = mended(name, data) if module else (data, [])
    notes += said
    return data


def _missing(files: dict[str, bytes], items: list[Item], homework: Homework) -> list[str]:
    lacking = [name for name in homework.files if name not in files]
    notes = []
    if not items:
        notes.append("nothing was handed in")
    if lacking:
        hint = "; a notebook was handed in, but it is never run for grading" if homework.notebook in files else ""
        notes.append(f"missing: {', '.join(lacking)}{hint}")
    if homework.written and homework.notebook not in files:
        notes.append(f"missing: {homework.notebook}, which holds the written answers")
    return notes


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.3g}"
