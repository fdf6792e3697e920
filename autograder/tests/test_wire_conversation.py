"""A live conversation with a scripted peer ends in a value or a known outcome, whatever the peer sends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox.box import Line
from autograder.sandbox.faults import Crashed, Fault
from autograder.sandbox.inside.wire import HEADER
from autograder.sandbox.student import Conversation, RemoteObject, StudentProxy
from autograder.tests.wires import NODES, equal, few
from course.testing import Mismatch, StudentError
from course.testing.recorder import Recorder


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
