"""What a test can see of a change: only what runs in it.

A test that never enters a changed function runs as it does on the reference, whatever the change is. So a variant
need not be run on it, neither to prove that it loses nothing there nor to explain a failure by it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

Place = tuple[str, str]  # module, and function, method (`MPC.act`), or "" for what is neither


def changes(files: Mapping[str, str], reference: Mapping[str, str]) -> frozenset[Place]:
    """Return where modules differ from the reference's: as code, whatever their comments and layout."""
    found = set()
    for name, text in reference.items():
        if files.get(name) != text:
            module, mine, theirs = Path(name).stem, _parts(files.get(name, "")), _parts(text)
            found |= {(module, part) for part in mine.keys() & theirs if mine[part] != theirs[part]}
            if mine.keys() != theirs.keys():
                found.add((module, ""))  # a new method may be called by the name of an old one
    return frozenset(found)


@contextmanager
def watched(modules: Mapping[str, str]) -> Iterator[set[Place]]:
    """Collect what is entered of some modules, given by the file names that their code carries: {file name: module}.

    A module that is imported is entered as (module, "").
    """
    entered: set[Place] = set()

    def look(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename in modules:
            part = code.co_qualname.split(".<locals>")[0]
            entered.add((modules[code.co_filename], "" if part == "<module>" else part))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield entered
    finally:
        sys.setprofile(before)


@cache
def _parts(text: str) -> dict[str, str]:
    """Return a module's code by function and method; under "" what is neither, or all of it where it cannot be read."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"": text}
    parts: dict[str, str] = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found = [(f"{node.name}.{each.name}", each) for each in methods]
            node.body = [each for each in node.body if each not in methods]
            found.append(("", node))
        else:
            found = [(node.name if isinstance(node, ast.FunctionDef) else "", node)]
        for name, part in found:
            parts[name] = parts.get(name, "") + ast.dump(part)
    return parts
