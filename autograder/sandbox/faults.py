"""What can end a test besides its own assertions: each fault knows the status that it means."""

from __future__ import annotations


class Fault(Exception):
    """The worker failed to answer; `status` is the verdict's word, `cause` one line for staff and student."""

    status = "error"

    def __init__(self, cause: str):
        super().__init__(cause)
        self.cause = cause


class OutOfTime(Fault):
    status = "timeout"


class OutOfMemory(Fault):
    status = "memory"


class Crashed(Fault):
    """The worker's process ended, or broke the protocol."""


class SandboxUnavailable(Exception):
    """A tier cannot be used on this machine; the text says why."""
