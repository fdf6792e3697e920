"""How learning platforms name what they hand over, one name at a time.

    Canvas      lastfirst[_LATE]_<user>_<attachment>_<file>      loose files; "-1" when handed in again
                [LATE_]anon_<code>_<attachment>_<file>           the same, graded blind
    Moodle      Full Name_<participant>_assignsubmission_file_/  a folder; flat: ..._file_<file>
    nbgrader    <student>+<assignment>+<time>[+<random>]         the exchange
                submitted/<student>/<assignment>/                its tree of what was collected
    any         <student>[ <time>]  or  <student>[ <time>].zip   a folder or an archive for each student

A student chooses what stands last, the file's name, and may choose it to look like another student's prefix.
So every pattern takes the first place that fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from autograder.homework import Homework
from autograder.intake.names import archive_stem, uncopied

CANVAS = re.compile(
    r"(?:LATE_)?(?P<anon>anon_[A-Za-z0-9]+)_(?P<attachment>\d{1,19})_(?P<file>.+)"
    r"|(?P<name>\w+?)_(?:LATE_)?(?P<user>\d{1,19})_(?P<attachment2>\d{1,19})_(?P<file2>.+)",
    re.S,
)
MOODLE = re.compile(r"(?P<student>.+?)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?", re.S)
# A date has its dashes or a "T": eight digits in a row may be a student's number.
CLOCK = r"\d\d[-:.]?\d\d(?:[-:.]?\d\d(?:\.\d+)?)?"
TIME = rf"(?P<time>20\d\d-[01]\d-[0-3]\d(?:[ _T-]{CLOCK})?(?: ?(?:UTC|Z))?|20\d{{6}}T\d{{6}}Z?)"
EXCHANGE = re.compile(r"(?P<student>.+)\+(?P<assignment>[^+]+)\+" + TIME + r"(?:\+[^+]+)?", re.S)
DATED = re.compile(r"(?P<student>.+?)[ _.-]+" + TIME, re.S)


class Claim(NamedTuple):
    """What one name says of whose submission lies there.

    Claims of one `key` belong to one student: as parts of one arrival if `part`, else as rivals in `time`.
    """

    key: str
    student: str
    inside: str
    name: str = ""
    time: tuple = ()
    part: bool = False
    source: str = ""
    notes: tuple[str, ...] = ()


def of_platform(name: str, folder: bool, inside: str, homework: Homework) -> Claim | None:
    """Read `name` as one of the platforms writes it; None if none does, or for another assignment."""
    if match := MOODLE.fullmatch(name):
        own = "" if folder else match["file"] or name
        return Claim(f"moodle {match['student']}", match["student"], inside, own, (0,), True, own or name)
    if not folder and (match := CANVAS.fullmatch(name)):
        return _canvas(match, inside, homework)
    if match := EXCHANGE.fullmatch(name if folder else archive_stem(name) or name):
        if not of_homework(match["assignment"], homework):
            return None
        return Claim(
            match["student"],
            match["student"],
            inside,
            "" if folder else name,
            _time(match["time"]),
            source=name,
        )
    return None


def _canvas(match: re.Match, inside: str, homework: Homework) -> Claim:
    user = match["anon"] or match["user"]
    student = match["anon"] or f"{match['name']}_{match['user']}"
    attachment, file = int(match["attachment"] or match["attachment2"]), match["file"] or match["file2"]
    first = uncopied(file)[0]
    plain = first if first in (*homework.files, homework.notebook) or archive_stem(first) else file
    return Claim(f"canvas {user}", student, inside, plain, (attachment,), True, file)


def of_exchange(name: str) -> bool:
    """Tell whether `name` is of nbgrader's exchange, whichever the assignment."""
    return EXCHANGE.fullmatch(archive_stem(name) or name) is not None


def of_anyone(name: str, folder: bool, inside: str) -> Claim | None:
    """Read `name` as a student's own folder or archive; None for what lies about in a class's folder."""
    stem = (
        name if folder else archive_stem(name) or (name.rpartition(".")[0] if name.endswith((".py", ".ipynb")) else "")
    )
    if not stem or name.startswith("."):
        return None
    match = DATED.fullmatch(stem)
    student, time = (match["student"], _time(match["time"])) if match else (stem, _time(""))
    # beside a folder of the same name, the archive is what was handed in, the folder somebody's unpacking
    # of it
    return Claim(
        student,
        student,
        inside,
        "" if folder else name,
        (*time, not folder, bool(archive_stem(name))),
        source=name,
    )


def of_homework(name: str, homework: Homework) -> bool:
    """Tell whether an assignment called `name` is this homework: by its name or the beginning "hw2"."""
    return name in (homework.name, homework.name.split("_")[0])


def latest(claims: Iterable[Claim]) -> tuple[list[Claim], list[str]]:
    """Return the pieces of a student's latest arrival, oldest first, and what to say of the others."""
    ordered = sorted(claims, key=lambda claim: (claim.time, claim.inside))
    parts = [claim for claim in ordered if claim.part]
    if not parts:
        older = [claim.source for claim in ordered[:-1]]
        return ordered[-1:], [_said(ordered[-1].source, older)] if older else []
    newest = {(uncopied(claim.name)[0] if claim.time != (0,) else claim.inside): claim for claim in parts}
    replaced = [claim for claim in parts if claim not in newest.values()]
    kept = [claim for claim in parts if claim in newest.values()]
    return kept, [_said(newest[uncopied(claim.name)[0]].source, [claim.source]) for claim in replaced]


def _said(taken: str, older: list[str]) -> str:
    return f"handed in {len(older) + 1} times: the latest was taken ({taken}), not {', '.join(older[:3])}"


def _time(text: str) -> tuple[str]:
    return (re.sub(r"\D", "", text)[:14].ljust(14, "0") if text else "",)
