"""A homework's notebook source (jupytext markdown) to the starter notebook that students open.

Three things in the source are more than prose and code. All are checked on the text, so that
messages have lines:

    ```python exercise="2.1"                     an exercise's self-check: locked, carries its points
    # BEGIN SOLUTION 2.1: prompt                 a solution inside a code cell, as in a module
    <!-- BEGIN WRITTEN 2.1w: question -->        a question graded by hand; the model answer down to
    <!-- END WRITTEN -->                         the closing mark is private

The result depends on the source and on homework.toml alone: no outputs, no times, no versions, and cell ids
that follow from the content, so that the same source gives the same bytes everywhere.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from typing import NamedTuple

from autograder.errors import UserError
from autograder.homework import Homework, grade_id
from autograder.release.regions import to_skeleton

CHECK = re.compile(r"```python\b.*\bexercise=(\S*)")
BEGIN = re.compile(r"<!-- BEGIN WRITTEN (\S+): +(\S.*?) *-->")
END = re.compile(r"<!-- END WRITTEN -->")
ANSWER = "*Write your answer here.*"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Written(NamedTuple):
    """One written question: its id and text, its marks' line numbers, the model answer between them."""

    id: str
    question: str
    first: int
    last: int
    lines: tuple[str, ...]


def starter(text: str, name: str, homework: Homework) -> str:
    """Return the starter notebook as JSON text.

    text: the source; name: how messages call it. Raises UserError with file, line and repair for faulty
    marks, and for ids that are missing, repeated or not in homework.toml.
    """
    import jupytext  # slow to import, and only releases need it

    _check_ids(text, name, homework)
    skeleton = to_skeleton(text, name, [exercise.id for exercise in homework.exercises])
    try:
        parsed = jupytext.reads(_ask(skeleton, name, homework), fmt="md")
    except Exception as error:  # whatever the parser of a foreign format raises
        raise UserError(f"{name}:1: not jupytext markdown ({error})") from None
    seen: dict[str, int] = {}
    cells = [_cell(cell, name, homework, seen) for cell in parsed.cells]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def find_written(text: str, name: str) -> list[Written]:
    """Return the written questions of a notebook source; raise UserError for unpaired or malformed marks."""
    found, opened, lines = [], None, text.splitlines()
    for number, line in enumerate(lines, start=1):
        begin, end = BEGIN.fullmatch(line), END.fullmatch(line)
        if (begin and opened) or (end and not opened):
            raise UserError(f"{name}:{number}: unpaired mark {line!r}; each BEGIN WRITTEN needs one END WRITTEN")
        if begin:
            opened = number, begin
        elif end:
            first, mark = opened
            found.append(Written(mark[1], mark[2], first, number, tuple(lines[first : number - 1])))
            opened = None
        elif "WRITTEN" in line or re.search(r"<!--\s*(begin|end)\b", line, re.IGNORECASE):
            form = "`<!-- BEGIN WRITTEN 2.1w: question -->` or `<!-- END WRITTEN -->` on a line of its own"
            raise UserError(f"{name}:{number}: got {line.strip()!r}, expected {form}")
    if opened:
        raise UserError(f"{name}:{opened[0]}: this question is never closed; write <!-- END WRITTEN --> below it")
    return found


def check_lines(text: str) -> list[tuple[int, str]]:
    """Return (line number, exercise id) of every self-check cell."""
    found = ((number, CHECK.match(line)) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, match[1].strip("\"'")) for number, match in found if match]


def checksum(source: str, cell_type: str, meta: dict) -> str:
    """Return nbgrader's checksum of a cell, by which it notices edits to what students should leave alone."""
    is_locked = not meta["solution"] and (meta["grade"] or meta["locked"])
    parts = [source, cell_type, str(meta["grade"]), str(meta["solution"]), str(is_locked), meta["grade_id"]]
    parts += [str(float(meta["points"]))] if meta["grade"] else []
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def _check_ids(text: str, name: str, homework: Homework) -> None:
    checks = check_lines(text)
    written = [(question.first, question.id) for question in find_written(text, name)]
    fence = 'a cell ```python exercise="{}"'
    for found, asked, form in [
        (checks, homework.exercises, fence),
        (written, homework.written, "<!-- BEGIN WRITTEN {}: question --> … <!-- END WRITTEN -->"),
    ]:
        known = [entry.id for entry in asked]
        for index, (number, id) in enumerate(found):
            if id not in known:
                raise UserError(
                    f"{name}:{number}: {id!r} is not in homework.toml (it has: {', '.join(known) or 'none'})"
                )
            if id in (earlier := [other for _, other in found[:index]]):
                line = found[earlier.index(id)][0]
                raise UserError(f"{name}:{number}: {id} stands in line {line} already; keep one of the two")
        for id in known:
            if id not in [other for _, other in found]:
                raise UserError(f"{name}:1: {id} is missing; add {form.format(id)}")


def _ask(text: str, name: str, homework: Homework) -> str:
    """Put a cell with the question and a place for the answer where the source has its model answer."""
    lines = text.splitlines()
    for question in reversed(find_written(text, name)):
        entry = next(entry for entry in homework.written if entry.id == question.id)
        title = f"**{entry.id}, {entry.title}** ({entry.points:g} points)"
        cell = [
            f'<!-- #region written="{entry.id}" -->',
            title,
            "",
            question.question,
            "",
            ANSWER,
            "<!-- #endregion -->",
        ]
        lines[question.first - 1 : question.last] = cell
    return "\n".join(lines) + "\n"


def _cell(cell, name: str, homework: Homework, seen: dict[str, int]) -> dict:
    source, kind = cell.source, cell.cell_type
    key = f"{kind}\0{source}"
    seen[key] = seen.get(key, 0) + 1
    made = {
        "cell_type": kind,
        "id": hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:12],
        "metadata": _metadata(cell, homework),
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
        _compiles(source, name)
    return made


def _metadata(cell, homework: Homework) -> dict:
    tags = {"tags": list(cell.metadata["tags"])} if cell.metadata.get("tags") else {}
    if id := cell.metadata.get("exercise"):
        points, is_answer = homework.exercise(id).points, False
    elif id := cell.metadata.get("written"):
        points, is_answer = next(entry.points for entry in homework.written if entry.id == id), True
    else:
        return tags
    meta = {"cell_type": cell.cell_type, "grade": True, "grade_id": grade_id(id), "locked": not is_answer}
    meta |= {"points": points, "schema_version": 3, "solution": is_answer, "task": False}
    meta["checksum"] = checksum(cell.source, cell.cell_type, meta)
    return tags | {"deletable": False, "nbgrader": meta} | ({} if is_answer else {"editable": False})


def _compiles(source: str, name: str) -> None:
    if source.startswith("%%"):
        return
    plain = re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.MULTILINE)
    try:
        ast.parse(plain)
    except SyntaxError as error:
        raise UserError(
            f"{name}: a code cell of the starter notebook does not compile ({error.msg}): {error.text}"
        ) from None
