"""The hidden tests of a homework in one pytest session that runs them as often as it is asked, on whomever it is asked.

pytest owns collection, fixtures and tear-down as always; only its loop over the tests is ours.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from _pytest.runner import runtestprotocol

from autograder.homework import Homework
from course.testing.plugin import REMEMBERED, SECRET, TRANSPORT
from course.testing.recorder import Halt

AGAIN = 1.0  # seconds after which a test that swallowed its end is told once more


class SuiteBroken(Exception):
    """The hidden tests themselves are at fault, whatever is handed in."""


class TookTooLong(Halt):
    """A test in this process used up its time."""


class Session:
    """A pytest plugin: `work(items)` is called once with the collected tests, and may `run` any of them at any time."""

    def __init__(self, homework: Homework, secret: bytes):
        self.homework, self.secret = homework, secret
        self.collection_error = ""
        self._config = None
        self._error: BaseException | None = None
        self._student = None
        self._seconds = 0.0

    def work(self, items: list) -> None:
        """Do what the session is for."""
        raise NotImplementedError

    def run(self, item, student, seconds: float = 0.0) -> BaseException | None:
        """Run one test on `student`; return what it raised.

        seconds: of processor time, after which it ends with TookTooLong; 0: it takes as long as it takes.
        """
        self._student, self._error, self._seconds = student, None, seconds
        runtestprotocol(item, log=False, nextitem=None)
        return self._error

    def draw_from(self, secret: bytes) -> None:
        """Draw the tests' data from another secret from now on."""
        self._config.stash[SECRET] = secret
        self._config.stash[REMEMBERED].clear()

    # pytest's hooks

    def pytest_configure(self, config) -> None:
        config.option.tbstyle = "no"  # nobody reads pytest's tracebacks here, and making them is slow
        config.stash[SECRET] = self.secret
        config.stash[TRANSPORT] = lambda: self._student
        self._config = config

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.collection_error += f"{report.nodeid}: {report.longreprtext}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session) -> bool:
        if not self.collection_error:
            self.work(session.items)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self):
        with limited(self._seconds):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call):
        if call.excinfo is not None and self._error is None:
            self._error = call.excinfo.value
        return (yield)


def run_session(session: Session) -> None:
    """Collect the hidden tests and let the session work; raise SuiteBroken if they cannot be collected."""
    homework = session.homework
    hidden = str(homework.hidden)
    arguments = ["-c", os.devnull, "--rootdir", hidden, "--noconftest", "-p", "no:cacheprovider", "-p", "no:terminal"]
    arguments += ["-p", "course.testing.plugin", "--import-mode=importlib"]
    arguments += ["-o", f"pythonpath={shlex.quote(hidden)}", hidden]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        code = pytest.main(arguments, plugins=[session])
    finally:  # another homework's helpers may have the same names
        for path in homework.hidden.glob("*.py"):
            sys.modules.pop(path.stem, None)
    if session.collection_error or code == pytest.ExitCode.NO_TESTS_COLLECTED:
        said = session.collection_error or "none"
        raise SuiteBroken(f"{homework.name}: the hidden tests cannot be collected: {said}")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{homework.name}: pytest stopped with {code!r}")


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the block after so many seconds of processor time, or five times as many by the clock.

    Processor time, so that a busy machine changes nothing; the clock is for what sleeps. 0: no limit.
    """
    possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not seconds or not possible:
        yield
        return

    def stop(number, frame):
        raise TookTooLong

    timers = [(signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 5 * seconds)]
    before: list[tuple[int, Callable | int | None]] = []
    try:
        for timer, number, after in timers:
            before.append((number, signal.signal(number, stop)))
            signal.setitimer(timer, after, AGAIN)
        yield
    finally:
        for timer, _, _ in timers:
            signal.setitimer(timer, 0)
        for number, handler in before:
            signal.signal(number, handler)


def exercise_of(item) -> tuple[str, float]:
    """Return a test's exercise and weight."""
    return next(item.iter_markers("exercise")).args
