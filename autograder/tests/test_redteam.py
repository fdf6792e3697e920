"""Every attack of `autograder/redteam`, graded as a class with honest company, on every tier that works here."""

from __future__ import annotations

import contextlib
import html
import multiprocessing
import os
import re
import shutil
import socket
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from autograder.classroom import Policy, grade_class
from autograder.excerpt import excerpt
from autograder.grading.store import Store
from autograder.grading.variants import load_variants
from autograder.grading.verdict import ClassResult
from autograder.homework import PROJECT, Homework, Limits, find, load
from autograder.intake import Arrival, Submission, receive
from autograder.redteam import attacks
from autograder.redteam.archives import archives
from autograder.report.pages import class_page, student_page
from autograder.sandbox import processes
from autograder.sandbox.box import Sandbox
from autograder.sandbox.faults import OutOfMemory
from autograder.sandbox.probe import works
from autograder.sandbox.tiers import TIERS
from course.testing import StudentError

CANARY = "CANARY-5f1d0c"
MB_OF_A_GRADER = 500
NAMES = ["action_value", "gains", "state_value", "backward", "forward", "rollout"]
LIMITS = {"test_seconds": 1.0, "import_seconds": 2, "submission_seconds": 2, "memory_mb": 300, "processes": 32}

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


class Graded(NamedTuple):
    """What came of grading the attacks on one tier.

    alone: the honest submissions' results without company.  before, after: the class's folder.  heard: datagrams that
    reached a socket in it.  survivors: processes left over.  peak: megabytes of the largest grader.
    """

    homework: Homework
    tier: str
    alone: ClassResult
    result: ClassResult
    before: dict
    after: dict
    heard: list[bytes]
    survivors: list[str]
    scratch: list[str]
    peak: float


def a_class(folder: Path) -> Homework:
    """Make the folder of a class that everybody may write to, with secrets in it and the homework beside them."""
    limits = "\n".join(f"{name} = {value}" for name, value in LIMITS.items())
    homework = excerpt(find("hw2"), ("2.1", "2.2"), folder)
    configuration = homework.root / "homework.toml"
    configuration.write_text(re.sub(r"\[limits\][^\[]*", f"[limits]\n{limits}\n\n", configuration.read_text()))
    (folder / "submissions" / "alice").mkdir(parents=True)
    (folder / "course.secret").write_text(CANARY)
    (folder / "gradebook.db").write_text(CANARY)
    (folder / "submissions" / "alice" / "lqr.py").write_text(f"# {CANARY}\n")
    for path in [*folder.rglob("*.py"), *folder.rglob("*.toml")]:
        path.write_text(path.read_text() + f"\n# {CANARY}\n")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777)  # so that only the sandbox stands in the way
    return load(homework.root)


