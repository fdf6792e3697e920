"""Hostile submissions, each a small file with its story in the first line; they are run against every sandbox tier.

`attacks/*.py` are complete `lqr.py` submissions: a wrong answer to every question, and an attack. None may earn a
point, reach anything outside the sandbox, or disturb another submission. Convention: an attack that succeeds says
"ESCAPED" in an exception, a file or a message; `/class` in its text stands for the folder of the class, which
whoever runs it replaces by a real one. Never run them on the tier `none`: they mean it. `archives.py` holds what is
hostile before any of it runs.
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


STOPPED = Expect(cause="took too long")
LEFT = Expect(cause="ended in the middle of a call")
UNREADABLE = Expect(cause="not a value that can be read|in one call")
BROKE_IMPORT = Expect(statuses=frozenset(["error"]), cause="importing it ended the process")
LATE_IMPORT = Expect(statuses=frozenset(["timeout"]), cause="importing it took too long")
TOO_MUCH = Expect(cause="MB of memory|MemoryError|Unable to allocate|too long")
MAY_BE_TODO = Expect(statuses=LOST | {"todo"})

EXPECT = {
    "answer_in_drops": STOPPED,
    "answers_of_200_mb": Expect(cause="more than 64 MB in one call"),
    "callbacks_without_end": STOPPED,
    "closes_every_descriptor": LEFT,
    "colliding_keys": UNREADABLE,
    "deep_nesting": UNREADABLE,
    "endless_shapes": TOO_MUCH,
    "endless_texts": TOO_MUCH,
    "exception_that_loops": STOPPED,
    "exception_without_a_name": LEFT,
    "exit_at_import": BROKE_IMPORT,
    "exit_in_a_function": LEFT,
    "flood_of_output": Expect(cause="MB of output"),
    "flood_of_output_unheeded": Expect(cause="MB of output"),
    "flood_of_requests": STOPPED,
    "fork_bomb": STOPPED,
    "huge_lengths": UNREADABLE,
    "kills_everybody": LEFT,
    "loop_at_import": LATE_IMPORT,
    "loop_deaf_to_signals": STOPPED,
    "malformed_values": UNREADABLE,
    "memory": TOO_MUCH,
    "memory_in_a_daemon": TOO_MUCH,
    "overlapping_references": UNREADABLE,
    "pretends_to_be_untouched": MAY_BE_TODO,
    "pytest_outcomes": Expect(statuses=frozenset(["error"]), cause="raised (Exit|Skipped|XFailed|RuntimeError)"),
    "refuses_to_be_forked": LEFT,
    "report_injection": MAY_BE_TODO,
    "segfault": LEFT,
    "messages_that_are_none": UNREADABLE,
    "memory_of_the_undead": TOO_MUCH,
    "no_message_while_importing": Expect(cause="broke the protocol"),
    "requests_that_cost": STOPPED,
    "shared_memory": Expect(cause="Operation not permitted"),
    "sleeps": STOPPED,
    "stack_overflow": LEFT,
    "sys_exit": Expect(statuses=frozenset(["error"]), cause="raised (SystemExit|KeyboardInterrupt|GeneratorExit)"),
    "truncated_frame": STOPPED,
}


def attacks() -> list[Attack]:
    """Return every attack, in order of its name."""
    return [_attack(path) for path in sorted(FOLDER.glob("*.py"))]


def _attack(path: Path) -> Attack:
    source = path.read_bytes()
    story = ast.get_docstring(ast.parse(source)) or ""
    return Attack(path.stem, story.splitlines()[0], {"lqr.py": source}, EXPECT.get(path.stem, Expect()))
