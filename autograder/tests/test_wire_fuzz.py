"""The wire under random values and hostile frames, and the three shapes of student code through a real sandbox."""

from __future__ import annotations

import dataclasses
import math
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.homework import Limits
from autograder.sandbox import probe
from autograder.sandbox.box import Line, Sandbox
from autograder.sandbox.faults import Crashed, Fault
from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import HEADER, Link, Record, WireError, decode, encode, lengths
from autograder.sandbox.student import Conversation, RemoteObject, StudentProxy
from autograder.sandbox.tiers import TIERS
from course.testing import Mismatch, StudentError
from course.testing.recorder import Recorder

few = settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


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


# ---------------------------------------------------------------- values

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


# ---------------------------------------------------------------- hostile frames

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


# ---------------------------------------------------------------- a live conversation with a scripted peer


class NoBox:
    """Stands for the sandbox that a line reports to."""

    def __init__(self):
        self.causes = []

    def note(self, cause: str) -> None:
        self.causes.append(cause)

    def check_memory(self) -> None:
        pass

    def more_time(self, waited: float) -> float:
        return 0.0


def frame(message: list, blob: bytes = b"") -> bytes:
    """Return one frame whose structure is `message` as it stands."""
    structure = msgspec.msgpack.encode(message)
    return HEADER.pack(len(structure), len(blob)) + structure + blob


def converse(script: Callable[[socket.socket], None], seconds: float = 2.0) -> Any:
    """Ask a peer that follows `script` for `student.m.f`, and call it with a callback; return what comes of it."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)

    def play():
        with theirs:
            try:
                script(theirs)
            except OSError:
                pass

    thread = threading.Thread(target=play)
    thread.start()
    try:
        conversation = Conversation(Line(ours, NoBox(), time.monotonic() + seconds), Recorder())
        student = StudentProxy(conversation, ("m",))
        try:
            return student.m.f(lambda x: 2 * x, np.zeros(3))
        except (Fault, StudentError, Mismatch) as error:
            return error
    finally:
        ours.close()
        thread.join(10)
        assert not thread.is_alive()


FUNCTION = frame([0, "return", [11, 1, "f"]])


def answering(*frames: bytes) -> Callable[[socket.socket], None]:
    """A peer that answers the first question with a function, and the call with these bytes."""

    def script(sock):
        sock.recv(1 << 16)
        sock.sendall(FUNCTION)
        sock.recv(1 << 16)
        for data in frames:
            sock.sendall(data)

    return script


def test_an_honest_script_is_understood():
    assert equal(converse(answering(frame([0, "return", 7]))), 7)
    error = converse(answering(frame([0, "raise", "ValueError", "no", "m.py:1", ""])))
    assert type(error) is StudentError and "no" in str(error)


HOSTILE = {
    "nothing": b"",
    "half a header": b"\0\0\0",
    "half a frame": frame([0, "return", "A" * 100])[:50],
    "huge lengths": b"\xff" * 8,
    "an empty structure": HEADER.pack(0, 0),
    "noise": bytes(range(256)) * 40,
    "no list": frame("return"),
    "an unknown word": frame([0, "passed"]),
    "an answer without a value": frame([0, "return"]),
    "an answer with two": frame([0, "return", 1, 2]),
    "raise without text": frame([0, "raise", "E"]),
    "raise with numbers": frame([0, "raise", 1, 2, 3, 4]),
    "a bad number": frame([0, "return", [6, "zz"]]),
    "a dtype that is a list": frame([0, "return", [3, [], [], 0, 0]]),
    "objects": frame([0, "return", [3, "object", [1], 0, 8]], bytes(8)),
    "a huge shape": frame([0, "return", [3, "float64", [1 << 39, 1 << 39], 0, 8]], bytes(8)),
    "overlap": frame([0, "return", [0, *[[8, 0, 1 << 20]] * 500]], bytes(1 << 20)),
    "an object of ours that is not": frame([0, "return", [12, 99]]),
    "a state": frame([0, "return", [10, "PCG64", [2]]]),
    "deep": HEADER.pack(60_000, 0) + b"\x92\x00" * 30_000,
    "malformed requests": frame([0, "call"])
    + frame([0, "get", 1])
    + frame([0, "call", 1, "", 1, 1])
    + frame([0, "nope"]),
    "requests for insides": b"".join(frame([0, "get", 1, name]) for name in ("__globals__", "__call__", "served")),
    "requests with odd targets": b"".join(frame([0, "get", target, "x"]) for target in ([0], [2], None, 1.5, "m", -1)),
    "calls with odd arguments": frame([0, "call", 1, "", [0, [12, 1]], [2, "x", [12, 1]]])
    + frame([0, "call", 1, "", [0], [2, 1, 1]]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_end_in_a_crash_and_nothing_else(name):
    outcome = converse(answering(HOSTILE[name]))
    assert isinstance(outcome, Crashed), outcome
    assert outcome.status == "error" and outcome.cause


@few
@given(st.lists(NODES, max_size=4), st.binary(max_size=30))
def test_random_frames_end_in_a_value_or_a_known_outcome(nodes, blob):
    converse(answering(*(frame([0, "return", node], blob) for node in nodes)))
    converse(answering(*(frame(node) for node in nodes), blob))


def test_a_function_of_ours_is_no_answer():
    outcome = converse(answering(frame([0, "return", [12, 1]])))
    assert isinstance(outcome, Crashed) and "came back" in outcome.cause


@pytest.mark.parametrize("message", [[3, ["float64", [2], 0, 16], 5], [0, 5], [0], 7, [0, ["x"], 1]])
def test_what_is_no_message_is_a_clean_crash(message):
    assert isinstance(converse(answering(frame(message, b"\0" * 16))), Crashed)


def test_a_flood_of_callbacks_ends_when_the_time_is_up():
    flood = frame([0, "get", 1, "x"]) * 500

    def script(sock):
        answering()(sock)
        threading.Thread(target=lambda: [None for _ in iter(lambda: drained(sock), b"")], daemon=True).start()
        while True:
            sock.sendall(flood)

    outcome = converse(script, seconds=0.5)
    assert isinstance(outcome, Fault) and outcome.status == "timeout"


def drained(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1 << 20)
    except OSError:
        return b""


def test_a_peer_that_drips_ends_when_the_time_is_up():
    def script(sock):
        answering(HEADER.pack(1000, 0))(sock)
        while True:
            sock.sendall(b"\xc0")
            time.sleep(0.01)

    assert converse(script, seconds=0.3).status == "timeout"


def test_callbacks_beyond_the_count_are_refused_and_the_rest_goes_on():
    def script(sock):
        answering()(sock)
        for _ in range(10_010):  # each makes the grader keep one object more
            sock.sendall(frame([0, "get", 1, ""]))
            sock.recv(1 << 16)
        sock.sendall(frame([0, "return", 5]))

    assert converse(script, seconds=20) == 5


def test_forged_handles_cannot_reach_underscored_names():
    handle = converse(answering(frame([0, "return", [11, 1 << 40, "__import__('os')"]])))
    assert type(handle) is RemoteObject
    for name in ("__array__", "_fields", "__globals__"):
        with pytest.raises(AttributeError):
            getattr(handle, name)
    assert np.asarray(handle, dtype=object).shape == ()


def test_large_answers_are_not_kept_for_the_diagnosis():
    megabyte = 1 << 20
    big = frame([0, "return", [3, "uint8", [5 * megabyte], 0, 5 * megabyte]], bytes(5 * megabyte))
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    with ours, theirs:
        thread = threading.Thread(target=answering(big), args=(theirs,))
        thread.start()
        student = StudentProxy(Conversation(Line(ours, NoBox(), time.monotonic() + 5), recorder), ("m",))
        assert student.m.f(0).nbytes == 5 * megabyte
        thread.join()
    assert [type(value) for _, value in recorder.entries] == [str]


# ---------------------------------------------------------------- three shapes of student code, through a real sandbox

PURE = b"""
import numpy as np
from typing import NamedTuple

