"""A homework small enough to read, for the tests of `autograder.release`."""

from __future__ import annotations

from pathlib import Path

from autograder.homework import Homework, load
from autograder.release.folder import skeletons

TOML = """\
title = "Sums"
files = ["sums.py"]
given = []
preload = ["numpy"]

[[exercise]]
id = "9.1"
title = "Running sum"
points = 3
file = "sums.py"

[[exercise]]
id = "9.2"
title = "Discounted sum"
points = 4.5
file = "sums.py"

[[written]]
id = "9.1w"
title = "Why discount?"
points = 2
"""

SOLUTION = '''\
"""Sums of rewards: the solution of a recursion."""

import numpy as np


def running(rewards):
    """Add up: [T] to [T]."""
    # BEGIN SOLUTION 9.1: add every reward to the sum before it
    total = np.full(len(rewards), np.nan)  # not zeros: gaps show
    for t, reward in enumerate(rewards):
        total[t] = reward + (total[t - 1] if t > 0 else 0.0)
    return total
    # END SOLUTION


def discounted(rewards, gamma):
    """Sum the rewards, each worth less by gamma than the one before it: [T] to a number."""
    if len(rewards):
        # BEGIN SOLUTION 9.2: weigh reward t with gamma to the power t
        weights = gamma ** np.arange(len(rewards))
        return float(weights @ np.asarray(rewards, dtype=float))
        # END SOLUTION
    return 0.0
'''

NOTEBOOK = """\
---
jupyter:
  kernelspec:
    display_name: Something else
    name: other
---

# Sums

Why the solution of this matters.

```python
%matplotlib inline
import sums
```

```python exercise="9.1"
print("check 9.1")
```

```python
# BEGIN SOLUTION 9.1: plot the running sum of ten ones
print(list(sums.running([1.0] * 10)))
# END SOLUTION
```

```python exercise="9.2" tags=["wide"]
print("check 9.2")
```

<!-- BEGIN WRITTEN 9.1w: What happens to the sum when gamma is one and nothing ever ends? -->
It grows without any bound as soon as rewards keep coming, so nothing can be compared.
<!-- END WRITTEN -->

The end.
"""

README = """\
# Homework 9: sums

| id | title | points |
|---|---|---|
| 9.1 | Running sum | 3 |
| **9.2** | Discounted sum | 4.5 points |
| 9.1w | Why discount? | 2 |
"""

VISIBLE = '''\
import numpy as np

from course.testing import exercise


@exercise("9.1")
def test_running_of_ones(student):
    """The running sum of ones counts them."""
    assert np.allclose(student.sums.running([1.0, 1.0]), [1.0, 2.0])


@exercise("9.2")
def test_discounted_of_nothing(student):
    """Nothing is worth nothing."""
    assert student.sums.discounted([], 0.5) == 0.0
'''

HIDDEN = '''\
import numpy as np
from oracle import backwards

from course.testing import exercise


@exercise("9.1")
def test_running_inverts_differences(student, rng):
    """Differences of the running sum are the rewards."""
    rewards = rng.normal(size=12)
    total = np.asarray(student.sums.running(rewards))
    assert total.shape == rewards.shape and np.allclose(total[0], rewards[0])
    assert np.allclose(np.diff(total), rewards[1:], rtol=1e-9, atol=1e-12)


@exercise("9.2", weight=2)
def test_discounted_agrees_with_the_recursion_from_behind(student, rng):
    """The sum obeys its recursion."""
    rewards, gamma = rng.normal(size=9), 0.83
    assert np.isclose(student.sums.discounted(rewards, gamma), backwards(rewards, gamma), rtol=1e-9)
'''

ORACLE = '''\
def backwards(rewards, gamma):
    """Sum from the last reward to the first."""
    value = 0.0
    for reward in reversed(list(rewards)):
        value = float(reward) + float(gamma) * float(value)
    return value if value == value else float("nan")
'''

MISCONCEPTIONS = """\
[[misconception]]
id = "off-by-one"
file = "sums.py"
exercises = ["9.2"]
find = "np.arange(len(rewards))"
replace = "np.arange(1, len(rewards) + 1)"
hint = "Your sum discounts already the first reward; it is received now, so it counts in full."
"""

ALTERNATIVE = '''\
import numpy as np


def running(rewards):
    """Add up: [T] to [T]."""
    return np.cumsum(np.asarray(rewards, dtype=float), axis=0).astype(float)


def discounted(rewards, gamma):
    """Sum the rewards, each worth less by gamma than the one before it: [T] to a number."""
    return float(np.polynomial.polynomial.polyval(gamma, np.append(rewards, [0.0]), tensor=False))
'''

FILES = {
    "conftest.py": 'pytest_plugins = ["course.testing.plugin"]\n',
    "requirements.txt": "numpy==2.0.0\nmatplotlib==3.0\npytest==9.0\nnotebook==7.0\nipykernel==7.0\nscipy==1.5\ntorch==2.0\n",
    "constraints.txt": "attrs==1.0\n",
    "course/__init__.py": "",
    "course/testing/__init__.py": "def exercise(id, weight=1.0):\n    return lambda test: test\n",
    "course/testing/plugin.py": "",
    "course/deep.py": "import torch\n",
    "course/data/walk.csv": "1,2\n",
    "course/data/notes.txt": "for us\n",
    "course/tests/test_course.py": "def test_nothing():\n    pass\n",
    "course/__pycache__/deep.cpython-311.pyc": "",
    "hw9_sums/homework.toml": TOML,
    "hw9_sums/README.md": README,
    "hw9_sums/provided.py": "import scipy\n",
    "hw9_sums/scratch.txt": "left lying about\n",
    "hw9_sums/tests/test_sums.py": VISIBLE,
    "hw9_sums/hidden/test_sums.py": HIDDEN,
    "hw9_sums/hidden/oracle.py": ORACLE,
    "solutions/hw9_sums/sums.py": SOLUTION,
    "solutions/hw9_sums/hw9_sums.md": NOTEBOOK,
    "solutions/hw9_sums/misconceptions.toml": MISCONCEPTIONS,
    "solutions/hw9_sums/alternatives/library/sums.py": ALTERNATIVE,
}


def make(project: Path, **changes: str) -> Homework:
    """Write the example into an empty folder, with the generated files fresh, and load it.

    changes: texts instead of the ones above, as `**{"hw9_sums/README.md": "..."}`.
    """
    for name, text in {**FILES, **changes}.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    homework = load(project / "hw9_sums")
    skeletons(homework)
    return homework
