"""What a release holds: a list of what is allowed, never a list of what is not.

    README.md  homework.toml  conftest.py             copied
    *.py                                              skeletons of what is handed in and solutions of what is
                                                      given, both generated; the homework's provided modules
    hwN_topic.ipynb                                   generated
    tests/*.py                                        the visible tests
    course/**                                         modules and listed kinds of data, without course/tests
    pytest.ini  requirements.txt                      generated: what it takes to run `pytest` in the folder

`planned` says it as one dictionary; `skeletons` writes the generated part of it into the repository.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from autograder.errors import UserError
from autograder.files import write_whole
from autograder.homework import Homework
from autograder.release.notebook import starter
from autograder.release.regions import module_skeleton, strip_markers
from autograder.release.requirements import student_requirements

COURSE_DATA = (".npz", ".npy", ".csv", ".json", ".mplstyle")
PYTEST_INI = """\
[pytest]
testpaths = tests
pythonpath = .
"""


def shown(path: Path, homework: Homework) -> str:
    """Return a path as messages name it: from the repository's root."""
    return path.relative_to(homework.project).as_posix()


def read(path: Path, homework: Homework) -> str:
    """Return the text of a file; raise UserError if it is missing or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{shown(path, homework)}: missing; homework {homework.name} needs it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path, homework)}: cannot be read as text ({error})") from None


def notebook_source(homework: Homework) -> Path:
    """Return the path of the notebook's source, solutions/hwN_topic/hwN_topic.md."""
    return homework.solutions / f"{homework.name}.md"


def skeleton_text(homework: Homework, file: str) -> str:
    """Return the skeleton of one handed-in module."""
    path = homework.solutions / file
    ids = [exercise.id for exercise in homework.exercises if exercise.file == file]
    return module_skeleton(read(path, homework), shown(path, homework), ids)


def notebook_text(homework: Homework) -> str:
    """Return the starter notebook as JSON text."""
    path = notebook_source(homework)
    return starter(read(path, homework), shown(path, homework), homework)


def solved_text(homework: Homework, name: str) -> str:
    """Return a module of this or an earlier homework, solutions in, marks out; name: "hw1_planning/cem.py"."""
    path = homework.project / "solutions" / name
    return strip_markers(read(path, homework), shown(path, homework))


def generated(homework: Homework) -> dict[str, str]:
    """Return every generated file of the homework's folder: name to text.

    A homework whose notebook is not written yet has none; `ids.gaps` reports that.
    """
    texts = {file: skeleton_text(homework, file) for file in homework.files}
    for given in homework.given:
        name = PurePosixPath(given).name
        if name in texts:
            raise UserError(f"{homework.name}/homework.toml: {name} is both given and handed in; rename one of them")
        texts[name] = solved_text(homework, given)
    if notebook_source(homework).is_file():
        texts[homework.notebook] = notebook_text(homework)
    return texts


def stale(homework: Homework) -> list[str]:
    """Return one line for every generated file that is not what the solutions give."""
    lines = []
    for name, text in generated(homework).items():
        path = homework.root / name
        if not path.is_file():
            lines.append(f"{shown(path, homework)}: missing; run `make skeletons`")
        elif path.read_bytes() != text.encode():
            where = f"solutions/{homework.name}/"
            lines.append(f"{shown(path, homework)}: stale, or edited by hand; edit {where}, then run `make skeletons`")
    return lines


def skeletons(homework: Homework) -> list[Path]:
    """Write the generated files into the homework's folder; return those that changed."""
    changed = []
    for name, text in generated(homework).items():
        path = homework.root / name
        if not path.is_file() or path.read_bytes() != text.encode():
            write_whole(path, text.encode())
            changed.append(path)
    return changed


def planned(homework: Homework) -> dict[str, bytes]:
    """Return the release's files, in order of their names: path in the folder to content."""
    root, course = homework.root, homework.project / "course"
    files = {name: text.encode() for name, text in generated(homework).items()}
    copied = [(root / "README.md", root), (root / "homework.toml", root)]
    copied += [(homework.project / "conftest.py", homework.project)]
    copied += [(path, root) for path in [*root.glob("*.py"), *homework.tests.glob("*.py")]]
    copied += [(path, homework.project) for path in course.rglob("*") if _is_released(path.relative_to(course))]
    for path, start in copied:
        name = path.relative_to(start).as_posix()
        if path.is_symlink():
            raise UserError(f"{shown(path, homework)}: a symbolic link; releases hold plain files, so copy its target")
        if name not in files:
            files[name] = path.read_bytes() if path.suffix in COURSE_DATA else read(path, homework).encode()
    files["pytest.ini"] = PYTEST_INI.encode()
    pins = "".join(read(homework.project / name, homework) for name in ("requirements.txt", "constraints.txt"))
    files["requirements.txt"] = student_requirements(files, homework.preload, pins).encode()
    return dict(sorted(files.items()))


def _is_released(path: Path) -> bool:
    hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
    return not hidden and path.parts[0] != "tests" and path.suffix in (".py", *COURSE_DATA)
