"""List who handed in, from names alone: a class's folder, a class's archive, or one student's submission."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

from autograder.errors import UserError
from autograder.homework import Homework
from autograder.intake import gradescope
from autograder.intake.layouts import Claim, latest, of_anyone, of_exchange, of_homework, of_platform
from autograder.intake.names import archive_stem, likeness, shown, split
from autograder.intake.pick import wanted
from autograder.intake.records import Arrival, Piece
from autograder.intake.shelves import ArchiveShelf, FolderShelf, Shelf, is_archive

WRAPPERS = 4  # folders around a class that have no meaning


def arrivals(path: Path | str, homework: Homework) -> list[Arrival]:
    """List one arrival for each student in `path`, sorted by student; raise UserError if there is none."""
    path = Path(os.path.abspath(path))
    if not path.exists():
        raise UserError(f"{path}: not there; expected a folder or an archive of submissions")
    if not (path.is_dir() or path.is_file()):
        raise UserError(f"{path}: not a file and not a folder; expected a folder or an archive of submissions")
    path = path.resolve()
    shelf = FolderShelf(path) if path.is_dir() else ArchiveShelf(path) if is_archive(path) else None
    claims = _claims(shelf, homework, path) if shelf else [_alone(path, homework)]
    if not claims:
        raise UserError(f"{path}: holds no submission; expected a folder or an archive for each student")
    groups = defaultdict(list)
    for claim in claims:
        groups[claim.key].append(claim)
    return _arrivals(path, groups)


def _arrivals(path: Path, groups: dict[str, list[Claim]]) -> list[Arrival]:
    ids = _ids(groups)
    found = []
    for key, group in groups.items():
        kept, said = latest(group)
        source = shown(", ".join(claim.source or path.name for claim in kept), 120)
        notes = tuple(shown(note, 240) for note in (*kept[-1].notes, *said))
        pieces = tuple(Piece(claim.inside, claim.name) for claim in kept)
        found.append(Arrival(ids[key], source, path, pieces, notes))
    return sorted(found, key=lambda arrival: arrival.student)


def _ids(groups: dict[str, list[Claim]]) -> dict[str, str]:
    """Return each key's student: printable, with composed accents, and no two alike."""
    raw = {key: max(group, key=lambda claim: claim.time).student for key, group in groups.items()}
    ids = {key: shown(unicodedata.normalize("NFC", student), 1000) for key, student in raw.items()}
    count = Counter(ids.values())
    return {
        key: ids[key] if count[ids[key]] == 1 else shown(f"{ascii(raw[key])[1:-1]} ({key})", 2000) for key in groups
    }


def _claims(shelf: Shelf, homework: Homework, path: Path) -> list[Claim]:
    """Find the level on which the students stand, and read their names there."""
    level, strict = "", path.name == "submitted"
    for _ in range(WRAPPERS):
        names = shelf.children(level)
        if gradescope.METADATA in names:
            return _of_gradescope(shelf, level, names)
        if names.get("submitted"):
            return _of_tree(shelf, _join(level, "submitted"), homework, strict=True)
        if any(of_platform(name, folder, "", homework) for name, folder in names.items()):
            return _of_tree(shelf, level, homework, strict)
        if _holds(names, homework) or len(names) != 1 or not all(names.values()):
            break
        level = _join(level, next(iter(names)))
    if level and not _holds(names, homework) and _several(names):
        return _of_tree(shelf, level, homework, strict)
    whole = split(level)[:1] == (homework.name,) or (bool(level) and not shelf.folder)
    if whole or _holds(shelf.children(""), homework):
        return [_alone(path, homework)]
    if not shelf.folder and not shelf.children("") and shelf.entries:
        return [_alone(path, homework)]  # hostile names only: let `receive` refuse them
    return _of_tree(shelf, "", homework, strict)


def _of_tree(shelf: Shelf, level: str, homework: Homework, strict: bool = False) -> list[Claim]:
    """Read each child of `level` as a student's; if `strict`, only those with a folder of this homework."""
    claims = []
    for name, folder in shelf.children(level).items():
        inside = _join(level, name)
        claim = of_platform(name, folder, inside, homework)
        if claim is None and not of_exchange(name):
            claim = of_anyone(name, folder, inside)
        if claim is None:
            continue
        inner = shelf.children(inside) if folder and not claim.part else {}
        chosen = next((sub for sub in inner if inner[sub] and of_homework(sub, homework)), "")
        if strict and not chosen:
            continue
        if _holds(inner, homework):
            chosen = ""
        claims.append(claim._replace(inside=_join(inside, chosen)) if chosen else claim)
    return claims


def _of_gradescope(shelf: Shelf, level: str, names: dict[str, bool]) -> list[Claim]:
    """Give every submitter of a group the group's submission; keep folders that the metadata do not name."""
    entries = gradescope.entries(shelf.read(_join(level, gradescope.METADATA)))
    known = {entry.folder for entry in entries}
    claims = []
    for entry in entries:
        if split(entry.folder) != (entry.folder,):
            continue  # not a folder's name: nobody's export says so
        group = (f"handed in by a group: {', '.join(entry.submitters)}",) * (len(entry.submitters) > 1)
        inside, time = _join(level, entry.folder), (entry.created, entry.folder.rpartition("_")[2].zfill(20))
        for student in entry.submitters:
            claim = Claim(f"gradescope {student}", student, inside, time=time, source=entry.folder, notes=group)
            claims.append(claim)
    others = [name for name, folder in names.items() if folder and name not in known]
    return claims + [claim for name in others if (claim := of_anyone(name, True, _join(level, name)))]


def _alone(path: Path, homework: Homework) -> Claim:
    """Read all of `path` as one submission, named by the platform, by itself or by its folder."""
    folder = path.is_dir()
    claim = of_platform(path.name, folder, "", homework)
    if claim is None and any(likeness(path.name, name) is not None for name in wanted(homework)):
        claim = of_anyone(path.parent.name or "student", True, "")
    claim = claim or of_anyone(path.name, folder, "") or Claim(path.name, path.name, "", source=path.name)
    return claim._replace(name="" if folder else claim.name or path.name, source=path.name)


def _holds(names: dict[str, bool], homework: Homework) -> bool:
    """Tell whether a submission lies right here: a file asked for, or the `course/` of a release."""
    return "course" in names or any(likeness(name, asked) is not None for name in names for asked in wanted(homework))


def _several(names: dict[str, bool]) -> bool:
    """Tell whether there is more than one folder or archive, as of students."""
    return sum(folder or bool(archive_stem(name)) for name, folder in names.items()) > 1


def _join(level: str, name: str) -> str:
    return f"{level}/{name}" if level else name
