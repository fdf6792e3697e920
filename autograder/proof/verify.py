"""`autograder verify`: the proof that a homework's tests, solutions, hints and release agree with each other.

Everything that claims to be right or wrong is graded, through the sandbox, as a class is: the reference, the
untouched skeleton, every misconception, every alternative, nonsense, and generic mutants of the reference. What
can show nothing new is left out: a test that never enters what a variant changes passes as it does on the reference;
an exercise loses marks with its first loss; a mutant that takes many times as long as the reference will not end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.classroom import Policy, Task, run_pool
from autograder.errors import UserError
from autograder.grading.diagnosis import BUDGET, Choice, decided
from autograder.grading.suite import Extent
from autograder.grading.variants import Variant, Variants, load_variants
from autograder.grading.verdict import Verdict
from autograder.homework import Homework
from autograder.intake import Submission
from autograder.proof.garbage import garbage
from autograder.proof.mutants import mutants
from autograder.release.build import build
from autograder.release.folder import skeleton_text

KILL_RATE = 0.95  # of the generic mutants; the rest are listed as equivalent, with a reason
LEAST_MISCONCEPTIONS = 3  # for every exercise


@dataclass
class Proof:
    """What was found: `problems` must be empty; `counts` are for the reader."""

    homework: str
    problems: list[str] = field(default_factory=list)
    counts: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not self.problems


def verify(
    homework: Homework, policy: Policy, progress: Callable[[int], None] = lambda total: None, exercise: str = ""
) -> Proof:
    """Prove a homework; `progress` is called with the number of all submissions after each one graded.

    exercise: prove the tests, variants and mutants of this one only, and nothing of the release.
    """
    proof = Proof(homework.name)
    variants = load_variants(homework)
    if not exercise:
        _prove_release(homework, proof)
        _prove_visible(homework, proof)
        _prove_coverage(homework, variants, proof)
    seconds: dict[str, float] = {}  # the reference's, known before the first mutant is sent
    named = claims(homework, variants, exercise)
    changed = list(mutants(homework, exercise))
    extent = Extent(_only(exercise), diagnosis=0.0, reached_only=True, until_loss=True, seconds=seconds)
    every = named + [(mutant, extent) for mutant in changed]
    mutated: dict[str, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="autograder-proof-") as notes:
        for variant, verdict in grade_variants(homework, every, replace(policy, notes=notes)):
            progress(len(every))
            if variant is variants.reference:
                seconds |= {test.test: max(test.seconds, seconds.get(test.test, 0.0)) for test in verdict.tests}
            if variant in changed:
                mutated[variant.id] = verdict
            else:
                proof.problems += judge_variant(homework, variants, variant, verdict)
        proof.counts |= _left_out(Path(notes))
    proof.counts["alternatives"] = f"{_count(named, variants.alternatives)}, all with full marks wanted"
    proof.counts["misconceptions"] = f"{_count(named, variants.misconceptions)}"
    _judge_mutants(homework, variants, mutated, proof, exercise)
    return proof


def claims(homework: Homework, variants: Variants, exercise: str = "") -> list[tuple[Variant, Extent]]:
    """Return all that claims to be right or wrong, of one exercise or of all, each with how far to go with it."""
    whole = Extent(_only(exercise), diagnosis=BUDGET / 2)  # half, so that hints are found on slower machines too
    part = replace(whole, reached_only=True)
    short = replace(part, brief=True)
    right, wrong = variants.alternatives, variants.misconceptions
    if exercise:
        file = homework.exercise(exercise).file
        right = [each for each in right if each.files[file] != variants.reference.files[file]]
        wrong = [each for each in wrong if exercise in each.exercises]
    found = [(variants.reference, whole)]
    found += [(variant, part) for variant in right] + [(variant, short) for variant in wrong]
    return found + [(variant, whole) for variant in (skeleton(homework), *garbage(homework))]


def skeleton(homework: Homework) -> Variant:
    """Return the untouched skeleton as a submission."""
    return Variant("skeleton", {file: skeleton_text(homework, file) for file in homework.files})


def grade_variants(
    homework: Homework, every: Iterable[tuple[Variant, Extent]], policy: Policy
) -> Iterator[tuple[Variant, Verdict]]:
    """Grade variants as a class is graded, in the pool and the sandbox."""
    named: dict[str, Variant] = {}

    def tasks():
        for variant, extent in every:
            named[variant.id] = variant
            yield Task(variant.id, as_submission(variant), extent)

    for id, verdict in run_pool(homework, tasks(), policy):
        yield named[id], verdict


def as_submission(variant: Variant) -> Submission:
    return Submission(variant.id, variant.id, {name: text.encode() for name, text in variant.files.items()})


def judge_variant(homework: Homework, variants: Variants, variant: Variant, verdict: Verdict) -> list[str]:
    """Return what is wrong with the verdict on one variant, a line each."""
    losing = {exercise.id for exercise in verdict.exercises if exercise.points < exercise.max_points}
    where = f"{homework.name}: {variant.id}"
    problems = [
        f"{where}: {test.test} is internal:\n{test.staff}" for test in verdict.tests if test.status == "internal"
    ]
    if variant is variants.reference or variant in variants.alternatives:
        lost = [f"{test.test} ({test.status}: {test.message})" for test in verdict.tests if test.status != "passed"]
        problems += [f"{where} is right and loses points in {line}" for line in lost]
    elif variant in variants.misconceptions:
        expected = {exercise.id for exercise in verdict.exercises} & set(variant.exercises)
        if losing != expected:
            problems.append(f"{where} loses marks in {sorted(losing)}, expected in {sorted(expected)}")
        hints = {diagnosis.misconception for diagnosis in verdict.diagnoses}
        if variant.id not in hints:
            problems.append(f"{where} does not earn its hint; it earns {sorted(hints) or 'none'}")
    elif variant.id == "skeleton":
        problems += [
            f"{where}: {test.test} ends {test.status}, expected todo" for test in verdict.tests if test.status != "todo"
        ]
    elif verdict.points:
        problems.append(f"{where} returns nonsense and earns {verdict.points:g} points, expected none")
    return problems


def _prove_release(homework: Homework, proof: Proof) -> None:
    """Fresh generated files, ids that agree, nothing private in the folder or the zip."""
    with tempfile.TemporaryDirectory(prefix="autograder-proof-") as folder:
        try:
            build(homework, Path(folder))
        except UserError as error:
            proof.problems += str(error).splitlines()


def _prove_visible(homework: Homework, proof: Proof) -> None:
    """The visible tests pass on the reference."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "course.testing.plugin"]
    command += ["--rootdir", str(homework.root), "-c", "/dev/null", "--import-mode=importlib"]
    command += ["--student", str(homework.solutions), str(homework.tests)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=homework.project)
    if run.returncode:
        proof.problems.append(f"{homework.name}: the visible tests fail on the reference:\n{run.stdout[-3000:]}")


