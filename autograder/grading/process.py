"""A grader as a process of its own: hidden tests inside, jobs in, answers out.

One process does many jobs, so pytest starts and collects once. It talks to the classroom over a pipe of trusted
objects. If it dies, it takes its sandboxes with it, and costs the one job that it was doing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from autograder.errors import UserError
from autograder.grading.session import SuiteBroken
from autograder.sandbox import processes
from autograder.sandbox.inside import restrict


class GraderDied(Exception):
    """The grader's process ended before it answered."""


Work = Callable[[Iterable, Callable[[Any], None]], None]  # (jobs, emit): does the jobs, emits one answer for each


class Failure(NamedTuple):
    """What a grader says instead of an answer, and whether it would say so of any job."""

    text: str
    hopeless: bool


class GraderProcess:
    """One grader: `send` it a job, `receive` the answer.

    Make it in the main thread: the process ends with the thread that made it. `work` must be possible to pickle.
    """

    def __init__(self, work: Work):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, job: Any) -> None:
        """Hand over the next job; raise GraderDied if nobody is there to take it."""
        try:
            self.connection.send(job)
        except OSError:
            raise GraderDied(self._reason()) from None

    def receive(self) -> Any:
        """Return the answer to the job sent last.

        Raises GraderDied if the process ended instead, UserError if it can do nothing at all.
        """
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            raise GraderDied(self._reason()) from None
        if isinstance(answer, Failure):
            if answer.hopeless:
                raise UserError(answer.text)
            raise GraderDied(answer.text)
        return answer

    def stop(self) -> None:
        """End the process and whatever it was running."""
        processes.kill_tree(self.process.pid)
        self.process.join()
        self.connection.close()

    def _reason(self) -> str:
        self.process.join(1)
        return f"the grader's process ended with code {self.process.exitcode}"


def _serve(connection: Connection, work: Work) -> None:
    if sys.platform == "linux":
        restrict.die_with_parent()
    os.setsid()  # Ctrl-C is the classroom's affair

    def jobs():
        while True:
            try:
                yield connection.recv()
            except EOFError:
                return

    def emit(answer: Any) -> None:
        try:
            connection.send(answer)
        except OSError:
            os._exit(1)  # the classroom is gone, and nobody is left to be told

    try:
        work(jobs(), emit)
    except Exception as error:
        with contextlib.suppress(OSError):
            connection.send(Failure(str(error) or type(error).__name__, isinstance(error, (SuiteBroken, UserError))))
