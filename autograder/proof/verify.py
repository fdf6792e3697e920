"""`autograder verify`: the proof that a homework's tests, solutions, hints and release agree with each other.

Everything that claims to be right or wrong is graded, through the sandbox, exactly as a class is: the reference,
the untouched skeleton, every misconception, every alternative, nonsense, and generic mutants of the reference.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.classroom import Policy, Task, run_pool
from autograder.errors import UserError
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


def verify(homework: Homework, policy: Policy, done: Callable[[str], None] = lambda what: None) -> Proof:
    """Prove a homework; `done` is called with a name after every submission graded."""
    proof = Proof(homework.name)
    variants = load_variants(homework)
    _prove_release(homework, proof)
    _prove_visible(homework, proof)
    _prove_coverage(homework, variants, proof)
    named = [
        variants.reference,
        *variants.alternatives,
        *variants.misconceptions,
        skeleton(homework),
        *garbage(homework),
    ]
    for variant, verdict in grade_variants(homework, named, policy, done):
        proof.problems += judge_variant(homework, variants, variant, verdict)
    proof.counts["alternatives"] = f"{len(variants.alternatives)}, all with full marks wanted"
    proof.counts["misconceptions"] = f"{len(variants.misconceptions)}"
    _prove_mutants(homework, variants, policy, proof, done)
    return proof


def skeleton(homework: Homework) -> Variant:
    """Return the untouched skeleton as a submission."""
    return Variant("skeleton", {file: skeleton_text(homework, file) for file in homework.files})


def grade_variants(
    homework: Homework, variants: list[Variant], policy: Policy, done: Callable[[str], None]
) -> Iterator[tuple[Variant, Verdict]]:
    """Grade variants as a class is graded, in the pool and the sandbox."""
    named = {variant.id: variant for variant in variants}
    tasks = (Task(variant.id, as_submission(variant)) for variant in variants)
    for id, verdict in run_pool(homework, tasks, policy):
        done(id)
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
        if losing != set(variant.exercises):
            problems.append(f"{where} loses marks in {sorted(losing)}, expected in {sorted(variant.exercises)}")
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


def _prove_mutants(homework, variants: Variants, policy: Policy, proof: Proof, done) -> None:
    """Generic mutants die, and those that do not are listed with a reason."""
    every = list(mutants(homework))
    quick = replace(policy, diagnose=False, until_loss=True)
    alive = set()
    for variant, verdict in grade_variants(homework, every, quick, done):
        if any(test.status == "internal" for test in verdict.tests):
            proof.problems.append(
                f"{homework.name}: mutant {variant.id} could not be graded: {verdict.tests[-1].staff}"
            )
        elif all(test.status == "passed" for test in verdict.tests):
            alive.add(variant.id)
    listed, names = set(variants.survivors), {variant.id for variant in every}
    where = f"{homework.name}: misconceptions.toml"
    proof.problems += [f"{where} lists a survivor that is no mutant: {name}" for name in sorted(listed - names)]
    proof.problems += [f"{where} lists a survivor that dies: {name}" for name in sorted((listed & names) - alive)]
    proof.problems += [
        f"{homework.name}: a mutant survives; test it, or list it with a reason: {name}"
        for name in sorted(alive - listed)
    ]
    killed = len(every) - len(alive)
    proof.counts["mutants"] = f"{killed} of {len(every)} killed, {len(alive & listed)} listed as equivalent"
    if killed < KILL_RATE * len(every):
        proof.problems.append(f"{homework.name}: {killed} of {len(every)} mutants are killed, expected {KILL_RATE:.0%}")
