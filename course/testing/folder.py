"""The homework that a test belongs to: the folder with `homework.toml`, found upward from the test's file.

Only what a test run needs is read, and leniently; the instructor's tool checks the file in full.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

CONFIG = "homework.toml"
TEST_FOLDERS = ("tests", "hidden")


class Exercise(NamedTuple):
    """One line of the table of exercises."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class HomeworkFolder:
    """files: what is handed in.  given: solutions of earlier homeworks, by path in the course."""

    root: Path
    title: str
    files: tuple[str, ...]
    given: tuple[str, ...]
    exercises: dict[str, Exercise]

    def modules(self, student: Path) -> tuple[str, ...]:
        """Return the files that make a student of the folder `student`, the given ones included."""
        return (*self.files, *(str(self._given(path, student)) for path in self.given))

    def _given(self, path: str, student: Path) -> Path:
        name = Path(path).name
        places = (student / name, self.root / name, self.root / path, self.root.parent / "solutions" / path)
        return next((place for place in places if place.is_file()), places[0]).resolve()


def homework_above(folder: Path) -> HomeworkFolder | None:
    """Return the homework that `folder` is or lies in, or None."""
    for place in (folder, *folder.parents):
        if (place / CONFIG).is_file():
            return _read(place, (place / CONFIG).stat().st_mtime_ns)
    return None


def homework_of_test(file: Path) -> HomeworkFolder | None:
    """Return the homework whose test `file` is: one that lies in its `tests` or `hidden`; else None."""
    homework = homework_above(file.parent)
    if homework is None or file.relative_to(homework.root).parts[0] not in TEST_FOLDERS:
        return None
    return homework


@lru_cache(maxsize=32)
def _read(root: Path, changed: int) -> HomeworkFolder:
    table = tomllib.loads((root / CONFIG).read_text(encoding="utf-8"))
    exercises = [Exercise(str(e["id"]), str(e["title"]), float(e["points"])) for e in table.get("exercise", [])]
    return HomeworkFolder(
        root=root,
        title=str(table.get("title", root.name)),
        files=tuple(table.get("files", [])),
        given=tuple(table.get("given", [])),
        exercises={exercise.id: exercise for exercise in exercises},
    )
