"""Take in what a class handed in: folders and archives, as learning platforms name them, into plain files in
memory.

    for arrival in arrivals("submissions.zip", homework):      # cheap: names only
        submission = receive(arrival, homework)                # one student's bytes, under limits

Nothing is extracted to disk, no link is followed, no code is run. A submission keeps only `homework.files`
and the notebook.

Refused, with one line that says why:
    links, devices and FIFOs; `..`, absolute and NUL names; encrypted, damaged or foreign archives;
    zip bombs (size, ratio, overlap, nesting); more or larger files than `homework.limits`;
    two names that some file system takes for one; a module or package on top that hides one the worker
    imports (`random.py`, `numpy/`), `sitecustomize.py`, `usercustomize.py`.
Mended or left, and said in `notes`:
    other files, `conftest.py` and `pytest.ini` among them, for they are never put where they could act;
    `*.pth`, which in this course are network weights; `course/` and `tests/`, which every release carries;
    junk of systems and editors; folders and archives too deep by one; names that differ by case, "-1", "(1)"
    or ".txt"; other encodings and line ends; damaged, empty and missing files.
"""

from autograder.intake.arrive import arrivals
from autograder.intake.names import safe_name
from autograder.intake.receive import receive
from autograder.intake.records import Arrival, Piece, Submission

__all__ = ["Arrival", "Piece", "Submission", "arrivals", "receive", "safe_name"]
