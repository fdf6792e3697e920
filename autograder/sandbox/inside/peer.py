"""One end of a conversation over a socket: it asks, and answers what it is asked meanwhile.

Messages are lists: `["call", target, name, args, kwargs]` and `["get", target, name]` ask;
`["return", value]` and `["raise", kind, text, where, todo]` answer. Both sides speak the same protocol, so a
function that the grader passes as an argument is called back through the wire in the middle of a call.
"""

from __future__ import annotations

from .wire import HEADER, MAX_DEPTH, MINE, YOURS, Link, WireError, decode, encode, lengths

CHUNK = 1 << 16
MAX_TEXT = 4000  # characters of an exception's message that travel


class Inbox:
    """Bytes that have arrived and are not read yet: small frames cost one system call, large ones no copy ahead."""

    def __init__(self, receive):
        self.receive = receive  # (most bytes to take) -> bytes, at least one
        self.pending = bytearray()

    def take(self, size: int) -> bytearray:
        """Return exactly `size` bytes; memory grows with what arrives, not with what was announced."""
        pending = self.pending
        while len(pending) < size:
            pending += self.receive(max(CHUNK, min(size - len(pending), 16 * CHUNK)))
        if len(pending) == size:
            self.pending = bytearray()
            return pending
        self.pending = pending[size:]
        del pending[size:]
        return pending


def checked(message):
    """Return a message that has a message's form: a list that begins with a word; raise WireError for others."""
    if type(message) is not list or not message or type(message[0]) is not str:
        raise WireError("not a message")
    return message


class Remote:
    """Stands for an object on the other side."""

    __slots__ = ("_key", "_name", "_peer")

    def __init__(self, peer, key, name):
        self._peer, self._key, self._name = peer, key, name

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._peer.ask(["get", self._key, name])

    def __call__(self, *args, **kwargs):
        return self._peer.ask(["call", self._key, "", list(args), kwargs])

    def __repr__(self):
        return f"<{self._name} on the other side>"


class Peer(Link):
    """The protocol. A side says how bytes move, what may be reached, and how exceptions are told."""

    remote = Remote

    def __init__(self):
        self.objects: dict[int, object] = {}
        self.depth = 0

    # what a side provides

    def send_bytes(self, parts: list) -> None:
        raise NotImplementedError

    def receive_bytes(self, size: int):
        raise NotImplementedError

    def reach(self, target, name: str):
        """Return the object that a request names, or raise WireError."""
        raise NotImplementedError

    def describe(self, error: BaseException) -> list:
        """Return `[kind, text, where, todo]` for an exception raised here."""
        raise NotImplementedError

    def failure(self, kind: str, text: str, where: str, todo: str) -> BaseException:
        """Return the exception to raise here for one raised on the other side."""
        raise NotImplementedError

    # the protocol

    def ask(self, message: list):
        """Send a request and return its answer."""
        self.send(message)
        return self.wait()

    def wait(self):
        """Return the answer to the request just sent, serving requests that arrive meanwhile."""
        while True:
            match checked(self.receive()):
                case ["return", value]:
                    return value
                case ["raise", str(kind), str(text), str(where), str(todo)]:
                    raise self.failure(kind[:200], text[:MAX_TEXT], where[:500], todo[:20])
                case ["call" | "get", *_] as request:
                    self.answer(request)
                case _:
                    raise WireError("unexpected message")

    def answer(self, request: list) -> None:
        """Serve one request and send the answer."""
        if self.depth >= MAX_DEPTH:
            raise WireError("calls nested too deeply")
        self.depth += 1
        try:
            reply = encode(["return", self.perform(request)], self)
        except WireError as error:
            reply = encode(["raise", "TypeError", str(error)[:MAX_TEXT], "", ""], self)
        except BaseException as error:
            if self.is_fatal(error):
                raise
            reply = encode(["raise", *self.describe(error)], self)
        finally:
            self.depth -= 1
        self.send_bytes(reply)

    def perform(self, request: list):
        match request:
            case ["get", target, str(name)]:
                return self.reach(target, name)
            case ["call", target, str(name), list(args), dict(kwargs)] if all(type(key) is str for key in kwargs):
                return self.reach(target, name)(*args, **kwargs)
        raise WireError("malformed request")

    def is_fatal(self, error: BaseException) -> bool:
        """Tell whether an exception ends the conversation instead of being reported to the other side."""
        return False

    def send(self, message) -> None:
        self.send_bytes(encode(message, self))

    def receive(self):
        structure, blob = lengths(self.receive_bytes(HEADER.size))
        return decode(self.receive_bytes(structure), self.receive_bytes(blob) if blob else b"", self)

    # values that stay where they are

    def keep(self, value) -> int:
        key = len(self.objects) + 1
        self.objects[key] = value
        return key

    def export(self, value) -> list:
        if isinstance(value, Remote):
            return [YOURS, value._key]
        return [MINE, self.keep(value), self.name_of(value)]

    def name_of(self, value) -> str:
        return type(value).__name__

    def resolve(self, key: int):
        if key not in self.objects:
            raise WireError(f"no object {key!r} on this side")
        return self.objects[key]

    def represent(self, key: int, name: str):
        return self.remote(self, key, name[:80])
