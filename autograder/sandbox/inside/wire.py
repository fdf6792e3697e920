"""The wire: Python values as bytes, data only.

A frame is an 8-byte header (two big-endian lengths), a msgpack *structure* and a *blob*. The structure holds
scalars, containers as `[tag, ...]` lists, and references into the blob, which holds the bytes of arrays. Both
lengths are checked before anything is allocated, so the memory that a hostile frame can cost is bounded:
structures are small, and the blob is one buffer.

Values: None, bool, int, float, complex, str, bytes, list, tuple, dict, base-class ndarrays and NumPy scalars of
the dtypes below, CPU tensors, records (NamedTuple or dataclass, by field name), a NumPy Generator's state. What
is none of these stays where it is, and a reference to it travels: `Link` says what a side does with those.
No pickle, no attribute look-up from data.
"""

from __future__ import annotations

import dataclasses
import math
import struct
import sys

import msgspec
import numpy as np

MAX_STRUCTURE = 1 << 20  # one megabyte of scalars and containers
MAX_BLOB = 1 << 26  # 64 MB of array bytes
MAX_DEPTH = 64
MAX_BIGINT_DIGITS = 400
MAX_ENTRIES = 10_000  # of a dict: keys can be chosen to share one hash, and then take quadratic time
HEADER = struct.Struct(">II")

LIST, TUPLE, DICT, ARRAY, SCALAR, TENSOR, BIGINT, COMPLEX, BYTES, RECORD, GENERATOR, MINE, YOURS = range(13)

DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    + ["float16", "float32", "float64", "complex64", "complex128"]
)
NAMES = {np.dtype(name): name for name in DTYPES}  # dtype.name is slow
BIT_GENERATORS = frozenset(["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
IMMEDIATE = frozenset([type(None), bool, float, str])

_encoder = msgspec.msgpack.Encoder()


def _nested(depth: int):
    """Return the type of a structure: scalars and lists of them. Maps, whose keys could collide, are none."""
    scalars = None | bool | int | float | str
    node = scalars
    for _ in range(depth):
        node = scalars | list[node]
    return node


_decoder = msgspec.msgpack.Decoder(_nested(MAX_DEPTH + 6))


class WireError(Exception):
    """A value cannot travel, or a frame is not what a frame may be."""


class Record(tuple):
    """A NamedTuple or dataclass as it comes off the wire: fields by name and by index."""

    _fields: tuple[str, ...]
    _name: str

    def __new__(cls, name: str, fields: tuple[str, ...], values):
        record = super().__new__(cls, values)
        record.__dict__.update(zip(fields, values, strict=True))
        record.__dict__.update(_fields=fields, _name=name)
        return record

    def __repr__(self) -> str:
        return f"{self._name.rpartition(':')[2]}({', '.join(f'{name}=...' for name in self._fields)})"


class Link:
    """What one side does with values that do not travel. The defaults refuse everything."""

    def export(self, value) -> list:
        """Return a reference for a value that stays here, or raise WireError."""
        raise WireError(f"a value of type {type(value).__name__} cannot be sent")

    def resolve(self, key: int):
        """Return the value that stayed here and that the other side refers to."""
        raise WireError(f"no object {key!r} on this side")

    def represent(self, key: int, name: str):
        """Return what stands here for an object that stayed on the other side."""
        raise WireError("an object that stays on the other side is not expected here")

    def record(self, name: str, fields: tuple[str, ...], values: list):
        """Rebuild a record."""
        return Record(name, fields, values)

    accepts_generators = False


class Packer:
    """Turn one value into a structure and a blob."""

    def __init__(self, link: Link):
        self.link = link
        self.blob: list = []
        self.offset = 0

    def pack(self, value, depth: int = 0):
        kind = type(value)
        if kind in IMMEDIATE:
            return value
        if depth > MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH} levels")
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else [BIGINT, _digits(value)]
        if kind is np.ndarray:
            return [ARRAY, *self._array(value)]
        if isinstance(value, np.generic):
            return [SCALAR, *self._array(np.asarray(value))]
        if kind is list:
            return [LIST, *(self.pack(item, depth + 1) for item in value)]
        if isinstance(value, tuple) and (fields := getattr(value, "_fields", None)):
            return self._record(value, fields, tuple.__iter__(value), depth)
        if kind is tuple:
            return [TUPLE, *(self.pack(item, depth + 1) for item in value)]
        if isinstance(value, dict):
            return [DICT, *(self.pack(part, depth + 1) for item in dict.items(value) for part in item)]
        if kind is complex:
            return [COMPLEX, value.real, value.imag]
        if kind in (bytes, bytearray):
            return [BYTES, *self._bytes(bytes(value))]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = tuple(field.name for field in dataclasses.fields(value))
            return self._record(value, fields, [getattr(value, name) for name in fields], depth)
        if self.link.accepts_generators is False and kind is np.random.Generator:
            return self._generator(value, depth)
        if _is_tensor(value):
            return [TENSOR, *self._array(value.detach().numpy())]
        return self.link.export(value)

    def _record(self, value, fields, values, depth):
        kind = type(value)
        name = value._name if kind is Record else f"{kind.__module__}:{kind.__qualname__}"
        return [RECORD, name, list(fields), *(self.pack(item, depth + 1) for item in values)]

    def _generator(self, generator, depth):
        # Generators travel one way, grader to worker: the state is an input and never an answer.
        state = generator.bit_generator.state
        return [GENERATOR, state["bit_generator"], self.pack(state, depth + 1)]

    def _array(self, array: np.ndarray):
        if (dtype := array.dtype.newbyteorder("=")) not in NAMES:
            raise WireError(f"an array of dtype {array.dtype} cannot be sent; use one of {', '.join(sorted(DTYPES))}")
        native = np.ascontiguousarray(array, dtype=dtype)
        offset, size = self._bytes(native.reshape(-1).view(np.uint8).data if native.size else b"")
        return NAMES[dtype], list(array.shape), offset, size

    def _bytes(self, data):
        size = len(data)
        if self.offset + size > MAX_BLOB:
            raise WireError(f"more than {MAX_BLOB >> 20} MB in one call")
        self.blob.append(data)
        self.offset += size
        return self.offset - size, size


class Unpacker:
    """Rebuild one value from a decoded structure and its blob, believing nothing."""

    def __init__(self, link: Link, blob):
        self.link = link
        self.blob = blob
        self.taken = 0

    def unpack(self, node, depth: int = 0):
        kind = type(node)
        if kind in IMMEDIATE or kind is int:
            return node
        if kind is not list or not node or depth > MAX_DEPTH:
            raise WireError("malformed value")
        tag, *parts = node
        if tag == ARRAY:
            return self._array(parts)
        if tag == LIST:
            return [self.unpack(part, depth + 1) for part in parts]
        if tag == TUPLE:
            return tuple(self.unpack(part, depth + 1) for part in parts)
        if tag == SCALAR:
            return self._scalar(parts)
        if tag == RECORD:
            return self._record(parts, depth)
        if tag == DICT:
            return self._dict([self.unpack(part, depth + 1) for part in parts])
        if tag == TENSOR:
            torch = sys.modules.get("torch")  # never imported for a submission's sake
            return torch.from_numpy(self._array(parts)) if torch else self._array(parts)
        return self._rare(tag, parts, depth)

    def _rare(self, tag, parts, depth):
        if tag == BIGINT and len(parts) == 1 and type(parts[0]) is str and len(parts[0]) <= MAX_BIGINT_DIGITS:
            return int(parts[0], 16)
        if tag == COMPLEX and len(parts) == 2 and all(type(part) is float for part in parts):
            return complex(*parts)
        if tag == BYTES and len(parts) == 2:
            return bytes(self._slice(*parts))
        if tag == MINE and len(parts) == 2 and type(parts[0]) is int and type(parts[1]) is str:
            return self.link.represent(parts[0], parts[1])
        if tag == YOURS and len(parts) == 1 and type(parts[0]) is int:
            return self.link.resolve(parts[0])
        if tag == GENERATOR and len(parts) == 2 and self.link.accepts_generators and parts[0] in BIT_GENERATORS:
            bits = getattr(np.random, parts[0])()
            bits.state = self.unpack(parts[1], depth + 1)
            return np.random.Generator(bits)
        raise WireError("malformed value")

    def _slice(self, offset, size):
        if type(offset) is not int or type(size) is not int or not 0 <= offset <= offset + size <= len(self.blob):
            raise WireError("malformed reference")
        self.taken += size
        if self.taken > len(self.blob):  # every byte belongs to one value, or a small frame could fill the memory
            raise WireError("overlapping references")
        return self.blob[offset : offset + size]

    def _array(self, parts) -> np.ndarray:
        if len(parts) != 4 or parts[0] not in DTYPES or type(parts[1]) is not list or len(parts[1]) > 32:
            raise WireError("malformed array")
        dtype, shape = np.dtype(parts[0]), parts[1]
        if not all(type(length) is int and 0 <= length < 1 << 40 for length in shape):
            raise WireError("malformed shape")
        data = self._slice(parts[2], parts[3])
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("the shape and the bytes of an array disagree")
        try:
            return np.frombuffer(data, dtype).reshape(shape).copy()
        except ValueError as error:
            raise WireError(f"malformed array: {error}") from None

    def _scalar(self, parts):
        array = self._array(parts)
        if array.shape != ():
            raise WireError("malformed scalar")
        return array[()]

    def _record(self, parts, depth):
        if len(parts) < 2 or type(parts[0]) is not str or type(parts[1]) is not list:
            raise WireError("malformed record")
        fields = tuple(parts[1])
        if len(fields) != len(parts) - 2 or len(set(map(str, fields))) != len(fields):
            raise WireError("malformed record")
        if not all(type(name) is str and name.isidentifier() and name[0] != "_" and len(name) < 65 for name in fields):
            raise WireError("malformed field name")
        return self.link.record(parts[0][:200], fields, [self.unpack(part, depth + 1) for part in parts[2:]])

    def _dict(self, parts):
        if len(parts) % 2 or len(parts) > 2 * MAX_ENTRIES:
            raise WireError("malformed or too large a dict")
        try:
            return dict(zip(parts[::2], parts[1::2], strict=True))
        except TypeError:
            raise WireError("malformed dict: a key is not hashable") from None


def encode(value, link: Link) -> list:
    """Return the pieces of one frame: header, structure, then the blob's parts."""
    packer = Packer(link)
    try:
        structure = _encoder.encode(packer.pack(value))
    except (RecursionError, UnicodeEncodeError, OverflowError) as error:
        raise WireError(f"cannot be sent: {error}") from None
    if len(structure) > MAX_STRUCTURE:
        raise WireError(f"more than {MAX_STRUCTURE >> 20} MB of lists, numbers or text in one call; use arrays")
    return [HEADER.pack(len(structure), packer.offset), structure, *packer.blob]


def lengths(header: bytes) -> tuple[int, int]:
    """Read a header; raise WireError before anything is allocated for a frame that is too large."""
    structure, blob = HEADER.unpack(header)
    if structure > MAX_STRUCTURE or blob > MAX_BLOB:
        raise WireError(f"a frame of {structure} + {blob} bytes is too large")
    return structure, blob


def decode(structure, blob, link: Link):
    """Rebuild the value of one frame; raise WireError for anything malformed."""
    try:
        return Unpacker(link, memoryview(blob)).unpack(_decoder.decode(structure))
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, MemoryError) as error:
        raise WireError(f"malformed frame: {type(error).__name__}") from None


def _digits(value: int) -> str:
    digits = hex(value)
    if len(digits) > MAX_BIGINT_DIGITS:
        raise WireError("an int of more than 1,500 bits cannot be sent")
    return digits


def _is_tensor(value) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter)
