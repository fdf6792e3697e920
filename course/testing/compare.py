"""Comparators: each looks at the type, then the shape, dtype, NaN and inf, and only then at the values.

They are handed whatever a student's function returned, and end in `Mismatch` or not at all: only exact base
types are touched, so no method of a foreign object ever runs.
"""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from course.testing.differences import difference
from course.testing.errors import Mismatch

_SCALARS = frozenset(np.sctypeDict.values())
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.longdouble))


def assert_close(name: str, got: Any, expected: Any, *, rtol: float, look: str = "", show: bool = False) -> np.ndarray:
    """Raise Mismatch unless `got` equals `expected` to `rtol` of the largest expected entry; return it as
    float64.

    name: who and what, such as "lqr.backward: K".  got: anything.  expected: array or number, finite.
    A whole-number array passes only where whole numbers are expected.  look: what the student should look at
    when the values are wrong; a wrong shape or type speaks for itself.  show: tell the expected numbers too,
    as an example in the handout does.
    """
    expected = _array("expected", expected, "")
    integer = expected.dtype.kind in "iub"
    expected = expected.astype(np.float64)
    if not np.isfinite(expected).all():
        raise ValueError(f"assert_close: the values expected of {name} are not finite: the test is at fault")
    got = _checked(name, got, expected.shape, "", "", ("whole", "float") if integer else ("float",))
    if said := difference(name, got, expected, rtol, show):
        raise Mismatch(_with_look(said, look))
    return got


def assert_shape(name: str, got: Any, shape: tuple, dims: str = "", look: str = "", *, integer: bool = False):
    """Raise Mismatch unless `got` is a finite real array of this shape; return it as float64 or int64.

    dims: the shape in letters, "[T, m, n]".  look: what the student should look at when the shape is wrong.
    integer: whole numbers are wanted (indices, actions).
    """
    return _checked(name, got, tuple(shape), dims, look, ("whole",) if integer else ("float",))


def fields(value: Any, names: str, who: str = "the result") -> tuple:
    """Return the fields `names` ("K k V v") of a NamedTuple, dataclass or record, or of a tuple or list of
    that length.
    """
    wanted = names.split()
    kind = type(value)
    if kind in (tuple, list):
        if len(value) != len(wanted):
            raise Mismatch(f"{who} returned {described(value)}, expected {len(wanted)}: {', '.join(wanted)}")
        _refuse_swapped(who, wanted, value)
        return tuple(value)
    try:
        known = value._fields if not is_dataclass(kind) else kind.__dataclass_fields__
        known = tuple(known)
        if all(type(field) is str for field in known) and set(wanted) <= set(known):
            return tuple(getattr(value, field) for field in wanted)
    except Exception:  # whatever a foreign object does when it is looked at, it is no record
        known = None
    if not known:
        lost = ": is a `return` missing?" if value is None else ""
        wanted = f"a tuple or NamedTuple ({', '.join(wanted)})"
        raise Mismatch(f"{who} returned {described(value)}, expected {wanted}{lost}")
    missing = ", ".join(field for field in wanted if field not in known)
    raise Mismatch(f"{who} returned a record without {missing}; it has {', '.join(map(str, known))[:200]}")


def _refuse_swapped(who, names, values) -> None:
    """A matrix is called by a capital, the vector beside it by the small letter: K has one axis more than k."""
    axes = {name: value.ndim for name, value in zip(names, values, strict=True) if type(value) is np.ndarray}
    for name in names:
        small = name.lower()
        if name != small and axes.get(name, 0) < axes.get(small, 0) and name in axes:
            raise Mismatch(
                f"{who}: {name} has {_axes(axes[name])} and {small} has {_axes(axes[small])}, expected one more "
                f"in {name} than in {small}: are they swapped?"
            )


def _axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"


def described(value: Any) -> str:
    """Name what a value is, without running any of its code: "None", "a list of 3", "a complex128 array"."""
    kind = type(value)
    if value is None or kind is bool:
        return str(value)
    if kind in (str, bytes, list, tuple, dict, set):
        return f"a {kind.__name__} of {len(value)}"
    if kind is np.ndarray:
        return f"an array of dtype {value.dtype}"
    name = type.__getattribute__(kind, "__name__")
    if name in ("Remote", "RemoteObject"):  # the stand-in for what a student's class made
        return "an object of a class of its own"
    return f"{'an' if name[:1].lower() in tuple('aeiou') else 'a'} {name}"


def _checked(name, got, shape, dims, look, kinds) -> np.ndarray:
    wanted = f"{shape}" + (f" = {dims}" if dims else "")
    array = _array(name, got, f", expected {f'an array of shape {wanted}' if shape else 'a number'}")
    if array.shape != shape:
        raise Mismatch(_with_look(f"{name} has shape {array.shape}, expected {wanted}", look))
    whole = array.dtype.kind in "iub"
    # A lone whole number is welcome as a float: it was not cut off by being stored in a buffer.
    is_number = (type(got) is int or type(got) in _SCALARS) and array.dtype.kind != "b"
    if whole and "whole" not in kinds and not is_number:
        raise Mismatch(
            f"{name} has dtype {array.dtype}, expected float64\n  look at: how it was made: storing a float "
            "in a whole-number array cuts off its fraction (np.zeros(..., dtype=int), np.zeros_like)"
        )
    if not whole and (array.dtype.newbyteorder("=") not in _FLOATS or "float" not in kinds):
        plain = "float64" if "float" in kinds else "whole numbers (int64)"
        raise Mismatch(f"{name} has dtype {array.dtype}, expected {plain}")
    with np.errstate(over="ignore"):
        array = array.astype(np.int64 if kinds == ("whole",) else np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        raise Mismatch(_not_finite(name, array, bad))
    return array


def _not_finite(name, array, bad) -> str:
    nan = np.isnan(array)
    kind = "NaN" if nan.sum() == bad.sum() else "NaN or infinite" if nan.any() else "infinite"
    if bad.all():
        said = f"{name} is {kind}" + (" in every entry" if bad.size > 1 else "")
    else:
        first = ", ".join(str(int(i)) for i in np.unravel_index(int(np.argmax(bad)), array.shape))
        said = f"{name} is {kind} in {int(bad.sum())} of {bad.size} entries, the first is [{first}]"
    question = "\n  NaN: was an entry never filled, or read before it was filled?" if nan.any() else ""
    return f"{said}, expected finite values{question}"


def _array(name, value, expected) -> np.ndarray:
    """Return an exact base type as an array; say of everything else what it is."""
    kind = type(value)
    try:
        if kind is np.ndarray:
            return value
        if kind in (float, int) or kind in _SCALARS:
            return np.asarray(value, dtype=np.float64 if kind is float else np.int64 if kind is int else None)
        torch = sys.modules.get("torch")
        if torch is not None and kind is getattr(torch, "Tensor", None) and value.device.type == "cpu":
            return value.detach().resolve_conj().resolve_neg().numpy()
    except (OverflowError, RuntimeError, TypeError, ValueError):
        raise Mismatch(f"{name} is {described(value)} that NumPy cannot hold{expected}") from None
    raise Mismatch(f"{name} is {described(value)}{expected}")


def _with_look(text: str, look: str) -> str:
    return f"{text}\n  look at: {look}" if look else text
