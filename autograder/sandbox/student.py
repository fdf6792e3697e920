"""The student as a hidden test sees it in grading: a proxy whose every call goes over the wire.

The same `student.lqr.backward(...)` that reaches an imported module on a student's machine reaches the worker
here. Values come back as plain data; objects stay in the worker and are reached through handles; functions and
environments that a test passes as arguments stay here and are called back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from autograder.sandbox.faults import Crashed, Fault, OutOfTime
from autograder.sandbox.inside.peer import Peer, Remote
from autograder.sandbox.inside.wire import WireError, encode
from autograder.sandbox.line import Line
from course.testing import Mismatch, StudentError
from course.testing.callbacks import guarded
from course.testing.recorder import ENDED, REFUSED, Recorder

MAX_OBJECTS = 10_000  # handles and callbacks of one test


class EnvService:
    """Serves a Gymnasium environment to the worker: these names and no others."""

    served = ("reset", "step", "description")

    def __init__(self, env):
        self.env = env
        self.description = {
            "observation_space": describe_space(env.observation_space),
            "action_space": describe_space(env.action_space),
        }

    def reset(self, seed=None, options=None):
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, _plain(info)

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), bool(terminated), bool(truncated), _plain(info)


def describe_space(space) -> dict:
    """Describe a Box or Discrete space as plain data."""
    kind = type(space).__name__
    if kind == "Discrete":
        return {"kind": kind, "n": int(space.n), "start": int(space.start)}
    if kind == "Box":
        return {"kind": kind, "low": space.low, "high": space.high}
    raise WireError(f"a {kind} space cannot be described; use Box or Discrete")


def _plain(info: dict) -> dict:
    return {key: value for key, value in info.items() if isinstance(value, (bool, int, float, str, np.ndarray))}


def _objects(value) -> Iterator[RemoteObject]:
    """Yield the submission's objects in an answer, wherever it holds them."""
    if isinstance(value, RemoteObject):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _objects(item)


class RemoteObject(Remote):
    """A module, function, class or instance of the submission."""

    __slots__ = ()

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._peer.attribute(self, name)

    def __call__(self, *args, **kwargs):
        return self._peer.call(self, args, kwargs)

    def __repr__(self):
        return f"<{self._name}>"


class StudentProxy:
    """`student` in a hidden test: `student.lqr.backward(...)`."""

    def __init__(self, conversation: Conversation, modules: tuple[str, ...]):
        self._conversation, self._modules = conversation, modules

    def __getattr__(self, name):
        if name not in self._modules:
            raise AttributeError(f"this homework has no module {name}; it has {', '.join(self._modules)}")
        return RemoteObject(self._conversation, name, name)


class Conversation(Peer):
    """The grader's end of one test: asks, keeps what must stay here, and remembers the first fault."""

    remote = RemoteObject

    def __init__(self, line: Line, recorder: Recorder | None = None):
        super().__init__()
        self.line = line
        self.recorder = recorder
        self.fault: Fault | None = None
        self.objection: Mismatch | None = None  # raised by a callback, and not to be swallowed by who called it

    def attribute(self, owner: RemoteObject, name: str):
        return self.named(self.request(["get", owner._key, name], f"{owner._name}.{name}"), f"{owner._name}.{name}")

    def call(self, target: RemoteObject, args, kwargs):
        value = self.request(["call", target._key, "", list(args), kwargs], target._name)
        return self.named(value, f"{target._name}()", target._name)

    def named(self, value, name: str, path: str = ""):
        """Return an answer: objects, also those within data, with their name; data written down."""
        for remote in _objects(value):
            remote._name = name
        if not isinstance(value, RemoteObject):
            self.note(path or name, value)
        return value

    def note(self, path: str, value) -> None:
        if self.recorder is not None:
            self.recorder.add(path, value)

    def request(self, message: list, who: str):
        """Ask the worker; a fault ends the conversation for good."""
        if self.fault:
            raise self.fault
        parts = encode(message, self)  # a WireError here is the test's mistake, not the student's
        outermost = self.depth == 0  # a callback may ask the student in its turn, while the clock runs
        if outermost:
            self.objection = None  # of an earlier call, which went on all the same
            self.line.resume()
        try:
            self.send_bytes(parts)
            return self.foreign(self.wait())
        except WireError as error:
            self.fault = Crashed(f"{who}: the answer was not a value that can be read ({error})")
            raise self.fault from None
        except Fault as fault:
            if self.recorder is not None and self.fault is None and isinstance(fault, OutOfTime):
                self.recorder.entries.append(ENDED)
            self.fault = fault
            raise
        except StudentError as error:
            if self.objection is not None:
                self.note(who, REFUSED)
                raise self.objection from None
            self.note(who, f"raised {error.kind}")
            raise
        finally:
            if outermost:
                self.line.pause()

    def foreign(self, value):
        """Return an answer; refuse one of our own functions, which a test would take for the student's."""
        if callable(value) and any(value is ours for ours in self.objects.values()):
            raise WireError("a function of the test's came back")
        return value

    # Peer

    def send_bytes(self, parts: list) -> None:
        self.line.send(parts)

    def receive_bytes(self, size: int):
        return self.line.receive(size)

    def reach(self, target, name: str):
        value = self.resolve(target)
        if not name and callable(value) and not hasattr(value, "served"):
            return value
        if name in getattr(value, "served", ()):
            return getattr(value, name)
        raise WireError(f"nothing called {name!r} is offered")

    def keep(self, value) -> int:
        if len(self.objects) >= MAX_OBJECTS:
            raise WireError("too many callbacks in one test")
        return super().keep(value)

    def export(self, value) -> list:
        gymnasium = sys.modules.get("gymnasium")
        if gymnasium and isinstance(value, gymnasium.Env):
            value = EnvService(value)
        if isinstance(value, Remote) or hasattr(value, "served"):
            return super().export(value)
        if callable(value):
            return super().export(guarded(value))
        raise WireError(f"a test passes a {type(value).__name__}, which cannot be sent")

    def name_of(self, value) -> str:
        return "env:" if isinstance(value, EnvService) else "function"

    def describe(self, error: BaseException) -> list:
        """Tell the worker what a callback raised: our own refusals in full, anything else by its name only."""
        if isinstance(error, Mismatch):
            self.objection = error
        text = str(error) if isinstance(error, (ValueError, TypeError, Mismatch)) else "the grader's function failed"
        return [type(error).__name__, text[:500], "", ""]

    def is_fatal(self, error: BaseException) -> bool:
        return isinstance(error, Fault) or not isinstance(error, Exception)

    def failure(self, kind: str, text: str, where: str, todo: str) -> BaseException:
        return StudentError(kind=kind, message=text, where=where, todo=todo)
