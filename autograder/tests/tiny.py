"""A homework of two functions, made in a temporary project: small enough that a test grades it in no time."""

from __future__ import annotations

from pathlib import Path

from autograder.homework import Homework, load
from autograder.intake import Submission

CONFIG = """
title = "Tiny"
files = ["tiny.py", "other.py"]

[limits]
test_seconds = 2.0
import_seconds = 2.0
submission_seconds = 20.0
memory_mb = 250
output_mb = 1

[[exercise]]
id = "9.1"
title = "Double"
points = 10
file = "tiny.py"

[[exercise]]
id = "9.2"
title = "Halve"
points = 5
file = "other.py"
"""

TINY = '''
def double(x):
    """Return 2 x."""
    # BEGIN SOLUTION 9.1: multiply by two
    return 2.0 * x
    # END SOLUTION
'''

OTHER = '''
def halve(x):
    """Return x / 2."""
    # BEGIN SOLUTION 9.2: divide by two
    return x / 2.0
    # END SOLUTION
'''

HIDDEN = '''
import numpy as np

from course.testing import assert_close, exercise


@exercise("9.1", weight=3)
def test_double_doubles(student, rng):
    """Doubling gives twice the number."""
    x = rng.normal(size=4)
    assert_close("tiny.double", student.tiny.double(x), x + x, rtol=1e-9)


@exercise("9.1")
def test_double_of_two_is_four(student):
    """Doubling two gives four."""
    assert_close("tiny.double", student.tiny.double(np.full(2, 2.0)), np.full(2, 4.0), rtol=1e-9)


@exercise("9.2")
def test_halve_halves(student, rng, once):
    """Halving gives half the number."""
    x = rng.normal(size=3)
    assert_close("other.halve", student.other.halve(x), once(lambda: 0.5 * x), rtol=1e-9)
'''

MISCONCEPTIONS = """
[[misconception]]
id = "squares"
file = "tiny.py"
exercises = ["9.1"]
find = "2.0 * x"
replace = "x * x"
hint = "Your values are squares: doubling adds a number to itself."

[[misconception]]
id = "triples"
file = "tiny.py"
exercises = ["9.1"]
find = "2.0 * x"
replace = "3.0 * x"
hint = "Your values are three times the number."
"""

RIGHT = {"tiny.py": "def double(x):\n    return x + x\n", "other.py": "def halve(x):\n    return x * 0.5\n"}


def make_homework(project: Path, hidden: str = HIDDEN, misconceptions: str = MISCONCEPTIONS) -> Homework:
    """Write the homework below `project` and load it."""
    root, solutions = project / "hw9_tiny", project / "solutions" / "hw9_tiny"
    texts = {
        root / "homework.toml": CONFIG,
        root / "hidden" / "test_tiny.py": hidden,
        solutions / "tiny.py": TINY,
        solutions / "other.py": OTHER,
        solutions / "misconceptions.toml": misconceptions,
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load(root)


def submit(student: str = "s1", **files: str) -> Submission:
    """Return a submission of the right answers, with `tiny=...` or `other=...` in place of a file."""
    texts = RIGHT | {f"{name}.py": text for name, text in files.items()}
    return Submission(student, f"{student}.zip", {name: text.encode() for name, text in texts.items()})
