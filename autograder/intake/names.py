"""Names that strangers chose: made safe to compare, to show, and to use as file names of our own.

No name from a submission ever reaches the file system. A member's name is only cut into `parts`, compared
with the names that the homework asks for, and shown in a message.
"""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from collections.abc import Iterable

from autograder.intake.records import Refused

Parts = tuple[str, ...]

JUNK_FOLDERS = frozenset(
    "__MACOSX __pycache__ .ipynb_checkpoints .git .hg .svn .venv venv .idea .vscode .pytest_cache "
    ".mypy_cache .ruff_cache .hypothesis .Trashes .Spotlight-V100 .fseventsd node_modules".split()
)
JUNK_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitattributes", "Icon\r"})
ARCHIVES = tuple(".tar.gz .tar.bz2 .tar.xz .zip .tar .tgz .tbz .tbz2 .txz .gz .bz2 .xz .rar .7z".split())

# What the worker imports besides the standard library, or what would be ours if it were imported.
# A fixed list: what happens to be installed on one machine must not decide who is refused.
USED = frozenset(
    "numpy scipy torch matplotlib mpl_toolkits gymnasium mujoco msgspec tqdm course autograder pytest "
    "_pytest pluggy hypothesis jupytext nbgrader nbformat jinja2 typer rich dask distributed sitecustomize "
    "usercustomize".split()
)
CODE = re.compile(r"\.(py|pyw|pyc|pyd|so)$")
COPY = re.compile(r"(?P<stem>.+?)(?:-(?P<n>\d{1,3})|\s?\((?P<m>\d{1,3})\))(?P<end>(\.[A-Za-z0-9]+){0,2})")
PLAIN = re.compile(r"[a-z0-9_][a-z0-9_-]{0,47}")
HASHED = re.compile(r".*-[0-9a-f]{12}")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


MARKS = re.compile(r"m{16}")


def fold(name: str) -> str:
    """Return the form in which two names are equal if some file system would take one for the other."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shown(name: object, most: int = 60) -> str:
    """Return `name` fit for one line of a message: printable, at most `most` characters."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(name))
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(names: Iterable[str], most: int = 3) -> str:
    """Return the first few names, comma-separated, and dots where there are more."""
    names = list(names)
    return ", ".join(shown(name) for name in names[:most]) + (", ..." if len(names) > most else "")


def split(name: str) -> Parts:
    """Cut a member's name into its parts without judging it; a backslash separates, as on Windows."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def clean(name: str) -> Parts:
    """Cut a member's name into its parts, or raise Refused for a name that no honest program writes."""
    forward = name.replace("\\", "/")
    if "\0" in name:
        raise Refused(f"{shown(name)}: the name holds a NUL character; expected plain file names: zip the files again")
    if forward.startswith("/") or re.match(r"[A-Za-z]:", forward):
        raise Refused(f"{shown(name)}: the name is an absolute path; expected plain file names: zip the files again")
    parts = split(name)
    if ".." in parts:
        raise Refused(f"{shown(name)}: the name leads out of the folder by '..'; expected plain file names: zip again")
    if len(name) > 1024 or len(parts) > 32 or (not name.isascii() and MARKS.search(_marks(name))):
        raise Refused(f"{shown(name)}: the name is too long or too deep; expected the files in one folder")
    return parts


def _marks(name: str) -> str:
    """Return a letter for every character: m for a combining mark, which sorting makes slow in long runs."""
    return "".join("m" if unicodedata.combining(character) else "." for character in name)


def is_junk(parts: Parts) -> bool:
    """Tell whether an operating system or an editor put this there, and not the student."""
    return (
        any(part in JUNK_FOLDERS for part in parts[:-1])
        or parts[-1] in JUNK_FILES | JUNK_FOLDERS
        or parts[-1].startswith("._")
    )


def archive_stem(name: str) -> str:
    """Return `name` without its archive ending, or "" if it does not end like an archive."""
    ending = next((ending for ending in ARCHIVES if name.lower().endswith(ending)), "")
    return name[: -len(ending)] if ending and len(name) > len(ending) else ""


def uncopied(name: str) -> tuple[str, int]:
    """Split off the number of a second copy: "lqr-1.py" and "lqr (1).py" are ("lqr.py", 1)."""
    match = COPY.fullmatch(name)
    return (match["stem"] + match["end"], int(match["n"] or match["m"])) if match else (name, 0)


def likeness(name: str, wanted: str) -> int | None:
    """Rank how `name` stands for `wanted`, or return None.

    0 exactly, 1 but for case, 2 as a numbered copy, 3 with ".txt" behind it.
    """
    if name == wanted:
        return 0
    target, folded = fold(wanted), fold(name)
    ranks = {1: folded, 2: uncopied(folded)[0], 3: folded.removesuffix(".txt")}
    return next((rank for rank, form in ranks.items() if form == target), None)


def shadowed(paths: Iterable[Parts], allowed: Iterable[str], preload: Iterable[str] = ()) -> str:
    """Return the first top-level module or package in `paths` that hides one the worker imports, or "".

    A folder counts if it holds Python code, except `course/`: every release carries it, grading uses its own.
    """
    taken = (sys.stdlib_module_names | USED | set(preload)) - {file.removesuffix(".py") for file in allowed}
    for parts in sorted(paths):
        if not CODE.search(fold(parts[-1])):
            continue
        module = fold(parts[0]).split(".")[0] if len(parts) == 1 else fold(parts[0])
        if module in {fold(name) for name in taken} and not (len(parts) > 1 and module == "course"):
            return parts[0] if len(parts) == 1 else parts[0] + "/"
    return ""


def safe_name(student: str) -> str:
    """Return a lower-case ASCII file name for `student`; no two students share one on any system.

    A plain id is its own name; anything else becomes a slug and a short hash of the id.
    """
    if PLAIN.fullmatch(student) and not HASHED.fullmatch(student) and not RESERVED.fullmatch(student):
        return student
    ascii_form = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_form).strip("-")[:32].strip("-") or "student"
    return f"{slug}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
