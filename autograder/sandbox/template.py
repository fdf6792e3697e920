"""Templates: processes in a sandbox that have the libraries loaded and nothing of any student's.

A worker is a fork of a template, so that NumPy or torch is loaded once for many submissions. A template serves the
next submission only where that is safe: the worker before it had another uid or could not signal beyond its own
Landlock domain, nothing of it is alive, and it left no file and no suspicion behind. Otherwise the template is
thrown away with its whole sandbox, and the next submission gets a new one.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time

from autograder.homework import Limits
from autograder.sandbox import processes
from autograder.sandbox.faults import Fault, SandboxUnavailable
from autograder.sandbox.inside.wire import Link, encode
from autograder.sandbox.line import Line
from autograder.sandbox.tiers import command_line, shareable

START_SECONDS = 120.0  # torch and MuJoCo, on a machine that is busy
PROMPT = 10.0  # seconds in which a template forks; far more than it ever needs

_templates: dict[tuple, Template] = {}


def lease(tier: str, limits: Limits, preload: tuple[str, ...]) -> Template:
    """Return a template that is ready to fork, a running one where there is one."""
    key = (tier, limits.file_mb, preload)
    found = _templates.get(key)
    if found is None or not found.alive:
        found = _templates[key] = Template(tier, limits, preload)
    return found


def close_all() -> None:
    """End every template of this process."""
    for template in _templates.values():
        template.close()
    _templates.clear()


def fork_worker(
    tier: str, limits: Limits, preload: tuple[str, ...], control: socket.socket, output: int
) -> tuple[Template, int]:
    """Return a template and the process id of a worker forked from it; one that died idle is replaced, once."""
    with contextlib.suppress(SandboxUnavailable):
        template = lease(tier, limits, preload)
        return template, template.fork(control, output)
    template = lease(tier, limits, preload)
    return template, template.fork(control, output)


class Template:
    """One running template; raises SandboxUnavailable where it cannot be started."""

    def __init__(self, tier: str, limits: Limits, preload: tuple[str, ...]):
        self.tier = tier
        self._output = tempfile.TemporaryFile()
        self._control, theirs = socket.socketpair()
        processes.adopt_orphans()
        with theirs:
            command, environment = command_line(tier, limits, theirs.fileno())
            try:
                self._launcher = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=self._output,
                    stderr=self._output,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                raise SandboxUnavailable(f"{tier}: cannot start a worker: {error}") from None
        processes.STARTED.add(self._launcher.pid)
        self._line = Line(self._control, self, 0.0)
        self.chain: list[int] = []
        self._ask({"tier": tier, "preload": list(preload)}, "ready", START_SECONDS)
        self.chain = processes.chain_to_template(self._launcher.pid)

    @property
    def pid(self) -> int:
        """The process above everything in this sandbox."""
        return self._launcher.pid

    @property
    def alive(self) -> bool:
        return self._control.fileno() >= 0

    def fork(self, control: socket.socket, output: int) -> int:
        """Fork a worker that is reached through `control` and prints to `output`; return its process id."""
        before = set(processes.children(self.chain[-1]))
        self._ask(["worker"], "forked", PROMPT, [control.fileno(), output])
        (worker,) = set(processes.children(self.chain[-1])) - before or {0}
        return worker

    def kill(self, spare: list[int]) -> int:
        """Kill all of this sandbox but the template itself and `spare`; return how many processes there were."""
        left = processes.kill_below(self.pid, spare=[*self.chain, *spare])
        return left + processes.kill_orphans()

    def release(self, scratch: str, names: list[str], suspicious: bool) -> None:
        """Kill all but the template; then keep it for the next submission, or throw it away."""
        if self.kill(spare=[]) > 1:
            suspicious = True  # more than the worker itself
        if suspicious or not shareable(self.tier) or not self._is_clean(scratch, names):
            self.close()

    def close(self) -> None:
        """Kill everything in this sandbox; once is enough."""
        if not self.alive:
            return
        self._control.close()
        processes.kill_tree(self.pid)
        self._launcher.wait()
        processes.STARTED.discard(self.pid)
        processes.kill_orphans()
        for process in self.chain[1:]:  # bubblewrap's own, which came to us when their parent died
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)
        self._output.close()

    def _is_clean(self, scratch: str, names: list[str]) -> bool:
        if self.tier != "bubblewrap":
            return True  # a worker can write nowhere, and the grader removes the folder itself
        try:
            return self._ask(["clean", scratch, names], "clean", PROMPT)[1]
        except SandboxUnavailable:
            return False

    def _ask(self, message, expected: str, seconds: float, descriptors: list[int] | None = None) -> list:
        self._line.deadline = time.monotonic() + seconds
        try:
            frame = b"".join(encode(message, Link()))
            sent = socket.send_fds(self._control, [frame], descriptors or [])
            if sent != len(frame):
                raise OSError("a short message was cut")
            match self._line.message():
                case [str(kind), *_] as answer if kind == expected:
                    return answer
        except (Fault, OSError):
            pass
        text = self._tail()
        self.close()
        raise SandboxUnavailable(f"{self.tier}: the worker did not start: {text or 'it said nothing'}")

    def _tail(self) -> str:
        self._output.seek(0)
        return self._output.read()[-500:].decode("utf-8", "replace").strip()

    # what a line asks of who watches it

    def check_memory(self) -> None:
        """Nothing of a student's runs while a template is waited for."""

    def more_time(self, waited: float) -> float:
        """None is given: these waits are long already."""
        return 0.0

    def note(self, cause: str) -> None:
        """The cause is told by SandboxUnavailable."""
