"""Hostile frames end in a value or a WireError, within bounded memory."""

from __future__ import annotations

import struct
import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import Link, WireError, decode, encode, lengths
from autograder.sandbox.student import Conversation
from autograder.tests.wires import NODES, VALUES, WorkerLink, few


@settings(few, max_examples=400)
@given(NODES, st.binary(max_size=64))
def test_a_hostile_structure_is_a_value_or_a_wire_error(node, blob):
    for link in Link(), Conversation(None), WorkerLink():
        try:
            decode(msgspec.msgpack.encode(node), blob, link)
        except WireError:
            pass


@settings(few, max_examples=400)
@given(st.binary(max_size=200), st.binary(max_size=32))
def test_hostile_bytes_are_a_value_or_a_wire_error(structure, blob):
    try:
        decode(structure, blob, Conversation(None))
    except WireError:
        pass


@few
@given(VALUES, st.data())
def test_a_damaged_frame_is_a_value_or_a_wire_error(value, data):
    frame = bytearray(b"".join(encode(value, Link())))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        structure, _ = lengths(bytes(frame[:8]))
        decode(frame[8 : 8 + structure], frame[8 + structure :], Conversation(None))
    except WireError:
        pass


SIZE = 4 << 20
COLLIDING = [part for k in range(1, 36_000) for part in ([6, hex(k * (2**61 - 1))], None)]
BOMBS = {
    "overlapping references": ([0, *[[3, "uint8", [SIZE], 0, SIZE]] * 20_000], bytes(SIZE)),
    "overlapping bytes": ([0, *[[8, 0, SIZE]] * 20_000], bytes(SIZE)),
    "colliding keys": ([2, *COLLIDING], b""),
    "a shape without end": ([3, "float64", [1 << 39] * 32, 0, 0], b""),
    "an empty shape without end": ([3, "float64", [0] + [1 << 39] * 31, 0, 0], b""),
    "too many axes": ([3, "float64", [1] * 5_000, 0, 8], bytes(8)),
    "a negative size": ([3, "uint8", [-1], 8, -1], bytes(8)),
    "a size beyond the blob": ([8, 0, 1 << 62], bytes(8)),
    "a dtype that is a list": ([3, [], [], 0, 0], b""),
    "a number that is none": ([6, "one"], b""),
    "a number of a megabyte": ([6, "f" * (1 << 19)], b""),
    "fields that repeat": ([9, "a:b", ["K", "K"], 1, 2], b""),
    "a field called __class__": ([9, "a:b", ["__class__"], 1], b""),
    "more fields than values": ([9, "a:b", ["K", "k"], 1], b""),
    "an unhashable key": ([2, [0], 1], b""),
    "an odd dict": ([2, 1], b""),
    "no tag": ([], b""),
    "a tag unknown": ([77, 1], b""),
    "our object": ([12, 1], b""),
    "our object, badly": ([12, True], b""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_bounded_memory(name):
    node, blob = BOMBS[name]
    structure = msgspec.msgpack.encode(node)
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(structure, blob, Conversation(None))
        assert tracemalloc.get_traced_memory()[1] < 4 * SIZE + (30 << 20)
    finally:
        tracemalloc.stop()


def test_raw_nesting_and_foreign_msgpack_are_refused():
    for structure in (
        b"\x91" * 100_000 + b"\xc0",
        b"\x81\x80\xc0",
        b"\xc7\x01\x05a",
        b"\xc4\x01a",
        b"\xdd\xff\xff\xff\xff",
        b"",
    ):
        with pytest.raises(WireError):
            decode(structure, b"", Link())


@pytest.mark.parametrize(
    "header", [b"\xff" * 8, struct.pack(">II", wire.MAX_STRUCTURE + 1, 0), struct.pack(">II", 0, wire.MAX_BLOB + 1)]
)
def test_lengths_are_refused_before_anything_is_allocated(header):
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            lengths(header)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
