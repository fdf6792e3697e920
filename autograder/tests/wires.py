"""What the tests of the wire share: values of every kind that travels, and structures that nobody should send."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import Link, decode, encode, lengths

few = settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""Hypothesis settings: few examples, always the same ones."""


class WorkerLink(Link):
    """The worker's side, where generators may arrive."""

    accepts_generators = True


def there(value: Any, link: Link | None = None) -> Any:
    """Send a value over the wire."""
    frame = b"".join(encode(value, Link()))
    structure, blob = lengths(frame[:8])
    assert len(frame) == 8 + structure + blob
    return decode(frame[8 : 8 + structure], frame[8 + structure :], link or Link())


def equal(left: Any, right: Any) -> bool:
    """Tell whether two values are the same in type, bits and order."""
    if isinstance(left, np.ndarray):
        return (
            type(right) is np.ndarray
            and left.shape == right.shape
            and left.dtype.newbyteorder("=") == right.dtype
            and np.ascontiguousarray(left, left.dtype.newbyteorder("=")).tobytes() == right.tobytes()
        )
    if type(left) is not type(right):
        return False
    if isinstance(left, np.generic):
        return left.tobytes() == right.tobytes()
    if isinstance(left, float):
        return struct.pack(">d", left) == struct.pack(">d", right)
    if isinstance(left, complex):
        return equal(left.real, right.real) and equal(left.imag, right.imag)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return equal(list(left.items()), list(right.items()))
    return left == right


DTYPES = st.sampled_from(sorted(wire.DTYPES))
SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
KEYS = st.one_of(st.text(max_size=5), st.integers(-9, 9), st.booleans(), st.none())
BIG = st.integers(-(1 << 1500), 1 << 1500)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def arrays(draw):
    """Arrays of every dtype that travels: 0-d, empty, big-endian, Fortran order, strided and reversed."""
    dtype = np.dtype(draw(DTYPES))
    shape = draw(SHAPES)
    data = draw(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize))
    if dtype.kind == "b":
        data = bytes([data[0] & 1])
    array = np.frombuffer(data * max(1, math.prod(shape)), dtype)[: math.prod(shape)].reshape(shape)
    layout = draw(st.sampled_from(["C", "F", "strided", "reversed", "swapped", "broadcast"]))
    if layout == "F":
        return np.asfortranarray(array) if array.ndim else array
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed" and array.ndim:
        return array[::-1]
    if layout == "swapped":
        return array.astype(dtype.newbyteorder())
    if layout == "broadcast":
        return np.broadcast_to(array, (2, *array.shape))
    return array


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    BIG,
    st.floats(allow_nan=True),
    st.complex_numbers(allow_nan=True),
    TEXT,
    st.binary(max_size=20),
)
VALUES = st.recursive(
    st.one_of(SCALARS, arrays()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


NODES = st.recursive(
    st.one_of(
        st.integers(-2, 14),
        st.integers(-(1 << 63), (1 << 64) - 1),
        st.sampled_from(["float64", "bool", "object", "PCG64", "zz", "-0x1", "a:b", "return", "__class__", "K"]),
        st.booleans(),
        st.none(),
        st.floats(),
        st.binary(max_size=4),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.builds(lambda tag, parts: [tag, *parts], st.integers(0, 13), st.lists(inner, max_size=5)),
        st.builds(lambda a, b, c: [3, "float64", a, b, c], st.lists(inner, max_size=3), inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    max_leaves=15,
)
