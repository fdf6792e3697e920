"""A sandbox for one submission: start it, open a conversation for each test, end everything in time.

Theory of operation. Four kinds of processes:

- the *grader* (this one): holds the tests and the references, keeps the time and the memory, and kills;
- the *template*: has the libraries loaded, nothing of any student's, and forks (`template`);
- the *worker*: a fork of the template that imports the submission. Untrusted from the moment of the import;
- one *fork* of the worker for each test, with a socket of its own, killed with all its children afterwards.

The grader asks the worker for two things only: to fork, and to report how a fork ended. If it does not answer
at once the whole sandbox is killed and a new one is made for the next test. A module whose import kills the
worker is left out of the next one, so that it costs its own exercises and no others.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from autograder.homework import Limits
from autograder.sandbox import processes
from autograder.sandbox.faults import Crashed, Fault, OutOfMemory, OutOfTime, SandboxUnavailable
from autograder.sandbox.inside.wire import Link, encode
from autograder.sandbox.line import Line
from autograder.sandbox.student import Conversation, StudentProxy
from autograder.sandbox.template import Template, fork_worker
from autograder.sandbox.tiers import plan
from course.testing.recorder import Recorder

REMAINS = "autograder-worker-"  # scratch folders: this, the grader's process id, something random
STARVED = 3.0  # a test that is kept from running may take as many times its limit
PROMPT = 5.0  # seconds in which the worker must fork or report; far more than it ever needs


def remove_remains() -> None:
    """Remove the scratch folders of graders that were killed before they could (Linux: it takes /proc to know)."""
    if not os.path.exists("/proc/self"):
        return
    for path in Path(tempfile.gettempdir()).glob(f"{REMAINS}*"):
        owner = path.name.removeprefix(REMAINS).split("-")[0]
        if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            shutil.rmtree(path, ignore_errors=True)


@dataclass
class Sandbox:
    """Runs one submission on one tier.

    Args:
        files: name -> bytes of the handed-in modules, and of the given ones.
        modules: names to import, in order; `student.<name>` in the tests.
    """

    tier: str
    limits: Limits
    files: dict[str, bytes]
    modules: tuple[str, ...]
    preload: tuple[str, ...] = ("numpy",)
    causes: list[str] = field(default_factory=list)
    _template: Template | None = None
    _worker: int = 0
    _control: socket.socket | None = None
    _scratch: str = ""
    _spent: float = 0.0
    _allowed: float = 0.0  # seconds for what is running now
    _suspicious: bool = False
    _faults: dict = field(default_factory=dict)

    def __post_init__(self):
        self._allowed = self.limits.test_seconds
        for name in self.modules:
            if f"{name}.py" not in self.files:
                self._faults[name] = ["ImportError", f"{name}.py was not handed in", "", ""]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # starting and stopping

    def start(self) -> None:
        """Start a worker and import the submission; modules that kill it are recorded and left out."""
        for _ in range(len(self.modules) + 1):
            try:
                self._spawn()
                if self._await_import() is None:
                    return
            except BaseException:
                self._suspicious = True
                self.stop()
                raise
            self._suspicious = True
            self.stop()
        raise Crashed("the worker ended while importing the submission")

    def _spawn(self) -> None:
        self._scratch = tempfile.mkdtemp(prefix=f"{REMAINS}{os.getpid()}-")
        os.chmod(self._scratch, 0o755)
        self._control, theirs = socket.socketpair()
        with theirs, open(f"{self._scratch}/output", "ab") as output:
            self._template, self._worker = fork_worker(self.tier, self.limits, self.preload, theirs, output.fileno())
        told = plan(self.tier, self.limits, self._inner())
        told |= {"files": self.files, "modules": list(self.modules), "faults": self._faults}
        with contextlib.suppress(OSError):  # a worker that died already is noticed by who waits for it
            self._control.sendall(b"".join(encode(told, Link())))

    def _inner(self) -> str:
        """Return the scratch folder as the worker knows it."""
        return f"/tmp/{os.path.basename(self._scratch)}" if self.tier == "bubblewrap" else self._scratch

    def _await_import(self) -> str | None:
        """Wait until the submission is imported; return the module that killed the worker, or None."""
        line = Line(self._control, self, time.monotonic() + self.limits.import_seconds + PROMPT)
        importing, causes, waiting = None, list(self.causes), set(self.modules)
        try:
            while True:
                match line.message():
                    case ["importing", str(name)] if name in waiting:  # once each: it sets the clock
                        waiting.discard(name)
                        importing, line.deadline = name, time.monotonic() + self.limits.import_seconds
                    case ["ready"]:
                        return None
                    case _:
                        raise Crashed("the worker broke the protocol")
        except Fault as fault:
            if importing is None:
                raise SandboxUnavailable(f"{self.tier}: the worker did not start: {self.output_tail()}") from None
            if importing in self._faults:
                raise
            text = {"timeout": "importing it took too long", "memory": "importing it used too much memory"}
            self.causes = causes
            ended = "importing it ended the process (does it call exit?)"
            reason = text.get(fault.status, fault.cause if "protocol" in fault.cause else ended)
            self.note(f"{importing}.py: {reason}")
            self._faults[importing] = [type(fault).__name__, f"{importing}.py: {reason}", "", ""]
            return importing

    def stop(self) -> None:
        """Kill everything of this submission and remove its traces."""
        if self._template is not None:
            if self._template.alive:
                suspicious = self._suspicious or bool(self.causes)
                self._template.release(self._inner(), list(self.files), suspicious)
            self._template, self._worker = None, 0
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = ""

    # tests

    @contextlib.contextmanager
    def test(self, recorder: Recorder | None = None, most: float = math.inf):
        """Open a conversation with a fresh fork of the worker: yields the `student` of one test.

        most: seconds, where the test is to end sooner than the homework's limits have it.
        """
        if self._spent >= self.limits.submission_seconds:
            raise OutOfTime(f"the submission used up its {self.limits.submission_seconds:g} s")
        began = time.monotonic()
        if not self._worker:
            try:
                self.start()
            finally:
                self._spent += time.monotonic() - began
        ours, theirs = socket.socketpair()
        self._allowed = min(most, self.limits.test_seconds)
        seconds = min(self._allowed, self.limits.submission_seconds - self._spent)
        line = Line(ours, self, time.monotonic() + seconds)
        line.pause()
        try:
            with theirs:
                self._fork(theirs)
            yield StudentProxy(Conversation(line, recorder), self.modules)
        finally:
            ours.close()
            began, self._allowed = time.monotonic(), self.limits.test_seconds
            self._end_test()
            self._spent += line.waited + time.monotonic() - began

    def _fork(self, theirs: socket.socket) -> None:
        try:
            frame = b"".join(encode(["test"], Link()))
            socket.send_fds(self._control, [frame], [theirs.fileno()])
            match Line(self._control, self, time.monotonic() + PROMPT).message():
                case ["forked", int()]:
                    return
        except (Fault, OSError):
            pass
        self._suspicious = True
        self.stop()
        raise Crashed("the worker could not start a test: something in the submission broke it")

    def _end_test(self) -> None:
        """Kill what the test left, and hear how its process ended; a worker that is slow to tell is killed."""
        if not self._worker:
            return
        self._suspicious |= self._template.kill(spare=[self._worker]) > 1  # more than the test's own process
        self._check_output()
        try:
            self._control.sendall(b"".join(encode(["end"], Link())))
            match Line(self._control, self, time.monotonic() + PROMPT).message():
                case ["ended", int()]:
                    return
        except (Fault, OSError):
            pass
        self._suspicious = True
        self.stop()

    # watching

    def more_time(self, waited: float) -> float:
        """Return how much longer a wait may take: some, if the student's code stood in line for a core till now.

        A machine that is busy with something else must not cost a correct solution its points. Sleeping is not
        standing in line.
        """
        if not self._worker or waited > min(STARVED * self._allowed, self.limits.submission_seconds):
            return 0.0
        kept_waiting = max(map(processes.seconds_in_line, processes.below(self._worker)), default=0.0)
        return 0.5 * self._allowed if kept_waiting > 0.25 * waited else 0.0

    def check_memory(self) -> None:
        """Raise OutOfMemory, after killing the sandbox, if its processes together hold more than allowed."""
        if not self._worker:
            return
        allowed = self.limits.memory_mb << 20
        if processes.resident(self._template.pid) > allowed and processes.memory(self._template.pid) > allowed:
            self.note(f"used more than {self.limits.memory_mb} MB of memory")
            self.stop()
            raise OutOfMemory(f"used more than {self.limits.memory_mb} MB of memory")

    def _check_output(self) -> None:
        """Note an output that reached its limit, and give the next test an empty file again."""
        with contextlib.suppress(OSError):
            if os.path.getsize(f"{self._scratch}/output") >= self.limits.output_mb << 20:
                self.note(f"wrote {self.limits.output_mb} MB of output, which is the limit")
            os.truncate(f"{self._scratch}/output", 0)

    def note(self, cause: str) -> None:
        """Remember a cause for the verdict, once."""
        if cause not in self.causes:
            self.causes.append(cause)

    def output_tail(self) -> str:
        """Return the end of what the worker printed, for staff: never shown to a student as it is."""
        with contextlib.suppress(OSError), open(f"{self._scratch}/output", "rb") as file:
            file.seek(max(0, os.path.getsize(f"{self._scratch}/output") - 2000))
            return file.read(2000).decode("utf-8", "replace").strip()[-500:]
        return ""
