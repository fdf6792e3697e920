"""Bytes to and from a worker, under a deadline that the grader keeps."""

from __future__ import annotations

import select
import socket
import time
from typing import Protocol

from autograder.sandbox.faults import Crashed, OutOfTime
from autograder.sandbox.inside.peer import Inbox, checked
from autograder.sandbox.inside.wire import Link, WireError, decode, lengths

TICK = 0.1  # seconds between looks at the memory while waiting


class Watch(Protocol):
    """Who is told, and asked, while a line waits: the sandbox."""

    def check_memory(self) -> None: ...

    def more_time(self, waited: float) -> float: ...

    def note(self, cause: str) -> None: ...


class Line:
    """One socket. Whatever comes and goes, the clock and, at every tick, the memory are looked at."""

    def __init__(self, sock: socket.socket, watch: Watch, deadline: float):
        self.sock, self.watch, self.deadline = sock, watch, deadline
        self.looked = self.began = time.monotonic()
        self.waited, self.left = 0.0, deadline - self.began
        self.inbox = Inbox(self._arriving)
        self.poll = {writing: select.poll() for writing in (False, True)}
        self.poll[False].register(sock, select.POLLIN)
        self.poll[True].register(sock, select.POLLOUT)
        sock.setblocking(False)

    def pause(self) -> None:
        """Stop the clock: what the grader does between two requests is not the student's time."""
        now = time.monotonic()
        self.waited += now - self.began
        self.left = self.deadline - now

    def resume(self) -> None:
        """Let the clock run again."""
        self.began = time.monotonic()
        self.deadline = self.began + self.left

    def send(self, parts: list) -> None:
        """Send all parts, or raise the fault that prevents it."""
        data = memoryview(b"".join(parts))
        while data:
            self._look()
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                self._wait(writing=True)
            except OSError:
                raise self._ended() from None

    def receive(self, size: int) -> bytearray:
        """Return exactly `size` bytes, or raise the fault that prevents it."""
        return self.inbox.take(size)

    def message(self):
        """Receive one message of plain data, as the control socket carries them."""
        try:
            structure, blob = lengths(self.receive(8))
            return checked(decode(self.receive(structure), self.receive(blob), Link()))
        except WireError:
            raise Crashed("the worker broke the protocol") from None

    def _arriving(self, most: int) -> bytes:
        while True:
            self._look()
            try:
                data = self.sock.recv(most)
            except BlockingIOError:
                self._wait(writing=False)
                continue
            except OSError:
                data = b""
            if not data:
                raise self._ended()
            return data

    def _look(self) -> None:
        now = time.monotonic()
        if now >= self.deadline:
            self.deadline += self.watch.more_time(self.waited + now - self.began)
        if now >= self.deadline:
            cause = "stopped: it took too long"
            self.watch.note(cause)
            raise OutOfTime(cause)
        if now - self.looked > TICK:
            self.looked = now
            self.watch.check_memory()

    def _wait(self, writing: bool) -> None:
        left = max(self.deadline - time.monotonic(), 0.0)
        self.poll[writing].poll(1000 * min(left, TICK))

    def _ended(self) -> Crashed:
        self.watch.note("a process of the submission ended in the middle of a call")
        return Crashed("the process ended in the middle of a call (does it call exit, or crash?)")
