"""What a command costs: wall-clock seconds, CPU seconds of every process it started, memory of its graders.

CPU seconds. The kernel adds up a process's children when they are waited for. A worker in bubblewrap is killed
together with its pid namespace, and mostly nobody waits for it: its CPU seconds, most of what a submission costs
us, are missing from that sum. So a command runs in a control group of its own, whose account misses nothing.
Where groups cannot be made (no root, a read-only /sys) the processes of a command that starts workers are watched
through /proc until they vanish instead, which misses up to the last few hundredths of a second of each.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

from autograder.errors import UserError
from autograder.sandbox import processes

TICK = 0.02  # seconds between looks at /proc
CLOCK, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
INTO_GROUP = 'echo 0 >"$0" && exec "$@"'  # the shell joins the group, then becomes the command


class Cost(NamedTuple):
    """Seconds, and the most bytes that the command and its direct children held together at any time."""

    wall: float
    cpu: float
    rss: int


class Group:
    """A control group that counts CPU seconds (version 2, or version 1's cpuacct)."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.join = str(folder / "cgroup.procs")
        self.cpu()

    def cpu(self) -> float:
        usage = self.folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        return int((self.folder / "cpu.stat").read_text().split()[1]) / 1e6  # "usage_usec N"

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def make_group() -> Group | None:
    """Make a control group below this process's own, or return None where that is not allowed."""
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split()[:3]
        controller = "cpuacct" if kind == "cgroup" and "cpuacct" in options.split(",") else ""
        if kind == "cgroup2" or controller:
            paths = [path for names, path in own.items() if controller in names.split(",")]
            with contextlib.suppress(OSError, ValueError, IndexError):
                group = Group(Path(before.split()[4] + paths[0]) / f"benchmark-{os.getpid()}-{time.time_ns()}")
                if subprocess.run(["sh", "-c", INTO_GROUP, group.join, "true"], capture_output=True).returncode == 0:
                    return group
                group.remove()
    return None


def method() -> str:
    """Say how CPU seconds are counted on this machine."""
    if (group := make_group()) is None:
        return "/proc, sampled"
    group.remove()
    return "control group"


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None, group: bool = True) -> Cost:
    """Run a command in `folder` and return its cost; raise UserError with the end of what it said if it fails."""
    account = make_group() if group else None
    prefix = ["sh", "-c", INTO_GROUP, account.join] if account else []
    with open(folder / "output.txt", "w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*prefix, *command],
            cwd=folder,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with Watch(process.pid, workers=account is None) as watch:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = account.cpu() if account else watch.cpu() or usage.ru_utime + usage.ru_stime
        if account:
            account.remove()
        if process.returncode != 0:
            output.seek(0)
            raise UserError(f"{' '.join(command)}: exit code {process.returncode}: {output.read()[-1500:]}")
    return Cost(wall, cpu, watch.rss)


class Watch(threading.Thread):
    """Looks at a command's processes through /proc until it is left.

    rss: the most that the command and its direct children held together; ours are the classroom and its graders,
    whose children in turn are the workers. Memory that two of them share counts twice.
    """

    def __init__(self, pid: int, workers: bool):
        super().__init__(daemon=True)
        self.pid, self.workers, self.rss = pid, workers, 0
        self.seen: dict[tuple[int, str], float] = {}
        self.any_worker = False
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self) -> None:
        while not self.over.wait(TICK):
            ours = [self.pid, *processes.children(self.pid)]
            self.rss = max(self.rss, sum(map(resident, ours)))
            if self.workers:
                self.look_at_all(ours)

    def look_at_all(self, ours: list[int]) -> None:
        """Note what everybody has used so far: our processes by themselves, workers with the tests they waited for."""
        for pid in ours:
            self.look(pid, 2)
        for launcher in processes.below(self.pid):
            if chain := processes.chain_to_template(launcher)[1:]:
                self.any_worker = True
                self.look(chain[-1], 4)

    def look(self, pid: int, fields: int) -> None:
        """Note the first of a process's utime, stime, cutime and cstime."""
        with contextlib.suppress(OSError, IndexError):
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            self.seen[pid, words[19]] = sum(map(int, words[11 : 11 + fields])) / CLOCK

    def cpu(self) -> float:
        """Return the CPU seconds seen, or 0 if there was no worker and the kernel's own sum is right."""
        return sum(self.seen.values()) if self.any_worker else 0.0


def resident(pid: int) -> int:
    """Return the bytes of a process that are in memory; 0 once it is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0
