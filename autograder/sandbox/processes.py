"""The processes of a sandbox as the grader sees them through /proc: counted, weighed and killed from outside.

Nothing here asks the worker anything. Orphans (daemons that left their parents) come to the grader, which has
made itself the reaper of everything below it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


STARTED: set[int] = set()  # launchers that this process started itself and ends itself
OTHERS: set[int] = set()  # children that it had before, which are not for us to reap


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        OTHERS.clear()
        OTHERS.update(children(os.getpid()))


def children(pid: int) -> list[int]:
    """Return the child processes of all threads of `pid`."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    return found


def below(pid: int) -> list[int]:
    """Return every descendant of `pid`, parents first."""
    found, queue = [], [pid]
    while queue:
        for child in children(queue.pop()):
            found.append(child)
            queue.append(child)
    return found


def chain_to_template(launcher: int) -> list[int]:
    """Return the processes from the launcher to the template itself: each one's oldest child.

    Only meaningful while nothing of a student's has run in the sandbox.
    """
    chain = [launcher]
    while _name(chain[-1]) == "bwrap" and (found := children(chain[-1])):
        chain.append(found[0])
    return chain


def memory(pid: int) -> int:
    """Return the bytes that `pid` and its descendants hold together; shared pages count once."""
    return sum(_proportional(process) for process in [pid, *below(pid), *orphans()])


def resident(pid: int) -> int:
    """Return an upper bound of `memory` that is cheap to read: shared pages count for every process."""
    return sum(_resident(process) for process in [pid, *below(pid), *orphans()])


def kill_below(pid: int, spare: list[int]) -> int:
    """Kill every descendant of `pid` except `spare`; return how many there were.

    Stopping them first outruns a fork bomb.
    """
    most = 0
    for sweep in range(400):
        alive = [process for process in below(pid) if process not in spare and not _is_dead(process)]
        most = max(most, len(alive))
        if not alive:
            break
        _signal(alive, signal.SIGSTOP if sweep % 2 == 0 and len(alive) > 1 else signal.SIGKILL)
        time.sleep(0.0005)  # a killed process needs a moment to go
    return most


def kill_tree(pid: int) -> None:
    """Kill `pid` and every descendant."""
    kill_below(pid, spare=[pid])
    _signal([pid], signal.SIGKILL)


def orphans() -> list[int]:
    """Return a worker's daemons that have become the grader's own children, and all below them.

    They are told from the grader's other children by the filter that a worker lays on itself and cannot lose.
    """
    found = [child for child in children(os.getpid()) if _is_filtered(child)]
    return found + [process for child in found for process in below(child)]


def kill_orphans() -> int:
    """Kill and reap what a worker has left with us; return how many there were.

    Nobody is reaped while anybody lives: the dead count against the limit on processes, so that a process which
    forks and leaves before it can be found runs out of them, and is found.
    """
    seen, most = None, 0
    for _ in range(1000):
        found = [child for child in children(os.getpid()) if child not in STARTED]
        alive = [child for child in found if _is_filtered(child)]
        most = max(most, len(alive))
        if not alive and found == seen:
            break
        _signal(alive + [process for child in alive for process in below(child)], signal.SIGKILL)
        seen = found
    for child in found:
        if child not in OTHERS and _is_dead(child):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)
    return most


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
        return file.read().strip()
    return ""


def seconds_in_line(pid: int) -> float:
    """Return how long a process has been ready to run while others had the processor; 0 where nobody counts it."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[1]) * 1e-9
    return 0.0


def _is_dead(pid: int) -> bool:
    """Tell whether no thread of a process lives; its first may be gone while others go on."""
    return _thread_of(pid) == 0


def _thread_of(pid: int) -> int:
    """Return a thread of a process that lives, or 0: the memory of a process is that of any such thread."""
    if (fields := _stat(pid)) and fields[0] not in "ZX":
        return pid
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            if (fields := _stat(int(thread))) and fields[0] not in "ZX":
                return int(thread)
    return 0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on, or none if there is no such process."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()
    return []


def _is_filtered(pid: int) -> bool:
    """Tell whether a process that was not started here has more filters than we, whom a container may filter too."""
    return pid not in STARTED and _filters(pid) > _filters(os.getpid())


def _filters(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("Seccomp_filters:"):
                return int(line.split()[1])
    return 0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{_thread_of(pid)}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return _resident(pid)  # a process can hide the one, but not the other


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{_thread_of(pid)}/statm") as file:
        return int(file.read().split()[1]) * PAGE
    return 0