class Pair(NamedTuple):
    product: np.ndarray
    dtype: str

def multiply(A, b):
    return Pair(np.asarray(A) @ np.asarray(b), str(A.dtype))
"""

PLANNER = b"""
import numpy as np

def plan(objective, rng, iterations, batch, dim):
    mean, spread = np.zeros(dim), np.ones(dim)
    for _ in range(iterations):
        candidates = mean + spread * rng.normal(size=(batch, dim))
        values = objective(candidates)
        elite = candidates[np.argsort(values)[: batch // 5]]
        mean, spread = elite.mean(axis=0), np.maximum(elite.std(axis=0), 0.05)
    return mean
"""

MODEL = b"""
import torch

class Model:
    def __init__(self, inputs, outputs, rng):
        torch.manual_seed(int(rng.integers(1 << 31)))
        self.net = torch.nn.Linear(inputs, outputs)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.steps = 0

    def train(self, x, y, steps):
        losses = []
        for _ in range(steps):
            loss = ((self.net(x) - y) ** 2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.steps += 1
            losses.append(loss.item())
        return losses

    def predict(self, x):
        return self.net(x).detach()
"""


@pytest.fixture(scope="module")
def tier() -> str:
    """The strongest tier that works here, or `none` where there is no other: this code is ours."""
    return next((tier for tier in TIERS if tier != "none" and not probe.works(tier)), "none")


def test_a_pure_function_of_arrays(tier):
    with Sandbox(tier, Limits(), {"m.py": PURE}, ("m",)) as box, box.test() as student:
        for rows, columns in [(0, 3), (2, 0), (1, 1), (300, 400)]:
            for dtype in "float32", "float64":
                A, b = np.ones((rows, columns), dtype)[::-1], np.arange(columns, dtype=dtype)
                product, name = student.m.multiply(A, b)
                assert equal(A @ b, product) and name == dtype


def test_a_planner_calls_our_objective_in_batches_and_we_count(tier):
    calls, rows = [], []

    def objective(candidates):
        calls.append(len(rows))
        rows.extend([None] * len(candidates))
        return np.sum((candidates - 1.0) ** 2, axis=1)

    with Sandbox(tier, Limits(test_seconds=30), {"m.py": PLANNER}, ("m",)) as box, box.test() as student:
        best = student.m.plan(objective, np.random.default_rng(0), 2_000, 20, 3)
    assert len(calls) == 2_000 and len(rows) == 40_000
    assert np.allclose(best, 1.0, atol=0.2)


def test_a_class_that_holds_a_network_is_made_trained_and_asked(tier):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x = torch.tensor(rng.normal(size=(64, 3)), dtype=torch.float32)
    y = x @ torch.ones(3, 2)
    limits = Limits(test_seconds=30, import_seconds=30)
    with Sandbox(tier, limits, {"m.py": MODEL}, ("m",), preload=("numpy", "torch")) as box:
        with box.test() as student:
            model = student.m.Model(3, 2, rng=rng)
            first = model.train(x, y, 2)
            last = model.train(x, y, 60)
            assert model.steps == 62 and len(last) == 60 and last[-1] < 0.1 * first[0]
            predicted = model.predict(x)
            assert type(predicted) is torch.Tensor and float(((predicted - y) ** 2).mean()) < 0.1
        with box.test() as student:
            assert student.m.Model(3, 2, rng=rng).steps == 0