def contents(folder: Path) -> dict:
    """Return everything about the files below `folder` that a vandal could change."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        text = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        when = status.st_mtime_ns if stat.S_ISREG(status.st_mode) else 0
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_uid, when, text)
    return {name: entry for name, entry in found.items() if "__pycache__" not in name}


def honest(homework: Homework) -> list[Submission]:
    """Return a perfect submission and one with a known mistake."""
    variants = load_variants(homework)
    wrong = next(variant for variant in variants.misconceptions if variant.id == "sign-of-K")
    files = {"reference": variants.reference.files, "sign of K": wrong.files}
    return [
        Submission(f"honest: {name}", name, {file: text.encode() for file, text in sources.items()})
        for name, sources in files.items()
    ]


def again(submissions: list[Submission], number: int) -> list[Submission]:
    """Return the same submissions with a comment, so that they are graded once more."""
    return [
        Submission(
            f"{entry.student} {number}",
            entry.source,
            {name: data + f"# {number}\n".encode() for name, data in entry.files.items()},
        )
        for entry in submissions
    ]


def alive(known: set[int]) -> list[str]:
    """Return the command lines of our descendants, given a moment to end, without those that were there before."""
    for _ in range(50):
        left = [pid for pid in processes.below(os.getpid()) if pid not in known and not processes._is_dead(pid)]
        names = []
        for pid in left:
            with contextlib.suppress(OSError):
                names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        names = [name for name in names if "multiprocessing" not in name]  # Python's own resource tracker
        if not names:
            return []
        time.sleep(0.1)
    return names


def peak(pid: int) -> float:
    """Return the most megabytes that a process ever held."""
    with contextlib.suppress(OSError, TypeError):
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024
    return 0.0


@pytest.fixture(scope="module", params=[tier for tier in TIERS if tier != "none"])
def graded(request):
    """Grade honest submissions alone, then all attacks with honest ones among them."""
    if reason := works(request.param):
        pytest.skip(f"{request.param}: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="redteam-"))
    patch = pytest.MonkeyPatch()
    patch.setenv("MBRL_COURSE_SECRET", CANARY)
    processes.adopt_orphans()  # whatever gets away from a grader comes to us
    try:
        yield grade(request.param, folder)
    finally:
        patch.undo()
        shutil.rmtree(folder, ignore_errors=True)


def grade(tier: str, folder: Path) -> Graded:
    homework = a_class(folder)
    known = set(processes.below(os.getpid()))
    policy = Policy(tier, CANARY.encode(), False, processes=2)
    company = honest(homework)
    hostile = [
        Submission(
            attack.name,
            f"{attack.name}.py",
            {name: data.replace(b"/class", str(folder).encode()) for name, data in attack.files.items()},
        )
        for attack in attacks()
    ]
    middle = len(hostile) // 2
    everybody = company + hostile[:middle] + again(company, 1) + hostile[middle:] + again(company, 2)
    graders: dict[int, float] = {}

    def watch(_):
        for child in multiprocessing.active_children():
            graders[child.pid] = max(graders.get(child.pid, 0.0), peak(child.pid))

    with tempfile.TemporaryDirectory(prefix="redteam-out-") as out, listeners(folder) as ears:
        alone = grade_class(homework, [lambda s=s: s for s in company], Store(Path(out) / "alone"), policy)
        before = contents(folder)
        result = grade_class(homework, [lambda s=s: s for s in everybody], Store(Path(out) / "all"), policy, watch)
        heard = [datagram for ear in ears for datagram in received(ear)]
        after = contents(folder)
    scratch = [str(path) for pid in graders for path in Path(tempfile.gettempdir()).glob(f"autograder-*{pid}-*")]
    return Graded(homework, tier, alone, result, before, after, heard, alive(known), scratch, max(graders.values()))


@contextlib.contextmanager
def listeners(folder: Path):
    """Listen for datagrams at a path in the class's folder and at an abstract name."""
    addresses = [str(folder / "listener"), "\0autograder-listener"]
    with contextlib.ExitStack() as stack:
        ears = [stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) for _ in addresses]
        for ear, address in zip(ears, addresses, strict=True):
            ear.bind(address)
            ear.setblocking(False)
        os.chmod(addresses[0], 0o777)
        yield ears


def received(ear: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(ear.recv(1000))
    return found


def verdicts(graded: Graded) -> dict:
    return {record.student: record.verdict for record in graded.result.records}


@linux
def test_no_attack_scores_or_makes_grading_fail(graded):
    found = verdicts(graded)
    for attack in attacks():
        verdict = found[attack.name]
        statuses = {test.status for test in verdict.tests}
        assert verdict.points <= attack.expect.points, attack.name
        assert verdict.pending == 0, (attack.name, [test.staff for test in verdict.tests if test.staff][:1])
        assert statuses <= attack.expect.statuses, (attack.name, statuses)


@linux
def test_what_an_attack_did_is_named(graded):
    for attack in attacks():
        verdict = verdicts(graded)[attack.name]
        said = "\n".join([verdict.cause, *(test.message for test in verdict.tests)])
        assert re.search(attack.expect.cause, said), (attack.name, said[:1000])
        assert all(test.message for test in verdict.tests), attack.name


@linux
def test_no_attack_got_out(graded):
    for name, verdict in verdicts(graded).items():
        assert "ESCAPED" not in str(verdict), (name, str(verdict)[:3000])
    assert graded.heard == []


@linux
def test_no_file_of_the_class_was_touched(graded):
    assert graded.after.keys() == graded.before.keys()
    assert [name for name in graded.before if graded.before[name] != graded.after[name]] == []


@linux
def test_no_secret_was_read(graded):
    assert CANARY not in msgspec.json.encode(graded.result).decode()
    pages = [student_page(record, graded.homework) for record in graded.result.records]
    assert not any(CANARY in page for page in [*pages, class_page(graded.result, graded.homework)])


@linux
def test_honest_submissions_do_not_notice_their_company(graded):
    def seen(verdict):
        tests = [(test.test, test.status, test.message) for test in verdict.tests]
        return tests, verdict.exercises, verdict.diagnoses, verdict.cause

    found, alone = verdicts(graded), {record.student: record.verdict for record in graded.alone.records}
    assert alone["honest: reference"].points == graded.homework.points
    assert 0 < alone["honest: sign of K"].points < graded.homework.points and alone["honest: sign of K"].diagnoses
    for student, verdict in alone.items():
        for copy in student, f"{student} 1", f"{student} 2":
            assert seen(found[copy]) == seen(verdict), copy


@linux
def test_nothing_is_left_over(graded):
    assert graded.survivors == []
    assert graded.scratch == []


@linux
def test_graders_stay_small(graded):
    assert 0 < graded.peak < MB_OF_A_GRADER


@linux
def test_pages_tell_nothing_hidden_and_do_nothing(graded):
    lines = [line.strip() for path in graded.homework.solutions.glob("*.py") for line in path.read_text().splitlines()]
    secret = [line for line in lines if line.endswith(")") and "=" in line and len(line) > 25]
    secret += [
        word for path in graded.homework.hidden.glob("*.py") for word in re.findall(r"def (test_\w+)", path.read_text())
    ]
    assert len(secret) > 20
    for record in graded.result.records:
        page = student_page(record, graded.homework)
        text = html.unescape(page)
        assert [word for word in secret if word in text] == [], record.student
        assert str(graded.homework.project) not in text and str(PROJECT) not in text, record.student
        assert "<script" not in page and "<img" not in page, record.student
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page), record.student
        assert len(page) < 1 << 20, record.student
    page = class_page(graded.result, graded.homework)
    assert page.count("<script") == 1 and "<img" not in page  # its own, which sorts the table


