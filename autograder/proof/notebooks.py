"""Run a homework's notebook from top to bottom as a student would who has solved everything."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from autograder.errors import UserError
from autograder.grading.variants import reference_files
from autograder.homework import Homework
from autograder.release.folder import notebook_source, planned

CELL_SECONDS = 600


def run_notebook(homework: Homework, quick: bool, out: Path | None = None) -> float:
    """Execute the notebook on the reference in a fresh release folder; return the seconds it took.

    quick: the notebook sees MBRL_QUICK=1 and may use less data. out: where the executed notebook is kept.
    Raises UserError with the failing cell's error.
    """
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = jupytext.read(notebook_source(homework), fmt="md")
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    with tempfile.TemporaryDirectory(prefix="autograder-notebook-") as name:
        folder = Path(name)
        files = planned(homework) | {file: text.encode() for file, text in reference_files(homework).items()}
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        environment = os.environ | {"MBRL_QUICK": "1" if quick else "", "MPLCONFIGDIR": name}
        began = time.monotonic()
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": name}}
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise UserError(f"{homework.notebook}: a cell fails on the reference:\n{error}") from None
        seconds = time.monotonic() - began
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, out / homework.notebook)
    return seconds
