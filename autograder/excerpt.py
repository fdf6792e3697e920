"""Some exercises of a homework as a small homework of their own: for the demonstration class and for tests of the tool.

What an excerpt grades is the real thing, hidden tests, known mistakes and alternatives included; it only holds less.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

from autograder.files import write_whole
from autograder.homework import Homework, load

EXERCISE = re.compile(r'@exercise\("([^"]+)"')


def excerpt(
    homework: Homework, exercises: Sequence[str], folder: Path, preload: Sequence[str] = ("numpy",)
) -> Homework:
    """Write the exercises called `exercises`, and what grading them needs, as `folder`/hwN_topic, and load that.

    preload: what its workers import beforehand. A test module is taken whole or not at all: one that also tests
    other exercises stays behind; modules without tests come along, whoever they help. An older excerpt in the same
    place is replaced.
    """
    files = list(dict.fromkeys(homework.exercise(id).file for id in exercises))
    root, solutions = folder / homework.name, folder / "solutions" / homework.name
    for old in (root, solutions):
        shutil.rmtree(old, ignore_errors=True)
    _write(root / "homework.toml", _configuration(homework, exercises, files, preload))
    for path in sorted(homework.hidden.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if set(EXERCISE.findall(text)) <= set(exercises):
            _write(root / "hidden" / path.name, text)
    for file in files:
        _write(solutions / file, (homework.solutions / file).read_text(encoding="utf-8"))
    for path in sorted((homework.solutions / "alternatives").glob("*/")):
        if {file.name for file in path.glob("*.py")} <= set(files):
            shutil.copytree(path, solutions / "alternatives" / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    table = tomllib.loads((homework.solutions / "misconceptions.toml").read_text(encoding="utf-8"))
    _write(solutions / "misconceptions.toml", _toml(_variants(table, exercises, files)))
    return load(root)


def _configuration(homework: Homework, exercises: Sequence[str], files: list[str], preload: Sequence[str]) -> str:
    table = tomllib.loads((homework.root / "homework.toml").read_text(encoding="utf-8"))
    table |= {"files": files, "given": [], "preload": list(preload)}
    table["exercise"] = [entry for entry in table["exercise"] if entry["id"] in exercises]
    table["written"] = [entry for entry in table.get("written", []) if entry["id"].rstrip("w") in exercises]
    return _toml(table)


def _variants(table: dict, exercises: Sequence[str], files: list[str]) -> dict:
    """Keep the misconceptions of these exercises alone, and the alternatives and survivors of these files."""
    return {
        "misconception": [e for e in table.get("misconception", []) if set(e["exercises"]) <= set(exercises)],
        "alternative": [e for e in table.get("alternative", []) if e["file"] in files],
        "survivor": [e for e in table.get("survivor", []) if e["mutant"].split()[0] in files],
    }


def _toml(table: dict) -> str:
    """Return a table of values, tables of values and lists of tables as TOML: its strings and lists are JSON's."""
    values, tables = [], []
    for key, value in table.items():
        entries = value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]
        if isinstance(entries[0], dict):
            head = f"[{key}]" if isinstance(value, dict) else f"[[{key}]]"
            tables += ["\n".join([head, *map(_line, entry.items())]) for entry in entries]
        else:
            values.append(_line((key, value)))
    return "\n\n".join(["\n".join(values), *tables]).strip() + "\n"


def _line(item: tuple) -> str:
    return f"{item[0]} = {json.dumps(item[1], ensure_ascii=False)}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
