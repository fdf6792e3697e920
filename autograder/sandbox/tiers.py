"""Tiers of isolation, strongest first, and which of them works on this machine.

| tier       | walls                                                               | needs                |
|------------|---------------------------------------------------------------------|----------------------|
| bubblewrap | own mounts, pids, network, ipc; Landlock, seccomp, another uid; limits | `bwrap`, namespaces  |
| landlock   | file allow-list, scoped signals, seccomp, another uid; limits       | Linux 6.12 or later  |
| user       | another uid, seccomp, limits: for containers that refuse namespaces | (to come)            |
| none       | limits only; must be asked for by name                              | a POSIX system       |

Grading fails closed: a tier is probed by running a worker in it, the choice is printed, and nothing weaker is
ever used unasked. When the grader is root the worker changes to a uid of its own, for root is exempt from the
limit on processes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from autograder.homework import PROJECT, Limits
from autograder.sandbox.faults import SandboxUnavailable
from autograder.sandbox.inside import restrict

TIERS = ("bubblewrap", "landlock", "none")
WORKER_UID = 0x7000_0000  # plus the grader's process id: the kernel counts processes by uid, so each has its own
INSIDE = Path(__file__).resolve().parent / "inside"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Tier:
    """A tier that works here, with the reason why each stronger one does not."""

    name: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        weaker = f" ({'; '.join(self.reasons)})" if self.reasons else ""
        return f"{self.name}{weaker}"


def libraries() -> list[str]:
    """Return the folders that hold Python's installed packages."""
    paths = sysconfig.get_paths()
    return sorted({paths["purelib"], paths["platlib"]})


def readable() -> list[str]:
    """Return what a worker may read: the system's libraries, Python, its packages, `course/` and `inside/`."""
    python = [sys.base_prefix, os.path.realpath(sys.base_prefix), *libraries()]
    paths = [*SYSTEM, *python, str(PROJECT / "course"), str(INSIDE)]
    kept = [path for path in dict.fromkeys(paths) if os.path.exists(path)]
    for path in kept:
        if PROJECT.is_relative_to(path):
            raise SandboxUnavailable(f"the project lies below {path}, which workers may read; move it elsewhere")
    return kept


def command_line(tier: str, limits: Limits, sock_fd: int) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment that start a template on `tier`.

    sock_fd: the descriptor of its control socket, which it inherits.
    """
    python = [os.path.realpath(sys.executable), "-I", "-S", "-B", str(INSIDE / "boot.py")]
    python += [str(sock_fd), ":".join(libraries())]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | dict.fromkeys(THREADS, "1")
    if tier == "bubblewrap":
        return [*bubblewrap(readable(), limits, environment), *python], environment
    return python, environment


def plan(tier: str, limits: Limits, scratch: str) -> dict:
    """Return what a worker is told before its submission: where it may read and write, and its limits."""
    root = os.geteuid() == 0
    inside = tier == "bubblewrap"
    return {
        "tier": tier,
        "uid": WORKER_UID + os.getpid() if root and tier != "none" else 0,
        "landlock": tier != "none" and restrict.landlock_abi() >= (1 if inside else restrict.MIN_ABI),
        "readable": [*readable(), scratch, "/dev/null", "/dev/urandom", *(["/proc"] if inside else [])],
        "writable": [scratch, "/dev/null"] if inside else ["/dev/null"],
        "writes": inside,
        "scratch": scratch,
        "course": str(PROJECT / "course"),
        "limits": {
            "cpu_seconds": int(2 * (limits.import_seconds + limits.test_seconds)) + 2,
            "memory": limits.memory_mb << 20,
            "file_size": limits.output_mb << 20,
            "processes": limits.processes + (0 if root or inside else running()),
        },
    }


def shareable(tier: str) -> bool:
    """Tell whether a worker on `tier` can do nothing to the template that it is a fork of."""
    abi = restrict.landlock_abi()
    return tier != "none" and abi >= (1 if os.geteuid() == 0 else restrict.MIN_ABI)


def running() -> int:
    """Return how many processes and threads the user has: where the worker keeps the uid they count as its own."""
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += len(os.listdir(entry / "task")) if entry.stat().st_uid == os.geteuid() else 0
    return count


def bubblewrap(paths: list[str], limits: Limits, environment: dict[str, str]) -> list[str]:
    """Return the bubblewrap command line: an empty root with read-only mounts and two small scratch folders."""
    size = str(limits.file_mb << 20)
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:  # no user namespace is needed: the worker changes its uid itself
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    command += ["--die-with-parent", "--new-session", "--hostname", "worker", "--clearenv"]
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"]
    command += ["--perms", "1777", "--size", size, "--tmpfs", "/tmp"]
    for folder in parents(paths):  # bubblewrap would make them for root alone
        command += ["--perms", "0755", "--dir", folder]
    for path in paths:  # after /tmp, for Python itself may lie below it
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind", path, path]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in environment.items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", "/tmp", "--"]


def parents(paths: list[str]) -> list[str]:
    """Return the folders above `paths`, outermost first, without the root and what is mounted anyway."""
    above = {str(folder) for path in paths for folder in Path(path).parents}
    return sorted(above - {"/", "/tmp"} - set(paths))


def obstacle(tier: str) -> str:
    """Say what visibly stands in the way of a tier on this machine, or "" if only trying can tell."""
    if tier not in TIERS:
        return f"unknown; the tiers are {', '.join(TIERS)}"
    if tier != "none" and sys.platform != "linux":
        return f"needs Linux, this is {sys.platform}"
    if tier == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    if tier == "landlock" and (abi := restrict.landlock_abi()) < restrict.MIN_ABI:
        return f"this kernel offers Landlock ABI {abi}, {restrict.MIN_ABI} is needed (Linux 6.12)"
    return ""
