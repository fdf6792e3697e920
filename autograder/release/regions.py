"""Solution text to skeleton text: pure functions from string to string.

    # BEGIN SOLUTION 2.1: prompt           # TODO 2.1: prompt
    ...                            ->      raise NotImplementedError("2.1")
    # END SOLUTION

A marker that is misspelt would publish a solution, so whatever looks like a marker and is none is refused,
and so is a skeleton that does not parse or that lost one of its raises (a region inside a string, say).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

from autograder.errors import UserError

BEGIN = re.compile(r"( *)# BEGIN SOLUTION (\d+\.\d+): +(\S.*)")
END = re.compile(r"( *)# END SOLUTION")
FENCE = re.compile(r"(```|~~~)")
MOST_LINES = 12  # a longer region is more than one step for a student: split the function


class Region(NamedTuple):
    """One marked solution: its exercise and prompt, its marks' line numbers, the text between them."""

    id: str
    prompt: str
    indent: str
    first: int
    last: int
    lines: tuple[str, ...]


def find_regions(text: str, name: str) -> list[Region]:
    """Return the solution regions of a module, or of a notebook's markdown source (`name` ends in .md).

    name: how messages call the file. Raises UserError with file, line and repair for every faulty mark.
    """
    regions, opened, lines = [], None, text.splitlines()
    in_code = is_module = not name.endswith(".md")
    for number, line in enumerate(lines, start=1):
        if not is_module and FENCE.match(line):
            in_code = not in_code
        begin, end = (BEGIN.fullmatch(line), END.fullmatch(line)) if in_code else (None, None)
        if begin and opened:
            _refuse(
                name,
                number,
                f"a region begins inside the one of line {opened[0]}; write # END SOLUTION first",
            )
        if end and not opened:
            _refuse(
                name,
                number,
                "# END SOLUTION without a beginning; write # BEGIN SOLUTION <id>: <prompt> above",
            )
        if begin:
            opened = number, begin
        elif end:
            regions.append(_region(name, opened, number, end[1], lines))
            opened = None
        elif _resembles_a_marker(line, in_code):
            form = "`# BEGIN SOLUTION 2.1: prompt` or `# END SOLUTION`, the prompt not empty"
            _refuse(name, number, f"got {line.strip()!r}, expected {form}; mend the mark, or reword the line")
    if opened:
        _refuse(name, opened[0], "this region is never closed; write # END SOLUTION below its last line")
    return regions


def to_skeleton(text: str, name: str, ids: Iterable[str]) -> str:
    """Replace every solution region by its prompt and a raise.

    ids: the exercises that may stand in this file. Raises UserError, see `find_regions`.
    """
    regions, ids = find_regions(text, name), set(ids)
    for region in regions:
        if region.id not in ids:
            known = ", ".join(sorted(ids)) or "none"
            _refuse(
                name,
                region.first,
                f"{region.id} is no exercise of this file in homework.toml (it has: {known})",
            )
    lines = text.splitlines()
    for region in reversed(regions):
        todo = [f"{region.indent}# TODO {region.id}: {region.prompt}"]
        todo += [f'{region.indent}raise NotImplementedError("{region.id}")']
        lines[region.first - 1 : region.last] = todo
    return _joined(lines)


def module_skeleton(text: str, name: str, ids: Iterable[str]) -> str:
    """Turn a solution module into its skeleton, with every id used and the result proven to parse."""
    ids = list(ids)
    _parse(text, name, "the solution does not compile")
    skeleton = to_skeleton(text, name, ids)
    regions = find_regions(text, name)
    if missing := [id for id in ids if id not in {region.id for region in regions}]:
        _refuse(name, 1, f"exercise {missing[0]} has no region; write # BEGIN SOLUTION {missing[0]}: <prompt>")
    repair = "a statement must not go on past its region: let every region hold whole statements"
    if len(todo_ids(_parse(skeleton, name, f"its skeleton does not compile: {repair}"))) != len(regions):
        _refuse(name, regions[0].first, "a region lies inside a string; move its marks into the code")
    return skeleton


def strip_markers(text: str, name: str) -> str:
    """Drop the marks and keep the solutions: how a later homework is given this module."""
    marks = {number for region in find_regions(text, name) for number in (region.first, region.last)}
    return _joined(line for number, line in enumerate(text.splitlines(), start=1) if number not in marks)


def todo_ids(tree: ast.AST) -> list[str]:
    """Return the ids of every `raise NotImplementedError("2.1")` in a parsed module."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(id))])):
                found.append(id)
    return found


def _region(name: str, opened: tuple[int, re.Match], last: int, end_indent: str, lines: list[str]) -> Region:
    first, (indent, id, prompt) = opened[0], opened[1].groups()
    inside = tuple(lines[first : last - 1])
    if end_indent != indent:
        _refuse(name, last, f"# END SOLUTION is not indented like its beginning in line {first}; align the two")
    for number, line in enumerate(inside, start=first + 1):
        if line.strip() and not line.startswith(indent):
            _refuse(
                name,
                number,
                f"this line leaves the block that its region began in (line {first}); move a mark",
            )
    count = sum(bool(line.strip()) and not line.strip().startswith("#") for line in inside)
    if not 1 <= count <= MOST_LINES:
        repair = "split the function" if count else "put the solution between the marks"
        _refuse(name, first, f"region {id} has {count} lines of code, expected 1 to {MOST_LINES}; {repair}")
    return Region(id, prompt.rstrip(), indent, first, last, inside)


def _resembles_a_marker(line: str, in_code: bool) -> bool:
    """Say whether a line that is no mark may have been meant as one.

    SOLUTION in capitals anywhere; the word in any case in a comment; or a comment that begins with two words
    like BEGIN or END and SOLUTION, misspelt. Prose and docstrings may speak of "the solution".
    """
    if re.search(r"SOLUTION", line):
        return True
    comment = line.partition("#")[2].lstrip("#! ") if in_code else line.lstrip("#!<>- ")
    if in_code and re.search(r"\bsolutions?\b", comment, re.IGNORECASE):
        return True
    first, second, *_ = (re.findall(r"\w+", comment) + ["", ""])[:2]
    return max(_likeness(first, "BEGIN"), _likeness(first, "END")) >= 0.6 and _likeness(second, "SOLUTION") >= 0.7


def _likeness(word: str, mark: str) -> float:
    return SequenceMatcher(None, word.upper(), mark).ratio()


def _parse(text: str, name: str, fault: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        _refuse(name, error.lineno or 1, f"{fault} ({error.msg})")


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _refuse(name: str, number: int, what: str):
    raise UserError(f"{name}:{number}: {what}")
