"""Everything private about the homeworks, as texts with their places: what `leaks` looks for.

region        the lines between the marks of a solution, in modules and in notebook sources
answer        the model answer of a written question
alternative   other correct solutions
hidden        hidden tests and their oracles
hint          what a misconception's finder is told
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.errors import UserError
from autograder.homework import Homework, all_homeworks
from autograder.release.folder import notebook_source, read, shown
from autograder.release.notebook import find_written
from autograder.release.regions import find_regions

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Secret(NamedTuple):
    """One private text. kind: see above; what: in words; file: its path; lines: (line number, text) each."""

    kind: str
    what: str
    file: str
    lines: tuple[tuple[int, str], ...]


def private_texts(homework: Homework) -> list[Secret]:
    """Return the private texts of all homeworks of the project, except what this homework is given."""
    homeworks = {other.name: other for other in [*all_homeworks(homework.project), homework]}
    found = [secret for other in homeworks.values() for secret in _of_one(other)]
    given = {f"solutions/{path}" for path in homework.given}
    return [secret for secret in found if secret.file not in given]


def declared_public(homework: Homework) -> list[str]:
    """Return the lines that solutions/hwN_topic/public.toml declares, with a reason, to be no secret."""
    path = homework.solutions / "public.toml"
    if not path.is_file():
        return []
    entries = _toml(path, homework).get("public", [])
    for entry in entries:
        if set(entry) != {"line", "reason"}:
            raise UserError(f'{shown(path, homework)}: every [[public]] has `line = "…"` and `reason = "…"`, no more')
    return [entry["line"] for entry in entries]


def _of_one(homework: Homework) -> Iterator[Secret]:
    sources = [path for path in [*homework.solutions.glob("*.py"), notebook_source(homework)] if path.is_file()]
    for path in sources:
        name, text = shown(path, homework), read(path, homework)
        for region in find_regions(text, name):
            yield Secret("region", f"the solution of {region.id}", name, _numbered(region.lines, region.first + 1))
    if notebook_source(homework) in sources:
        for question in find_written(text, name):
            yield Secret("answer", f"the answer to {question.id}", name, _numbered(question.lines, question.first + 1))
    for path in sorted(homework.solutions.glob("alternatives/**/*.py")):
        yield from _modules("alternative", "an alternative solution", path, homework)
    for path in sorted(homework.hidden.rglob("*.py")):
        yield from _modules("hidden", "a hidden test", path, homework)
    yield from _hints(homework)


def _modules(kind: str, what: str, path: Path, homework: Homework) -> Iterator[Secret]:
    """Take a module function by function, without docstrings: those say in public what it is about."""
    name, text = shown(path, homework), read(path, homework)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise UserError(f"{name}:{error.lineno}: does not compile ({error.msg}); mend it") from None
    words = {number for node in ast.walk(tree) for number in _docstring(node)}
    rest = {number: line for number, line in enumerate(text.splitlines(), start=1) if number not in words}
    for node in tree.body:
        if isinstance(node, Definition):
            rest.pop(node.lineno, None)
            numbers = [number for number in range(node.body[0].lineno, node.end_lineno + 1) if number in rest]
            yield Secret(kind, f"{what} ({node.name})", name, tuple((number, rest.pop(number)) for number in numbers))
    yield Secret(kind, what, name, tuple(rest.items()))


def _docstring(node: ast.AST) -> range:
    if isinstance(node, ast.Module | Definition) and ast.get_docstring(node, clean=False) is not None:
        return range(node.body[0].lineno, node.body[0].end_lineno + 1)
    return range(0)


def _hints(homework: Homework) -> Iterator[Secret]:
    path = homework.solutions / "misconceptions.toml"
    if not path.is_file():
        return
    lines = read(path, homework).splitlines()
    for entry in _toml(path, homework).get("misconception", []):
        hint = str(entry.get("hint", ""))
        start = hint.strip().splitlines()[0] if hint.strip() else None
        number = next((n for n, line in enumerate(lines, start=1) if start and start in line), 1)
        yield Secret("hint", f"the hint of {entry.get('id')}", shown(path, homework), ((number, hint),))


def _toml(path: Path, homework: Homework) -> dict:
    try:
        return tomllib.loads(read(path, homework))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{shown(path, homework)}: not valid TOML: {error}") from None


def _numbered(lines, first: int) -> tuple[tuple[int, str], ...]:
    return tuple(enumerate(lines, start=first))
