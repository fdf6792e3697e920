"""`homework.toml`, read once: the only configuration of a homework.

A homework is a folder `hwN_topic/` and its private mirror `solutions/hwN_topic/`. Everything else in the tool
takes the records defined here and never looks at the file again.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from autograder.errors import UserError

EXERCISE_ID = re.compile(r"[1-9]\d*\.[1-9]\d*")
GRADING = {".py", ".toml", ".npz", ".npy", ".csv", ".json"}  # endings of files that can change a grade
KINDS = {"str": (str, "text in quotes"), "int": (int, "a whole number"), "float": ((int, float), "a number")}
PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Exercise:
    """The unit of points; the same id stands in the handout, the TODO, the tests and the gradebook."""

    id: str
    title: str
    points: float
    file: str


@dataclass(frozen=True)
class Written:
    """A question that is answered in the notebook and graded by hand, on top of the code's points."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are wall-clock; CPU seconds follow from them."""

    test_seconds: float = 10.0
    import_seconds: float = 10.0
    submission_seconds: float = 60.0
    memory_mb: int = 2048
    processes: int = 24
    output_mb: int = 16
    file_mb: int = 64
    archive_mb: int = 20
    archive_files: int = 200


@dataclass(frozen=True)
class Homework:
    """One homework: what is asked, what is handed in, what it may use, and where its parts lie."""

    name: str
    title: str
    root: Path
    files: tuple[str, ...]
    given: tuple[str, ...]
    preload: tuple[str, ...]
    limits: Limits
    exercises: tuple[Exercise, ...]
    written: tuple[Written, ...]

    @property
    def project(self) -> Path:
        return self.root.parent

    @property
    def solutions(self) -> Path:
        return self.project / "solutions" / self.name

    @property
    def tests(self) -> Path:
        return self.root / "tests"

    @property
    def hidden(self) -> Path:
        return self.root / "hidden"

    @property
    def notebook(self) -> str:
        return f"{self.name}.ipynb"

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def modules(self) -> tuple[str, ...]:
        """The names under which tests reach the submitted files: `lqr.py` is `student.lqr`."""
        return tuple(Path(file).stem for file in self.files)

    def exercise(self, id: str) -> Exercise:
        """Return the exercise called `id`; a KeyError names the ones that exist."""
        for exercise in self.exercises:
            if exercise.id == id:
                return exercise
        raise KeyError(f"{self.name} has no exercise {id}; it has {', '.join(e.id for e in self.exercises)}")

    @cached_property
    def version(self) -> str:
        """A digest of everything that can change a grade: configuration, tests, solutions, `course/`, the grader."""
        digest = hashlib.sha256()
        roots = [
            self.root / "homework.toml",
            self.hidden,
            self.solutions,
            PROJECT / "course",
            PROJECT / "autograder",
        ]
        roots += [self.project / "solutions" / given for given in self.given]
        for root in roots:
            files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.suffix in GRADING)
            for file in files:
                if "__pycache__" in file.parts or file.parent.name == "tests":
                    continue
                digest.update(str(file.relative_to(root.parent)).encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()[:16]


def grade_id(id: str) -> str:
    """Return the name of an exercise in nbgrader, whose schema allows no dot: "2.1" becomes "2-1"."""
    return id.replace(".", "-")


def load(folder: Path | str) -> Homework:
    """Read `folder/homework.toml`; raise UserError naming the entry that is missing, unknown or malformed."""
    root = Path(folder).resolve()
    path = root / "homework.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder}: not a homework: it has no homework.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None
    where = f"{root.name}/homework.toml"
    _only(table, {"title", "files", "given", "preload", "limits", "exercise", "written"}, where)
    exercises = tuple(_record(Exercise, entry, f"{where}: exercise") for entry in table.get("exercise", []))
    written = tuple(_record(Written, entry, f"{where}: written") for entry in table.get("written", []))
    homework = Homework(
        name=root.name,
        title=str(table.get("title", root.name)),
        root=root,
        files=tuple(table.get("files", [])),
        given=tuple(table.get("given", [])),
        preload=tuple(table.get("preload", ["numpy"])),
        limits=_record(Limits, table.get("limits", {}), f"{where}: limits"),
        exercises=exercises,
        written=written,
    )
    _check(homework, where)
    return homework


def all_homeworks(project: Path = PROJECT) -> list[Homework]:
    """Load every homework of the project, in order of their names."""
    return [load(path.parent) for path in sorted(project.glob("hw*/homework.toml"))]


def find(name: str, project: Path = PROJECT) -> Homework:
    """Load the homework called `name`: its folder, its full name, or its beginning such as "hw2"."""
    if (Path(name) / "homework.toml").is_file():
        return load(name)
    folders = sorted(path.parent for path in project.glob("hw*/homework.toml"))
    matches = [folder for folder in folders if folder.name == name or folder.name.split("_")[0] == name]
    if len(matches) != 1:
        known = ", ".join(folder.name for folder in folders) or "none"
        raise UserError(f"homework: got {name!r}, expected one of: {known}")
    return load(matches[0])


def _only(entry: dict, allowed: set[str], where: str) -> None:
    if unknown := sorted(set(entry) - allowed):
        raise UserError(f"{where}: got {unknown[0]!r}, expected only: {', '.join(sorted(allowed))}")


def _record(kind, entry: dict, where: str):
    known = {field.name: field for field in fields(kind)}
    _only(entry, set(known), where)
    for name, value in entry.items():
        wanted, said = KINDS[known[name].type]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise UserError(f"{where}: {name}: got {value!r}, expected {said}")
    try:
        return kind(**entry)
    except TypeError as error:
        raise UserError(f"{where}: {str(error).split('__init__() ')[-1]}") from None


def _check(homework: Homework, where: str) -> None:
    if not homework.files or not homework.exercises:
        raise UserError(f"{where}: `files` and at least one [[exercise]] are needed")
    for file in homework.files:
        if not re.fullmatch(r"[a-z_][a-z0-9_]*\.py", file):
            raise UserError(f"{where}: files: got {file!r}, expected a module name such as 'lqr.py'")
    seen = set()
    for entry in homework.exercises + homework.written:
        if entry.id in seen:
            raise UserError(f"{where}: id {entry.id} stands twice; give each its own")
        seen.add(entry.id)
        if not 0 < entry.points < math.inf:
            ungraded = "what earns none belongs into handout and notebook, without an entry here"
            raise UserError(f"{where}: {entry.id} has {entry.points:g} points, expected more than 0; {ungraded}")
    for limit, value in vars(homework.limits).items():
        if not 0 < value < math.inf:
            raise UserError(f"{where}: limits: {limit} is {value:g}, expected more than 0")
    for exercise in homework.exercises:
        if not EXERCISE_ID.fullmatch(exercise.id):
            raise UserError(f"{where}: exercise id {exercise.id!r}, expected the form 2.1")
        if exercise.file not in homework.files:
            raise UserError(f"{where}: exercise {exercise.id} lies in {exercise.file!r}, which is not in `files`")
