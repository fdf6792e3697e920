"""Hostile submissions, each a small file with its story in the first line; they are run against every sandbox tier.

`attacks/*.py` are complete `lqr.py` submissions: a wrong answer to every question, and an attack. None may earn a
point, reach anything outside the sandbox, or disturb another submission. Convention: an attack that succeeds says
"ESCAPED" in an exception, a file or a message; `/class` in its text stands for the folder of the class, which
whoever runs it replaces by a real one. `archives.py` holds what is hostile before any of it runs.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "attacks"
LOST = frozenset(["failed", "error", "timeout", "memory"])


@dataclass(frozen=True)
class Expect:
    """What grading must say of an attack.

    points: the most it may score.  statuses: those its tests may end with; `internal` is never among them, for
    nobody may make grading fail at will.  cause: a pattern that the verdict's cause or a message must match.
    tiers_that_cannot_stop: where it may succeed.
    """

    points: float = 0.0
    statuses: frozenset[str] = LOST
    cause: str = ""
    tiers_that_cannot_stop: tuple[str, ...] = ("none",)


@dataclass(frozen=True)
class Attack:
    """One hostile submission. `expect` is for grading; `story` says in one line what it tries."""

    name: str
    story: str
    files: dict[str, bytes]
    expect: Expect


TOO_LONG = Expect(statuses=frozenset(["timeout", "failed", "error"]), cause="took too long|used up its")
LEFT = Expect(statuses=frozenset(["error", "failed"]), cause="ended in the middle of a call")
TOO_MUCH = Expect(statuses=frozenset(["memory", "error", "failed"]), cause="MB of memory|MemoryError")
UNREADABLE = Expect(cause="not a value that can be read")

EXPECT = {
    "answer_in_drops": TOO_LONG,
}


def attacks() -> list[Attack]:
    """Return every attack, in order of its name."""
    return [_attack(path) for path in sorted(FOLDER.glob("*.py"))]


def _attack(path: Path) -> Attack:
    source = path.read_bytes()
    story = ast.get_docstring(ast.parse(source)) or ""
    return Attack(path.stem, story.splitlines()[0], {"lqr.py": source}, EXPECT.get(path.stem, Expect()))
