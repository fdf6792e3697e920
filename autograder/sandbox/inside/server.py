"""The worker: imports the submission once, then forks for every test and serves its calls.

The grader hands over a socket for each test; the fork answers on it and ends when it closes. Nothing that this
process says is believed beyond the values that tests ask for.
"""

from __future__ import annotations

import importlib
import os
import re
import socket
import traceback

from . import restrict
from .peer import MAX_TEXT, Inbox, Peer, Remote
from .wire import Link, WireError, decode, encode, lengths

TODO = re.compile(r"\d+\.\d+")  # what a skeleton's NotImplementedError says: the exercise


def read(sock: socket.socket, size: int) -> bytearray:
    """Read exactly `size` bytes; raise EOFError when the grader is gone."""
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = sock.recv_into(view[done:])
        if not count:
            raise EOFError
        done += count
    return data


class Student(Peer):
    """Serves one test: calls and attributes of the submitted modules and of what they returned."""

    accepts_generators = True

    def __init__(self, sock: socket.socket, modules: dict, faults: dict):
        super().__init__()
        self.sock, self.modules, self.faults = sock, modules, faults
        self.inbox = Inbox(self._arriving)

    def send_bytes(self, parts: list) -> None:
        self.sock.sendall(b"".join(parts))

    def receive_bytes(self, size: int):
        return self.inbox.take(size)

    def _arriving(self, most: int) -> bytes:
        data = self.sock.recv(most)
        if not data:
            raise EOFError
        return data

    def reach(self, target, name: str):
        if type(target) is int:
            owner = self.resolve(target)
        elif target in self.faults:
            raise ImportFault(self.faults[target])
        elif target in self.modules:
            owner = self.modules[target]
        else:
            raise WireError(f"no module {target}")
        if not name:
            return owner
        if not hasattr(owner, name) and type(target) is str:
            raise AttributeError(f"{target}.py has no `{name}`: was it renamed or deleted?")
        return getattr(owner, name)

    def describe(self, error: BaseException) -> list:
        if isinstance(error, ImportFault):
            return error.fault
        return describe(error)

    def is_fatal(self, error: BaseException) -> bool:
        return isinstance(error, (EOFError, ConnectionError))

    def failure(self, kind: str, text: str, where: str, todo: str) -> BaseException:
        known = {"ValueError": ValueError, "TypeError": TypeError, "IndexError": IndexError}
        return known.get(kind, RuntimeError)(text)

    def represent(self, key: int, name: str):
        if name.startswith("env:"):
            from .environment import RemoteEnv

            return RemoteEnv(self, key, self.ask(["get", key, "description"]))
        return Remote(self, key, name)

    def record(self, name: str, fields: tuple, values: list):
        """Rebuild the class where the submission or `course` defines it, else an equal NamedTuple."""
        module, _, kind = name.partition(":")
        if module.split(".")[0] == "course":
            owner = importlib.import_module(module)
        else:
            owner = self.modules.get(module)
        found = getattr(owner, kind, None)
        if isinstance(found, type):
            try:
                return found(**dict(zip(fields, values, strict=True)))
            except TypeError:
                pass  # the student changed the class; equal fields serve as well
        from collections import namedtuple

        return namedtuple(kind.rpartition(".")[2], fields)(*values)

    def run(self) -> None:
        try:
            while True:
                self.answer(self.receive())
        except (EOFError, ConnectionError, WireError):
            pass


class ImportFault(Exception):
    """A module could not be imported; carries the description made then."""

    def __init__(self, fault: list):
        self.fault = fault


def describe(error: BaseException) -> list:
    """Return `[kind, text, where, todo]` of an exception, reading as little of it as possible."""
    kind = type(error).__name__
    try:
        text = str(error)[:MAX_TEXT]
    except BaseException:
        text = "(its message could not be read)"
    todo = text if isinstance(error, NotImplementedError) and TODO.fullmatch(text) else ""
    if isinstance(error, SyntaxError):
        return [kind, text, f"{os.path.basename(error.filename or '?')}:{error.lineno}", ""]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/submission/" in f.filename]
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return [
        kind,
        text.encode("utf-8", "replace").decode(),
        where.encode("utf-8", "replace").decode(),
        todo[:20],
    ]


class Control(Link):
    """The conversation between tests: messages of plain data on the control socket."""

    def __init__(self, sock: socket.socket):
        self.sock = sock

    def send(self, message: list) -> None:
        self.sock.sendall(b"".join(encode(message, self)))

    def receive(self) -> tuple[list, list[int]]:
        """Return the next message and the descriptors that came with it."""
        header, descriptors, _, _ = socket.recv_fds(self.sock, 8, 2)
        if len(header) < 8:
            raise EOFError
        structure, blob = lengths(header)
        message = decode(read(self.sock, structure), read(self.sock, blob), self)
        return message, descriptors


def import_all(names: list[str], faults: dict, control: Control) -> dict:
    """Import the submitted modules in order, telling the grader before each, and keep what goes wrong."""
    modules = {}
    for name in names:
        if name in faults:
            continue
        control.send(["importing", name])
        try:
            modules[name] = importlib.import_module(name)
        except BaseException as error:
            faults[name] = describe(error)
    return modules


def serve(control: Control, names: list[str], faults: dict, isolated: bool) -> None:
    """Import, then fork for every test until the grader hangs up."""
    modules = import_all(names, faults, control)
    control.send(["ready"])
    child = 0
    while True:
        message, descriptors = control.receive()
        if message[0] == "test":
            child = os.fork()
            if child == 0:
                try:
                    control.sock.close()
                    if isolated:
                        restrict.die_with_parent()  # a fork does not inherit it
                    Student(socket.socket(fileno=descriptors[0]), modules, faults).run()
                finally:
                    os._exit(0)
            os.close(descriptors[0])
            control.send(["forked", child])
        elif message[0] == "end":
            control.send(["ended", reap(child)])


def reap(child: int) -> int:
    """Wait for the test's process, which the grader has ended, and return its wait status."""
    status = 0
    try:
        status = os.waitpid(child, 0)[1]
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # none left
    return status
