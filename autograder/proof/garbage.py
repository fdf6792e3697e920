"""Submissions that return nonsense from every function: they must lose everything and upset nobody.

A hidden test that trips over such a value would end `internal`, and a student could make grading stop there.
"""

from __future__ import annotations

import ast

from autograder.grading.variants import Variant, reference_files
from autograder.homework import Homework

NONSENSE = {
    "None": "None",
    "text": "'K'",
    "an empty tuple": "()",
    "too many fields": "tuple(range(9))",
    "a number": "1.0",
    "an empty array": "np.zeros(0)",
    "a huge shape": "np.zeros((0, 10**9))",
    "text arrays": "np.array(['a'] * 3)",
    "objects": "np.array([object()] * 3)",
    "a function": "(lambda *anything: 0)",
    "a liar": "_Liar()",
    "a deep list": "_deep()",
    "NaN for numbers": "_map(lambda a: np.full_like(np.asarray(a, dtype=float), np.nan), original(*args, **kwargs))",
    "infinite numbers": "_map(lambda a: np.full_like(np.asarray(a, dtype=float), np.inf), original(*args, **kwargs))",
    "zeros": "_map(lambda a: np.zeros_like(np.asarray(a, dtype=float)), original(*args, **kwargs))",
    "complex numbers": "_map(lambda a: np.asarray(a) + 1j, original(*args, **kwargs))",
    "one axis more": "_map(lambda a: np.asarray(a)[None], original(*args, **kwargs))",
    "flat arrays": "_map(lambda a: np.ravel(a)[:-1], original(*args, **kwargs))",
}

HELPERS = """

import numpy as np


class _Liar:
    def __getattr__(self, name):
        return self

    def __eq__(self, other):
        return True

    __le__ = __lt__ = __ge__ = __gt__ = __call__ = __eq__


def _deep():
    value = []
    for _ in range(500):
        value = [value]
    return value


def _map(change, value):
    return type(value)(*(change(part) for part in value)) if hasattr(value, "_fields") else (
        tuple(change(part) for part in value) if isinstance(value, tuple) else change(value))


def _spoil(original):
    def spoilt(*args, **kwargs):
        return {expression}

    return spoilt


for _name in {names}:
    globals()[_name] = _spoil(globals()[_name])
for _class, _name in {methods}:
    setattr(globals()[_class], _name, _spoil(getattr(globals()[_class], _name)))
"""


def garbage(homework: Homework) -> list[Variant]:
    """Return the reference with every function and public method spoilt, once for each kind of nonsense."""
    reference = reference_files(homework)
    spoilt = []
    for kind, expression in NONSENSE.items():
        files = {}
        for name, text in reference.items():
            body = ast.parse(text).body
            functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
            methods = [
                (node.name, part.name)
                for node in body
                if isinstance(node, ast.ClassDef)
                for part in node.body
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")
            ]
            files[name] = text + HELPERS.format(expression=expression, names=functions, methods=methods)
        spoilt.append(Variant(f"garbage: {kind}", files))
    return spoilt
