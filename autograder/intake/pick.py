"""Which of the files that lie there are the ones asked for.

Students hand in the file, a folder with the file, the whole homework, or a zip with any of these. The files
asked for are looked for in one folder, the *base*: the one that holds most of them, the least deep of equals.
What they are called may differ by case, by the "-1" of a second download, or by a ".txt" that an editor hid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from autograder.homework import Homework
from autograder.intake.names import Parts, likeness, listed, shadowed, shown
from autograder.intake.records import Refused

GIVEN = frozenset({"course", "tests"})  # folders that every release carries; grading uses its own
RELEASED = {"README.md", "requirements.txt", "homework.toml", "conftest.py", "pytest.ini"}  # at the top of a release
CONFIGURATION = frozenset("conftest.py pytest.ini tox.ini setup.cfg pyproject.toml setup.py".split())


class Item(NamedTuple):
    """One regular file of a submission: where it lies, its bytes, how to read it (argument: most bytes)."""

    parts: Parts
    size: int
    fetch: Callable[[int], bytes]


class Picked(NamedTuple):
    """The chosen items by the name that was asked for, and the folder they lie in."""

    files: dict[str, Item]
    base: Parts


def wanted(homework: Homework) -> tuple[str, ...]:
    """Return the names that are taken from a submission: the modules, then the notebook."""
    return (*homework.files, homework.notebook)


def choose(items: Iterable[Item], homework: Homework) -> Picked:
    """Choose at most one item for each wanted name; raise Refused where it could as well be another."""
    folders: dict[Parts, dict[str, tuple[int, Item]]] = defaultdict(dict)
    for item in sorted(items, key=lambda item: item.parts):
        for name in wanted(homework):
            rank = _rank(item, name, homework)
            if rank is not None and rank < folders[item.parts[:-1]].get(name, (99,))[0]:
                folders[item.parts[:-1]][name] = rank, item
    folders = {base: found for base, found in folders.items() if found}
    if not folders:
        return Picked({}, ())
    ranked = sorted(folders, key=lambda base: (_merit(base, folders[base], homework), base))
    merits = [_merit(base, folders[base], homework) for base in ranked[:2]]
    if len(merits) == 2 and merits[0] == merits[1]:
        if not merits[0][0]:
            return Picked({}, ())  # several notebooks and no module: nothing to grade in any of them
        first = next(iter(folders[ranked[0]]))
        raise Refused(
            f"{first} lies in more than one folder ({listed('/'.join(base) for base in ranked)}); hand in one"
        )
    files = {name: item for name, (_, item) in folders[ranked[0]].items()}
    for name in wanted(homework):
        elsewhere = [folders[base][name][1] for base in ranked[1:] if name in folders[base]]
        if name not in files and len(elsewhere) == 1:
            files[name] = elsewhere[0]
    return Picked(files, ranked[0])


def _rank(item: Item, name: str, homework: Homework) -> int | None:
    rank = likeness(item.parts[-1], name)
    if rank is None and name == homework.notebook and item.parts[-1].lower().endswith(".ipynb"):
        return 4
    return rank


def _merit(base: Parts, found: dict, homework: Homework) -> tuple[int, bool, int, bool]:
    """Order folders, best first: most modules, not a given one, least deep, called as the homework is."""
    modules = sum(name in found for name in homework.files)
    return -modules, any(part in GIVEN for part in base), len(base), base[-1:] != (homework.name,)


def refuse_shadows(items: Iterable[Item], base: Parts, homework: Homework) -> None:
    """Raise Refused if something beside the homework's files has the name of a module of the worker's."""
    beside = [item.parts[len(base) :] for item in items if item.parts[: len(base)] == base]
    above = [item.parts for item in items if len(item.parts) == 1]
    anywhere = [item.parts[-1:] for item in items if item.parts[-1].lower() in ("sitecustomize.py", "usercustomize.py")]
    given = [path.rpartition("/")[2] for path in homework.given]
    if name := shadowed([*beside, *above, *anywhere], (*homework.files, *given), homework.preload):
        raise Refused(f"{shown(name)} has the name of a Python module and would hide it; rename it or leave it out")


def remarks(picked: Picked, items: Iterable[Item], homework: Homework) -> list[str]:
    """Say in sentences what was found elsewhere or under another name, and what was left."""
    notes = []
    if picked.base:
        depth = f"{len(picked.base)} folder{'s' * (len(picked.base) > 1)}"
        notes.append(f"the files lay {depth} down, in {shown('/'.join(picked.base))}")
    for name, item in picked.files.items():
        if item.parts[-1] != name:
            notes.append(f"{shown(item.parts[-1])} was taken as {name}")
        if item.parts[:-1] != picked.base:
            notes.append(
                f"{name} was found apart from the others, in {shown('/'.join(item.parts[:-1]) or 'the top folder')}"
            )
    taken = set(picked.files.values())
    extra = ["/".join(item.parts) for item in items if item not in taken and not _given(item, picked.base, homework)]
    idle = sorted({name for path in extra if (name := path.rpartition("/")[2]) in CONFIGURATION})
    if idle:
        notes.append(f"without effect on grading and not taken: {listed(idle)}")
    if rest := [path for path in extra if path.rpartition("/")[2] not in CONFIGURATION]:
        notes.append(f"{len(rest)} other file{'s' * (len(rest) > 1)} not asked for and not taken: {listed(rest)}")
    return notes


def _given(item: Item, base: Parts, homework: Homework) -> bool:
    """Tell whether the release carries this file, so that its being there needs no word."""
    below = item.parts[len(base) :] if item.parts[: len(base)] == base else item.parts
    given = {path.rpartition("/")[2] for path in homework.given}
    return below[0] in GIVEN or "/".join(below) in given | RELEASED