@linux
@pytest.mark.parametrize("name", ["memory", "memory_of_the_undead", "memory_in_a_daemon"])
@pytest.mark.parametrize("tier", [tier for tier in TIERS if tier != "none"])
def test_memory_is_counted_wherever_it_hides(tier, name):
    if reason := works(tier):
        pytest.skip(f"{tier}: {reason}")
    files = next(attack.files for attack in attacks() if attack.name == name)
    with Sandbox(tier, Limits(test_seconds=60, memory_mb=200), files, ("lqr",)) as box:
        with pytest.raises((OutOfMemory, StudentError), match="memory|MemoryError"), box.test() as student:
            student.lqr.gains(1)
        with box.test() as student:
            assert student.lqr is not None  # and the next test finds everything in order


@linux
@pytest.mark.parametrize("tier", [tier for tier in TIERS if tier != "none"])
def test_a_process_that_never_stays_leaves_the_next_submission_alone(tier):
    if reason := works(tier):
        pytest.skip(f"{tier}: {reason}")
    hostile = next(attack.files for attack in attacks() if attack.name == "process_that_never_stays")
    for files in [hostile, {"lqr.py": b"def gains(*args):\n    return 0.0\n"}] * 3:
        with Sandbox(tier, Limits(), files, ("lqr",)) as box:
            for _ in range(2):
                with box.test() as student:
                    assert student.lqr.gains(1) == 0.0
                    time.sleep(0.02)  # for a few dozen hops
        assert [processes.orphans() for _ in range(20)] == [[]] * 20


LEAVES = b"""
import os

def gains():
    for place in "/tmp", "/dev/shm", "/var/tmp", ".", "..", os.path.expanduser("~"):
        for path in f"{place}/left", f"{place}/folder/left":
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write("my answers")
            except OSError:
                continue
    return 0.0
"""
FINDS = b"""
import os

def gains():
    found = []
    for place in "/tmp", "/dev/shm", "/var/tmp", "..", os.path.expanduser("~"):
        for folder, _, files in os.walk(place):
            found += [os.path.join(folder, file) for file in files if file == "left"]
    return found
"""


@linux
@pytest.mark.parametrize("tier", [tier for tier in TIERS if tier != "none"])
def test_a_submission_leaves_nothing_for_the_next_student_to_copy(tier):
    if reason := works(tier):
        pytest.skip(f"{tier}: {reason}")
    for source in [LEAVES, FINDS] * 2:
        with Sandbox(tier, Limits(), {"lqr.py": source}, ("lqr",)) as box, box.test() as student:
            assert not student.lqr.gains()


def test_every_attack_tells_its_story_and_answers_every_question():
    found = attacks()
    assert len(found) >= 34 and len({attack.name for attack in found}) == len(found)
    for attack in found:
        assert 20 < len(attack.story) < 140 and attack.story.endswith("."), attack.name
        source = attack.files["lqr.py"].decode()
        assert attack.name == "loop_at_import" or all(f"{name} = " in source for name in NAMES), attack.name
        assert "internal" not in attack.expect.statuses and attack.expect.points == 0, attack.name


@pytest.mark.parametrize("archive", archives(), ids=lambda archive: archive.name)
def test_hostile_archives_are_refused_or_bring_only_what_was_asked_for(tmp_path, archive):
    outside, folder = tmp_path / "outside.py", tmp_path / "inbox"
    outside.write_text(CANARY)
    folder.mkdir()
    path = archive.build(folder, outside)
    submission = receive(Arrival("mallory", path.name, path), find("hw2"))
    assert bool(submission.refused) == bool(archive.refused)
    assert re.search(archive.refused, submission.refused)
    assert submission.refused or set(submission.files) == {"lqr.py"}
    assert CANARY.encode() not in b"".join(submission.files.values())
    assert outside.read_text() == CANARY and set(tmp_path.iterdir()) == {outside, folder}
