"""Known-wrong and known-right variants of a homework's reference: `misconceptions.toml` and `alternatives/`.

A variant is a substitution in a solution file: its `find` text must occur there exactly once. Whole files under
`alternatives/<name>/` are correct solutions that somebody wrote independently.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from autograder.errors import UserError
from autograder.homework import Homework
from autograder.release.folder import solved_text


@dataclass(frozen=True, eq=False)
class Variant:
    """A variant of the reference: `files` are complete sources, as a student would hand them in."""

    id: str
    files: dict[str, str]
    exercises: tuple[str, ...] = ()  # those that must lose marks; none for a correct variant
    hint: str = ""


@dataclass(frozen=True)
class Variants:
    """All variants of a homework; `survivors` maps a generic mutant to the reason why it is no mistake."""

    reference: Variant
    misconceptions: tuple[Variant, ...]
    alternatives: tuple[Variant, ...]
    survivors: dict[str, str]


def reference_files(homework: Homework) -> dict[str, str]:
    """Return the solution's files without markers: what a perfect student hands in."""
    return {name: solved_text(homework, f"{homework.name}/{name}") for name in homework.files}


def given_files(homework: Homework) -> dict[str, str]:
    """Return the solutions of earlier homeworks that this one is given."""
    return {PurePosixPath(given).name: solved_text(homework, given) for given in homework.given}


@cache
def load_variants(homework: Homework) -> Variants:
    """Read the variants; raise UserError for an entry that does not fit the solution."""
    solution = reference_files(homework)
    path = homework.solutions / "misconceptions.toml"
    where = f"solutions/{homework.name}/misconceptions.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{where}: not valid TOML: {error}") from None
    wrong = [_substitute(entry, solution, where) for entry in table.get("misconception", [])]
    right = [_substitute(entry, solution, where) for entry in table.get("alternative", [])]
    for folder in sorted((homework.solutions / "alternatives").glob("*/")):
        written = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))}
        right.append(Variant(folder.name, solution | written))
    for variant in wrong:
        if not variant.hint or not variant.exercises:
            raise UserError(f"{where}: {variant.id}: `hint` and `exercises` are needed")
        known = {exercise.id for exercise in homework.exercises}
        if unknown := set(variant.exercises) - known:
            raise UserError(f"{where}: {variant.id}: no exercise {sorted(unknown)[0]}; there are {sorted(known)}")
    names = [variant.id for variant in wrong + right]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"{where}: the id {sorted(twice)[0]} stands twice")
    survivors = {entry.get("mutant", "?"): entry.get("reason", "") for entry in table.get("survivor", [])}
    if unexplained := [name for name, reason in survivors.items() if not reason]:
        raise UserError(f"{where}: survivor {unexplained[0]}: `reason` is needed")
    return Variants(Variant("reference", solution), tuple(wrong), tuple(right), survivors)


def _substitute(entry: dict, solution: dict[str, str], where: str) -> Variant:
    id, file = entry.get("id", "?"), entry.get("file", "")
    if file not in solution:
        raise UserError(f"{where}: {id}: no file {file!r}; there are {', '.join(solution)}")
    find, replace = entry.get("find", ""), entry.get("replace", "")
    count = solution[file].count(find) if find else 0
    if count != 1:
        raise UserError(f"{where}: {id}: `find` occurs {count} times in the solution's {file}, expected once")
    files = solution | {file: solution[file].replace(find, replace)}
    return Variant(id, files, tuple(entry.get("exercises", ())), entry.get("hint", ""))
