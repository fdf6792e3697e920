"""A demonstration class: two dozen submissions of exercises 2.1 and 2.2, as a learning platform would export them."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path

from autograder.errors import UserError
from autograder.grading.variants import Variants, load_variants
from autograder.homework import Homework
from autograder.proof.verify import skeleton
from autograder.redteam import attacks

MISTAKES = 6
RIGHT_ANSWERS = 4
HOSTILE = (
    "exit_at_import",
    "object_that_equals_everything",
    "searches_memory",
    "reads_by_path",
    "vandal",
    "daemon",
    "fork_bomb",
    "memory",
    "flood_of_output",
)
MADE = re.compile(r"student\d\d_\d{4}_\d{5}_\w+\.zip")
LOOP = "\n\n_backward = backward\n\n\ndef backward(F, f, C, c):\n    while True:\n        _backward(F, f, C, c)\n"


def make_class(homework: Homework, notebook: bytes, folder: Path, hostile: bool) -> int:
    """Write one zip for each student into `folder`, named as Canvas names them; return how many.

    notebook: that everybody hands in.  hostile: with attacks among them.
    """
    if folder.exists() and any(not MADE.fullmatch(path.name) for path in folder.iterdir()):
        raise UserError(f"{folder}: holds something that the demonstration did not make; choose another --out")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    class_ = honest(homework, load_variants(homework))
    if hostile:
        class_ += [attack.files for attack in attacks() if attack.name in HOSTILE]
    for number, files in enumerate(class_, start=1):
        name = f"student{number:02d}_{4000 + number}_{70000 + number}_{homework.name}.zip"
        (folder / name).write_bytes(zipped(files | {homework.notebook: notebook}))
    return len(class_)


def honest(homework: Homework, variants: Variants) -> list[dict[str, bytes]]:
    """Return what people hand in who mean well: right, wrong, unfinished, broken."""
    reference = variants.reference.files
    module = homework.files[0]
    step = max(1, len(variants.misconceptions) // MISTAKES)
    texts = [variant.files for variant in (variants.reference, *variants.alternatives[:RIGHT_ANSWERS])]
    texts += [variant.files for variant in variants.misconceptions[::step][:MISTAKES]]
    untouched = skeleton(homework).files
    texts.append(untouched)
    texts.append(
        {
            module: reference[module].split("\ndef forward")[0]
            + "\n\ndef forward"
            + untouched[module].split("\ndef forward")[1]
        }
    )
    texts.append({module: reference[module].replace("def backward(F, f, C, c)", "def backward(F, f, C, c", 1)})
    texts.append({module: "import controlz\n" + reference[module]})
    texts.append({module: reference[module] + LOOP})
    return [{name: text.encode() for name, text in files.items()} for files in texts]


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip of `files`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    return buffer.getvalue()
