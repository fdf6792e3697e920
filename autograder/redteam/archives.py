"""Hostile archives: what is dangerous before a line of a submission has run.

Each builder writes one arrival below a folder and returns its path. `outside` is a file that it tries to reach.
"""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HONEST = b"def backward(*args):\n    return 0.0\n"


@dataclass(frozen=True)
class HostileArchive:
    """One hostile arrival.

    build: (folder, outside) -> path.  refused: a pattern that the refusal must match; "" where it is taken, and
    nothing but `lqr.py` may come out of it.
    """

    name: str
    story: str
    build: Callable[[Path, Path], Path]
    refused: str


def archives() -> list[HostileArchive]:
    """Return every hostile archive."""
    return [
        HostileArchive("zip_slip", "Climbs out of the folder that it is unpacked in.", _zip_slip, "'\\.\\.'|expected"),
        HostileArchive("absolute", "Names a file by its absolute path.", _absolute, "expected"),
        HostileArchive("zip_link", "Hands in a link to a file of the grader's.", _zip_link, "symbolic link"),
        HostileArchive("tar_link", "Hands in a hard link to a file of the grader's.", _tar_link, "hard link"),
        HostileArchive(
            "folder_link", "Hands in a folder with a link to a file of the grader's.", _folder_link, "symbolic link"
        ),
        HostileArchive("device", "Hands in /dev/zero, which has no end.", _device, "device"),
        HostileArchive("fifo", "Hands in a pipe that whoever opens it waits for.", _fifo, "FIFO"),
        HostileArchive("bomb", "Unpacks to a thousand times its size.", _bomb, "bomb|unpacks to more"),
        HostileArchive("nested_bomb", "Holds archives in archives in archives.", _nested, "deep in one another"),
        HostileArchive("many_files", "Holds thousands of files.", _many, "files, expected at most"),
        HostileArchive("two_names", "Holds two files that are one on some systems.", _two_names, "one name"),
        HostileArchive("shadow", "Brings a numpy of its own.", _shadow, "would hide it"),
        HostileArchive(
            "sitecustomize", "Brings code that Python runs at every start.", _sitecustomize, "would hide it"
        ),
        HostileArchive("pytest_files", "Brings conftest.py and pytest.ini, which pytest obeys.", _pytest_files, ""),
        HostileArchive("grader_files", "Brings verdicts, a gradebook and hidden tests of its own.", _grader_files, ""),
        HostileArchive("loose_pages", "Brings pages and checkpoints that somebody may open.", _pages, ""),
    ]


def _zipped(folder: Path, files: dict[str, bytes], name: str = "work.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, data in files.items():
            archive.writestr(zipfile.ZipInfo(inside), data, zipfile.ZIP_DEFLATED)
    return folder / name


def _tarred(folder: Path, kind: bytes, link: str = "") -> Path:
    with tarfile.open(folder / "work.tar", "w") as archive:
        info = tarfile.TarInfo("lqr.py")
        info.type, info.linkname = kind, link
        archive.addfile(info)
    return folder / "work.tar"


def _zip_slip(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, f"{'../' * 20}{outside}": b"overwritten"})


def _absolute(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, str(outside): b"overwritten"})


def _zip_link(folder, outside):
    info = zipfile.ZipInfo("lqr.py")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        archive.writestr(info, str(outside))
    return folder / "work.zip"


def _tar_link(folder, outside):
    return _tarred(folder, tarfile.LNKTYPE, str(outside))


def _folder_link(folder, outside):
    (folder / "work").mkdir()
    (folder / "work" / "lqr.py").symlink_to(outside)
    return folder / "work"


def _device(folder, outside):
    return _tarred(folder, tarfile.CHRTYPE)


def _fifo(folder, outside):
    (folder / "work").mkdir()
    os.mkfifo(folder / "work" / "lqr.py")
    return folder / "work"


def _bomb(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, "zeros": bytes(60 << 20)})


def _nested(folder, outside):
    data = HONEST
    for _ in range(5):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("lqr.py" if data is HONEST else "inner.zip", data)
        data = out.getvalue()
    (folder / "work.zip").write_bytes(data)
    return folder / "work.zip"


def _many(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST} | {f"data/{number}": b"" for number in range(5_000)})


def _two_names(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, "LQR.py": HONEST})


def _shadow(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, "numpy/__init__.py": b"raise SystemExit"})


def _sitecustomize(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, "sitecustomize.py": b"raise SystemExit"})


def _pytest_files(folder, outside):
    return _zipped(
        folder, {"lqr.py": HONEST, "conftest.py": b"raise SystemExit", "pytest.ini": b"[pytest]\naddopts = -x"}
    )


def _grader_files(folder, outside):
    verdict = b'{"points": 100}'
    return _zipped(
        folder,
        {
            "lqr.py": HONEST,
            "out/verdicts/0.json": verdict,
            "gradebook.db": b"",
            "hidden/test_lqr.py": b"",
            "a.pth": b"import os",
        },
    )


def _pages(folder, outside):
    return _zipped(folder, {"lqr.py": HONEST, "cell.ipynb_checkpoints": b"", "out.html": b"<script>alert(1)</script>"})