def _prove_coverage(homework: Homework, variants: Variants, proof: Proof) -> None:
    """Every exercise has misconceptions enough."""
    for exercise in homework.exercises:
        count = sum(exercise.id in variant.exercises for variant in variants.misconceptions)
        if count < LEAST_MISCONCEPTIONS:
            proof.problems.append(
                f"{homework.name}: {exercise.id} has {count} misconceptions, expected {LEAST_MISCONCEPTIONS} or more"
            )


def _judge_mutants(homework, variants: Variants, mutated: dict[str, Verdict], proof: Proof, exercise: str) -> None:
    """Generic mutants die, and those that do not are listed with a reason."""
    alive, stopped = set(), 0
    for name, verdict in mutated.items():
        if any(test.status == "internal" for test in verdict.tests):
            proof.problems.append(f"{homework.name}: mutant {name} could not be graded: {verdict.tests[-1].staff}")
        elif all(test.status == "passed" for test in verdict.tests):
            alive.add(name)
        stopped += any(test.status == "timeout" for test in verdict.tests)
    listed, where = set(variants.survivors), f"{homework.name}: misconceptions.toml"
    gone = set() if exercise else listed - mutated.keys()
    proof.problems += [f"{where} lists a survivor that is no mutant: {name}" for name in sorted(gone)]
    dead = (listed & mutated.keys()) - alive
    proof.problems += [f"{where} lists a survivor that dies: {name}" for name in sorted(dead)]
    proof.problems += [
        f"{homework.name}: a mutant survives; test it, or list it with a reason: {name}"
        for name in sorted(alive - listed)
    ]
    count, killed = len(mutated), len(mutated) - len(alive)
    by_clock = f" ({stopped} of them took too long)" if stopped else ""
    proof.counts["mutants"] = f"{killed} of {count} killed{by_clock}, {len(alive & listed)} listed as equivalent"
    if killed < KILL_RATE * count:
        proof.problems.append(f"{homework.name}: {killed} of {count} mutants are killed, expected {KILL_RATE:.0%}")


def _left_out(notes: Path) -> dict[str, str]:
    """Return, by exercise, which tests cost too much to be looked at for known mistakes."""
    found = {}
    for path in sorted(notes.glob("*.json")):
        choice = decided(path, lambda: Choice([], []))
        if choice.left_out:
            names = ", ".join(test.rpartition("::")[2] for test in choice.left_out)
            found[f"diagnosis of {path.stem.split('-')[1]}"] = f"by the cheaper tests, without {names}"
    return found


def _only(exercise: str) -> tuple[str, ...]:
    return (exercise,) if exercise else ()


def _count(every: list[tuple[Variant, Extent]], kind: tuple[Variant, ...]) -> int:
    return sum(variant in kind for variant, _ in every)
