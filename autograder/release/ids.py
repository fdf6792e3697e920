"""One id, five places: homework.toml, the handout's table, the TODOs, the tests, the notebook.

Students, TAs and the gradebook find each other by it, so each gap is one line: the file, what to add.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.errors import UserError
from autograder.homework import EXERCISE_ID, Homework
from autograder.release.folder import notebook_source, notebook_text, shown, skeleton_text
from autograder.release.notebook import check_lines, find_written
from autograder.release.regions import todo_ids

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def gaps(homework: Homework) -> list[str]:
    """Return every disagreement about ids; an empty list means that all places agree."""
    checks: list[Callable[[Homework], Iterator[str]]] = [_handout, _skeletons, _notebook, _tests]
    return [gap for check in checks for gap in check(homework)]


def marks_of_tests(path: Path, name: str) -> list[tuple[int, str, list[str]]]:
    """Return (line, test name, ids) of every test function, ids from its `exercise` marks."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UserError(f"{name}: does not compile ({error}); mend it") from None
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = [mark for decorator in node.decorator_list for mark in _exercise_mark(decorator)]
            found.append((node.lineno, node.name, marks))
    return found


def _exercise_mark(decorator: ast.expr) -> list[str]:
    match decorator:
        case ast.Call(func=ast.Name(id="exercise") | ast.Attribute(attr="exercise"), args=[ast.Constant(value=id), *_]):
            return [str(id)]
    return []


def _handout(homework: Homework) -> Iterator[str]:
    readme = homework.root / "README.md"
    name = shown(readme, homework)
    if not readme.is_file():
        yield f"{name}: missing; write the handout, with a table row for each of {', '.join(_ids(homework))}"
        return
    rows: dict[str, tuple[int, list[str]]] = {}
    for number, line in enumerate(readme.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("|"):
            cells = [cell.strip(" *`") for cell in line.strip("|").split("|")]
            if EXERCISE_ID.fullmatch(cells[0].removesuffix("w")):
                rows[cells[0]] = number, cells[1:]
    for entry in homework.exercises + homework.written:
        if entry.id not in rows:
            yield f"{name}: no table row of {entry.id}; add | {entry.id} | {entry.title} | {entry.points:g} |"
        elif not any(float(number) == entry.points for cell in rows[entry.id][1] for number in NUMBER.findall(cell)):
            yield f"{name}:{rows[entry.id][0]}: {entry.id} must have {entry.points:g} points"
    for id in rows.keys() - set(_ids(homework)):
        yield f"{name}:{rows[id][0]}: {id} is not in homework.toml; add it there or remove the row"


def _skeletons(homework: Homework) -> Iterator[str]:
    for file in homework.files:
        try:
            todos = todo_ids(ast.parse(skeleton_text(homework, file)))
        except UserError as error:
            yield str(error)
            continue
        for exercise in homework.exercises:
            if exercise.file == file and exercise.id not in todos:
                yield f"solutions/{homework.name}/{file}: add # BEGIN SOLUTION {exercise.id}: <prompt>"


def _notebook(homework: Homework) -> Iterator[str]:
    source = notebook_source(homework)
    name = shown(source, homework)
    if not source.is_file():
        yield f"{name}: missing; write the notebook, with a self-check cell for each exercise"
        return
    try:
        notebook_text(homework)
        text = source.read_text(encoding="utf-8")
        found = {id for _, id in check_lines(text)} | {question.id for question in find_written(text, name)}
    except UserError as error:
        yield str(error)
        return
    for id in _ids(homework):
        if id not in found:
            yield f"{name}: {id} is missing; add its cell"


def _tests(homework: Homework) -> Iterator[str]:
    known = [exercise.id for exercise in homework.exercises]
    for kind, folder in [("visible", homework.tests), ("hidden", homework.hidden)]:
        seen = set()
        for path in sorted(folder.glob("test_*.py")):
            name = shown(path, homework)
            for line, test, marks in marks_of_tests(path, name):
                seen.update(marks)
                if len(marks) != 1:
                    yield f'{name}:{line}: {test} has {len(marks)} exercise marks; give it one @exercise("…")'
                for id in marks:
                    if id not in known:
                        yield f"{name}:{line}: {test} marks {id}, no exercise of homework.toml; correct it"
        for id in known:
            if id not in seen:
                yield f'{shown(folder, homework)}: no {kind} test of {id}; add one marked @exercise("{id}")'


def _ids(homework: Homework) -> list[str]:
    return [entry.id for entry in homework.exercises + homework.written]
