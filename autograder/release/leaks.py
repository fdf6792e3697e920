"""The last look at a built release: does it hold anything that students must not see?

Only files that were planned, no tool's traces (outputs, attachments, archive comments), the zip equal to the
folder, and no private text in any of it; `fingerprints` says what counts as that.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from autograder.homework import Homework
from autograder.release.fingerprints import Index, index, search
from autograder.release.folder import planned
from autograder.release.private import declared_public, private_texts


def find_leaks(homework: Homework, folder: Path, archive: Path) -> list[str]:
    """Return one line, with places and repair, for everything in a built release that must not be there."""
    plan = planned(homework)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    faults = list(_strangers(files, plan))
    contents = {name: path.read_bytes() for name, path in files.items() if path.is_file() and not path.is_symlink()}
    faults += _archive(archive, homework.name, contents)
    faults += [fault for name in contents if name.endswith(".ipynb") for fault in _traces(name, contents[name])]
    prepared = _index(homework, plan)
    faults += [fault for name, content in contents.items() for fault in _private(name, content, prepared, homework)]
    return faults


def _index(homework: Homework, plan: dict[str, bytes]) -> Index:
    public = [text for name, content in plan.items() for _, text in texts(name, content)]
    # What shares a solution's file on purpose: other correct solutions repeat its signatures and checks.
    skeletons = [plan[PurePosixPath(name).name].decode() for name in (*homework.files, *homework.given)]
    return index(private_texts(homework), public, skeletons, declared_public(homework))


def texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield (where, text) for every text of a file; for a notebook, every string anywhere in its JSON."""
    text = content.decode("utf-8", errors="replace")
    try:
        parsed = json.loads(text) if name.endswith(".ipynb") else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        yield f"{name}:", text
        return
    for number, cell in enumerate(parsed.pop("cells", []), start=1):
        yield from ((f"{name}: cell {number}, line ", string) for string in _strings(cell))
    yield from ((f"{name}: metadata, line ", string) for string in _strings(parsed))


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case [*items] if items and all(isinstance(item, str) for item in items):
            yield "".join(items)
        case [*items]:
            for item in items:
                yield from _strings(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _strings(item)


def _strangers(files: dict[str, Path], plan: dict[str, bytes]) -> Iterator[str]:
    for name, path in files.items():
        if path.is_symlink():
            yield f"{name}: a symbolic link; a release holds plain files"
        elif not path.is_dir() and name not in plan:
            yield f"{name}: not on the list of what is released (autograder/release/folder.py); remove it"
    for name in plan.keys() - files.keys():
        yield f"{name}: missing; build the release again"


def _traces(name: str, content: bytes) -> Iterator[str]:
    try:
        cells = json.loads(content)["cells"]
    except (ValueError, KeyError, TypeError):
        yield f"{name}: not a notebook; run `make skeletons`"
        return
    for number, cell in enumerate(cells, start=1):
        for key in ("outputs", "attachments", "execution_count"):
            if cell.get(key):
                yield f"{name}: cell {number} has {key}; a starter notebook has none: run `make skeletons`"


def _archive(path: Path, top: str, contents: dict[str, bytes]) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        if archive.comment:
            yield f"{path.name}: has a comment; build the release again"
        names = [entry.filename for entry in archive.infolist()]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{path.name}: holds {name} more than once; build the release again"
        for entry in archive.infolist():
            if entry.comment or entry.extra:
                yield f"{path.name}: {entry.filename} carries a comment or extra data; build it again"
            if contents.get(entry.filename.removeprefix(f"{top}/")) != archive.read(entry):
                yield f"{path.name}: {entry.filename} is not the folder's file; build the release again"
        for name in contents:
            if f"{top}/{name}" not in names:
                yield f"{path.name}: {name} is missing; build the release again"


def _private(name: str, content: bytes, prepared: Index, homework: Homework) -> Iterator[str]:
    repair = f"take it out, or declare the line and a reason in solutions/{homework.name}/public.toml"
    for where, text in texts(name, content):
        for hit in search(text, prepared):
            secret = hit.secret
            yield f"{where}{hit.line}: repeats {secret.file}:{hit.secret_line}, {secret.what}; {repair}"
