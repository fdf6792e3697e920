"""Build a release: one folder and one zip, the same bytes whenever and wherever they are made.

Everything is made beside its final place under a temporary name, checked for leaks there, and renamed at the
end: a refused or interrupted build leaves the release of yesterday as it was.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from autograder.errors import UserError
from autograder.homework import Homework
from autograder.release.folder import planned, stale
from autograder.release.ids import gaps
from autograder.release.leaks import find_leaks

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
FILE_MODE = 0o644
FOLDER_MODE = 0o755


def build(homework: Homework, out: Path) -> Path:
    """Write `out/hwN_topic/` and `out/hwN_topic.zip`; return the folder.

    Raises UserError, one line for each fault, if a generated file is stale, ids disagree, something private
    would be released, or `out` cannot be written; what was in `out` is then untouched.
    """
    _refuse_if(homework, "not ready", stale(homework) + gaps(homework))
    files = planned(homework)
    out = Path(out)
    work = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{homework.name}.", dir=out))
        folder, archive = work / homework.name, work / f"{homework.name}.zip"
        _write_folder(folder, files)
        write_zip(archive, homework.name, files)
        _refuse_if(homework, "leaks", find_leaks(homework, folder, archive))
        _swap([(folder, out / folder.name), (archive, out / archive.name)], work)
        return out / folder.name
    except OSError as error:
        raise UserError(
            f"{out}: cannot be written ({error.strerror or error}); the release was left as it was"
        ) from None
    finally:
        if work:
            shutil.rmtree(work, ignore_errors=True)


def write_zip(path: Path, top: str, files: dict[str, bytes]) -> None:
    """Write a zip with one folder `top`. Nothing is compressed: libraries differ in how."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", EPOCH)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = (0o100000 | FILE_MODE) << 16
            archive.writestr(entry, files[name])


def _refuse_if(homework: Homework, why: str, faults: Iterable[str]) -> None:
    if faults := list(faults):
        raise UserError("\n".join([f"release of {homework.name} refused, {why}:", *faults]))


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(FILE_MODE)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(FOLDER_MODE)


def _swap(pairs: list[tuple[Path, Path]], work: Path) -> None:
    """Rename every new path into place, all of them or none; old ones end in `work`, which is about to go."""
    done: list[tuple[Path, Path]] = []
    try:
        for number, (new, final) in enumerate(pairs):
            kept = work / f"old-{number}"
            if os.path.lexists(final):
                os.rename(final, kept)
            done.append((kept, final))
            os.rename(new, final)
    except BaseException:  # an interrupt, too, puts back what was there
        for kept, final in reversed(done):
            with suppress(OSError):
                if final.is_dir() and not final.is_symlink():
                    shutil.rmtree(final)
                else:
                    final.unlink(missing_ok=True)
            with suppress(OSError):
                os.rename(kept, final)
        raise
