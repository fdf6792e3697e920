"""Which functions a variant changes, and which a test enters."""

from __future__ import annotations

import pytest

from autograder.grading.reach import changes, watched
from course.testing import LocalStudent

BASE = """
LIMIT = 3

class Planner:
    horizon = 5
    def act(self, s):
        return s
    def reset(self):
        return LIMIT

def plan(x):
    def inner(y):
        return y + 1
    return inner(x)

def other(x):
    return x
"""


@pytest.mark.parametrize(
    ("find", "replace", "places"),
    [
        ("return x", "return  x  # the same code", set()),
        ("return y + 1", "return y + 2", {"plan"}),
        ("return LIMIT", "return 4", {"Planner.reset"}),
        ("LIMIT = 3", "LIMIT = 4", {""}),
        ("horizon = 5", "horizon = 6", {""}),
        ("def other(x):\n    return x", "def other(x):\n    return 2 * x\n\ndef more(x):\n    return x", {"other", ""}),
        ("    def act(self, s):\n        return s\n", "", {""}),
        ("def other(x):", "def other(x)", {""}),
    ],
)
def test_a_change_is_a_function_a_method_or_the_whole_module(find, replace, places):
    assert find in BASE
    changed = changes({"m.py": BASE.replace(find, replace), "n.py": ""}, {"m.py": BASE, "n.py": ""})
    assert changed == {("m", place) for place in places}


def test_what_a_test_enters_is_seen_with_methods_and_inner_functions():
    student = LocalStudent.from_sources({"m.py": BASE}, "watched")
    with watched({"watched/m.py": "m"}) as entered:
        student.m.plan(1)
        student.m.Planner().reset()
    assert {("m", ""), ("m", "plan"), ("m", "Planner.reset")} <= entered
    assert not {("m", "Planner.act"), ("m", "other")} & entered
