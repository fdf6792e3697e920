"""Gradescope's export: a folder `submission_<number>` each, and `submission_metadata.yml` that says whose
they are.

    submission_1001:
      :submitters:
      - :name: ...
        :sid: '...'
        :email: ...
      :created_at: 2026-10-02 11:30:00 -07:00
      :results: ...             # the output of every earlier run: what students printed, megabytes of it

The file is read as a stream of YAML events: nothing is built from the parts that are not needed, and no tag
or alias has a meaning.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import yaml

from autograder.errors import UserError

METADATA = "submission_metadata.yml"
MOST = 256 << 20
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:Z|UTC|([+-])(\d\d):?(\d\d))?")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the parser in C is ten times faster


class Entry(NamedTuple):
    """One submission: its folder, when it came, and the ids of the group that handed it in."""

    folder: str
    created: float
    submitters: tuple[str, ...]


def entries(text: bytes) -> list[Entry]:
    """Read `submission_metadata.yml`; raise UserError if it is not YAML."""
    created: dict[str, float] = {}
    people: dict[str, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    try:
        for path, value in scalars(text):
            match path:
                case (str(folder), ":created_at"):
                    created[folder] = _seconds(value)
                case (str(folder), ":submitters", int(number), str(field)):
                    people[folder][number][field] = value
                case (str(folder), *_):
                    people[folder]  # named, even if nobody is named for it
    except (yaml.YAMLError, UnicodeError) as error:
        line = " ".join(str(error).split())[:120]
        raise UserError(f"{METADATA}: not readable as YAML ({line}); download the export again") from None
    return [
        Entry(folder, created.get(folder, 0.0), _ids(folder, list(group.values()))) for folder, group in people.items()
    ]


def _ids(folder: str, group: list[dict[str, str]]) -> tuple[str, ...]:
    """Return an id for each submitter: the university's, else the address.

    A bare name is not unique; the folder makes it so.
    """
    ids = []
    for person in group:
        name = person.get(":name", "")
        ids.append(person.get(":sid") or person.get(":email") or (f"{name} ({folder})" if name else folder))
    return tuple(dict.fromkeys(ids)) or (folder,)


def _seconds(text: str) -> float:
    """Return the time that `text` says, in seconds since 1970, whatever its offset; 0 if it says none."""
    match = TIME.match(text)
    if not match:
        return 0.0
    sign, hours, minutes = match[3] or "+", int(match[4] or 0), int(match[5] or 0)
    offset = (3600 * hours + 60 * minutes) * (-1 if sign == "-" else 1)
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00").timestamp() - offset
    except ValueError:
        return 0.0


def scalars(text: bytes) -> Iterator[tuple[tuple, str]]:
    """Yield every scalar at most four collections deep, with the keys and indices that lead to it."""
    # for each open collection its key or index; None where a key comes next, ... while a key is itself a
    # collection
    path: list = []
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            path.pop()
            _finish(path)
        elif isinstance(event, yaml.CollectionStartEvent):
            _start(path)
            path.append(None if isinstance(event, yaml.MappingStartEvent) else -1)
        elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if path and path[-1] is None:
                path[-1] = value
                continue
            _start(path)
            if 0 < len(path) <= 4:
                yield tuple(path), "" if value in ("null", "~") else value
            _finish(path)


def _start(path: list) -> None:
    """Enter a value, or a collection that is a mapping's key."""
    if path and isinstance(path[-1], int):
        path[-1] += 1
    elif path and path[-1] is None:
        path[-1] = ...


def _finish(path: list) -> None:
    """Leave a value, after which a mapping expects a key, or a key, after which it expects a value."""
    if path and not isinstance(path[-1], int):
        path[-1] = "" if path[-1] is ... else None
