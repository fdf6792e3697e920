"""Every value arrives over the wire as it was sent, or is refused."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given

from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import Link, Record, WireError, decode, encode, lengths
from autograder.tests.wires import VALUES, WorkerLink, equal, few, there


@few
@given(VALUES)
def test_every_value_arrives_as_it_was_sent(value):
    assert equal(value, there(value))


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
def test_every_allowed_dtype_arrives_as_array_and_as_scalar(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for sent in (
        array,
        array[0, 1],
        array[:0],
        np.zeros((), dtype),
        array.T,
        array.astype(array.dtype.newbyteorder(">")),
    ):
        assert equal(sent, there(sent))


def test_arrived_arrays_own_their_memory_and_may_be_written():
    array = there(np.zeros((2, 3), order="F"))
    array[0, 0] = 1.0
    assert array.flags.owndata and array.flags.writeable and array.flags.c_contiguous


class Policy(NamedTuple):
    K: Any
    k: Any = 0.0


@dataclasses.dataclass(frozen=True)
class Plan:
    horizon: int
    inner: Any = None


@few
@given(VALUES, VALUES)
def test_records_arrive_by_field_name_and_index(first, second):
    got = there(Policy(first, second))
    assert type(got) is Record and got._fields == ("K", "k")
    assert equal(first, got.K) and equal(second, got[1])
    got = there(Plan(3, Policy(first)))
    assert got.horizon == 3 and equal(first, got.inner.K)


def test_tensors_arrive_as_tensors():
    torch = pytest.importorskip("torch")
    for tensor in (
        torch.zeros(0, 3),
        torch.tensor(1.5),
        torch.arange(6).reshape(2, 3).T,
        torch.ones(2, dtype=torch.float16),
    ):
        got = there(tensor)
        assert type(got) is torch.Tensor and got.dtype == tensor.dtype and torch.equal(got, tensor)
    assert torch.equal(there(torch.nn.Parameter(torch.ones(2))), torch.ones(2))


def test_a_tensor_without_torch_is_an_array_and_loads_nothing(monkeypatch):
    torch = pytest.importorskip("torch")
    frame = b"".join(encode(torch.ones(2), Link()))
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    size, _ = lengths(frame[:8])
    assert equal(decode(frame[8 : 8 + size], frame[8 + size :], Link()), np.ones(2, np.float32))


@pytest.mark.parametrize("bits", sorted(wire.BIT_GENERATORS))
def test_generators_travel_to_the_worker_and_never_back(bits):
    rng = np.random.Generator(getattr(np.random, bits)(5))
    rng.normal(size=3)
    got = there(rng, WorkerLink())
    assert np.array_equal(got.normal(size=4), rng.normal(size=4))
    with pytest.raises(WireError):
        there(np.random.Generator(getattr(np.random, bits)(5)))
    with pytest.raises(WireError):
        encode(rng, WorkerLink())


REFUSED = {
    "surrogates": "\ud800",
    "surrogates in a key": {"\udfff": 1},
    "an object array": np.array([object()]),
    "a text array": np.array(["a"]),
    "a structured array": np.zeros(2, [("a", "f8")]),
    "dates": np.array(["2020-01-01"], dtype="M8[D]"),
    "long doubles": np.zeros(2, np.longdouble),
    "an enormous int": 1 << 100_000,
    "a set": {1, 2},
    "a type": int,
    "a subclass of ndarray": np.ma.zeros(3),
    "too much": np.broadcast_to(np.uint8(0), wire.MAX_BLOB + 1),
    "too much text": "a" * (2 << 20),
    "too many numbers": [0.5] * (1 << 20),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_travel_is_refused_cleanly(name):
    with pytest.raises(WireError):
        there(REFUSED[name])


def test_values_that_hold_themselves_or_are_too_deep_are_refused():
    value: list = []
    value.append(value)
    deep: Any = 0
    for _ in range(wire.MAX_DEPTH + 2):
        deep = (deep,)
    for hopeless in value, deep, {"a": deep}:
        with pytest.raises(WireError):
            encode(hopeless, Link())
