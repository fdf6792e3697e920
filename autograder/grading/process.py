"""A grader as a process of its own: hidden tests inside, submissions in, verdicts out.

One process grades many submissions, so pytest starts and collects once. It talks to the classroom over a pipe of
trusted objects. If it dies, it takes its sandboxes with it, and costs the one submission that it was grading.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from autograder.errors import UserError
from autograder.grading.suite import Options, SuiteBroken, run_suite
from autograder.grading.verdict import Verdict
from autograder.homework import load
from autograder.intake import Submission
from autograder.sandbox import processes
from autograder.sandbox.inside import restrict


class GraderDied(Exception):
    """The grader's process ended before it answered."""


class Failure(NamedTuple):
    """What a grader says instead of a verdict, and whether it would say so of any submission."""

    text: str
    hopeless: bool


class GraderProcess:
    """One grader: `send` it a submission, `receive` the verdict.

    Make it in the main thread: the process ends with the thread that made it.
    """

    def __init__(self, homework_root: Path, options: Options):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, homework_root, options), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, submission: Submission) -> None:
        """Hand over the next submission; raise GraderDied if nobody is there to take it."""
        try:
            self.connection.send(submission)
        except OSError:
            raise GraderDied(self._reason()) from None

    def receive(self) -> Verdict:
        """Return the verdict on the submission sent last.

        Raises GraderDied if the process ended instead, UserError if it can grade nothing at all.
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


def _serve(connection: Connection, homework_root: Path, options: Options) -> None:
    if sys.platform == "linux":
        restrict.die_with_parent()
    os.setsid()  # Ctrl-C is the classroom's affair
    homework = load(homework_root)

    def jobs():
        while True:
            try:
                yield connection.recv()
            except EOFError:
                return

    def emit(submission: Submission, verdict: Verdict) -> None:
        try:
            connection.send(verdict)
        except OSError:
            os._exit(1)  # the classroom is gone, and nobody is left to be told

    try:
        run_suite(homework, options, jobs(), emit)
    except Exception as error:
        with contextlib.suppress(OSError):
            connection.send(Failure(str(error) or type(error).__name__, isinstance(error, (SuiteBroken, UserError))))
