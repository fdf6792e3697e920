"""The requirements file of a release: what a student needs, in the versions that grading uses."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable

from autograder.errors import UserError

ALWAYS = ("numpy", "matplotlib", "pytest", "notebook", "ipykernel")
WITH = {"mujoco": {"imageio"}}  # gymnasium imports it together with its MuJoCo environments
HEADER = "# pip install -r requirements.txt\n"


def student_requirements(files: dict[str, bytes], preload: Iterable[str], pins: str) -> str:
    """Return the text of requirements.txt.

    files: the release's files; a package is needed if a module imports it at its top or a notebook anywhere, where
    modules of `course` count only when something outside `course` reaches them. preload: what the homework loads
    before the submission.
    pins: lines `name==version` of the repository.
    """
    versions = dict(re.findall(r"^([\w.-]+)(==\S+)", pins, re.MULTILINE))
    needed = set(ALWAYS) | {name.partition(".")[0] for name in preload}
    if unknown := sorted(needed - versions.keys()):
        raise UserError(f"requirements.txt: no line for {unknown[0]}, which releases need; add one with its version")
    needed |= {name.partition(".")[0] for name in _reached(files)} & versions.keys()
    needed |= {other for name in needed for other in WITH.get(name, ())}
    return HEADER + "".join(f"{name}{versions[name]}\n" for name in sorted(needed))


def _reached(files: dict[str, bytes]) -> set[str]:
    """Return the names of all modules that the homework's own modules import, through `course` and beyond."""
    seen: set[str] = set()
    files = files | {name: _code(content) for name, content in files.items() if name.endswith(".ipynb")}
    waiting = [name for name in files if name.endswith((".py", ".ipynb")) and not name.startswith("course/")]
    while waiting:
        name = waiting.pop()
        for module in _imports(files[name], name.split("/")[:-1]) - seen:
            seen.add(module)
            path = module.replace(".", "/")
            parents = [path.rsplit("/", up)[0] + "/__init__.py" for up in range(path.count("/") + 1)]
            waiting += [name for name in (f"{path}.py", *parents) if name in files]
    return seen


def _code(notebook: bytes) -> bytes:
    """Return the code of a notebook's cells, without the lines that only a notebook understands."""
    cells = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!"))).encode()


def _imports(content: bytes, package: list[str]) -> set[str]:
    """Return the modules that a module imports at its top; what functions import is optional.

    package: the names of the folders that the module lies in, for relative imports.
    """
    names: set[str] = set()
    for node in ast.parse(content).body:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names
