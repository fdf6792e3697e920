"""Which tier works here: found by running a worker in it, never by guessing."""

from __future__ import annotations

from autograder.errors import UserError
from autograder.homework import Limits
from autograder.sandbox.box import Sandbox
from autograder.sandbox.faults import Fault, SandboxUnavailable
from autograder.sandbox.template import close_all
from autograder.sandbox.tiers import TIERS, Tier, obstacle
from course.testing import StudentError

AUTOMATIC = tuple(tier for tier in TIERS if tier != "none")


def works(tier: str) -> str:
    """Run a worker on `tier`; return "" if it answers, or the reason why it does not."""
    if reason := obstacle(tier):
        return reason
    limits = Limits(test_seconds=10, import_seconds=10)
    try:
        with Sandbox(tier, limits, {"probe.py": b"def answer():\n    return 42\n"}, ("probe",), preload=()) as box:
            with box.test() as student:
                return "" if student.probe.answer() == 42 else "the worker answers nonsense"
    except (Fault, SandboxUnavailable, StudentError) as error:
        return str(error)
    finally:
        close_all()


def choose(asked: str = "auto") -> Tier:
    """Return the tier to grade on; raise UserError rather than slip to a weaker one than was asked for.

    "auto" takes the strongest that isolates. `none` is only ever used by name.
    """
    if asked != "auto":
        if asked not in TIERS:
            raise UserError(f"--tier: got {asked!r}, expected auto, {', '.join(TIERS)}")
        if reason := works(asked):
            raise UserError(f"--tier {asked}: does not work here: {reason}")
        return Tier(asked)
    reasons: list[str] = []
    for tier in AUTOMATIC:
        reason = works(tier)
        if not reason:
            return Tier(tier, tuple(reasons))
        reasons.append(f"{tier}: {reason}")
    raise UserError(
        f"no sandbox works here ({'; '.join(reasons)}); install bubblewrap, or use --tier none for code that you trust"
    )
