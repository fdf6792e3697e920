"""The command line: each command a thin shell over one function.

Exit codes: 0 done; 1 something that was checked does not hold; 2 a mistake that the user can mend, told in one
line; 130 interrupted.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from tqdm import tqdm

from autograder.errors import UserError

app = typer.Typer(
    help="Grade a class of homework submissions without ever trusting them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(highlight=False, soft_wrap=True)

HomeworkName = Annotated[str, typer.Argument(help='a homework: "hw2", its full name, or its folder')]
TierName = Annotated[
    str, typer.Option("--tier", help="auto, bubblewrap, landlock, or none (no isolation; only by name)")
]
Processes = Annotated[int, typer.Option("--processes", min=0, help="graders at once; 0 means one for each core")]


def main() -> None:
    """Run the command line; tell a user's mistake in one line."""
    try:
        app()
    except UserError as error:
        _fail(str(error), error.code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}", 2)


def _fail(text: str, code: int) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"autograder: {text}\n")
    sys.exit(code)


@app.command()
def grade(
    homework: HomeworkName,
    submissions: Annotated[Path, typer.Argument(help="a folder or archive of the class, as an LMS exports it")],
    out: Annotated[
        Path | None, typer.Option("--out", help="where verdicts and reports go [default: grades/<homework>]")
    ] = None,
    tier: TierName = "auto",
    processes: Processes = 0,
    gradebook: Annotated[str, typer.Option(help="nbgrader database, a path or URL [default: <out>/gradebook.db]")] = "",
) -> None:
    """Grade a class: verdicts, a page for each student, a page for the class, a gradebook and a table.

    Interrupt it at any moment: the same command goes on where it stopped, and grades nothing twice.
    """
    from autograder.homework import find
    from autograder.workflow import grade_to_reports

    chosen = find(homework)
    folder = out or Path("grades") / chosen.name
    result = grade_to_reports(chosen, submissions, folder, _policy(tier, processes), _progress, gradebook)
    _say_result(result, folder)


@app.command()
def report(
    homework: HomeworkName,
    out: Annotated[Path, typer.Argument(help="the folder that `autograder grade` wrote")],
) -> None:
    """Write the pages, the table and the gradebook of a graded class again."""
    from autograder.grading.store import Store
    from autograder.homework import find
    from autograder.workflow import write_outputs

    result = Store(out).load_class()
    if result is None:
        raise UserError(f"{out}: got no class.json, expected a folder that `autograder grade` wrote")
    chosen = find(homework)
    if result.homework != chosen.name:
        raise UserError(
            f"{out}: holds grades of {result.homework}, got {chosen.name}; name the homework that was graded"
        )
    write_outputs(result, chosen, out)
    console.print(f"class page: {out / 'report.html'}")


@app.command()
def verify(
    homework: Annotated[str, typer.Argument(help="a homework to prove")] = "",
    all: Annotated[bool, typer.Option("--all", help="prove every homework")] = False,
    exercise: Annotated[str, typer.Option("--exercise", help="only this one's tests, variants and mutants")] = "",
    tier: TierName = "auto",
    processes: Processes = 0,
) -> None:
    """Prove a homework: reference, skeleton, misconceptions, alternatives, nonsense, mutants, release."""
    policy = _policy(tier, processes)
    broken = 0
    for chosen in _chosen(homework, all):
        _refuse_unknown(chosen, exercise)
        proof = _proof(chosen, policy, exercise)
        for what, count in proof.counts.items():
            console.print(f"  {what}: {count}")
        for problem in proof.problems:
            console.print(f"[red]![/] {_plain(problem)}")
        found = "[green]proven[/]" if proof.holds else "[red]not proven[/]"
        console.print(f"{chosen.name}{', exercise ' + exercise if exercise else ''}: {found}")
        broken += not proof.holds
    raise typer.Exit(1 if broken else 0)


@app.command()
def calibrate(
    homework: HomeworkName,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="course secrets to draw data from")] = 1000,
    exercise: Annotated[str, typer.Option("--exercise", help="only the tests of this one")] = "",
    test: Annotated[str, typer.Option("--test", help="only the test of this name")] = "",
    alternatives: Annotated[bool, typer.Option("--alternatives", help="the alternatives as well")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="processes; 0 means one for each core")] = 0,
) -> None:
    """Run the hidden tests on correct solutions under many course secrets, and count false failures.

    Interrupt it at any moment: the same command goes on where it stopped. Nothing runs twice until something changes.
    """
    from autograder.homework import find
    from autograder.proof.calibrate import calibrate as run
    from autograder.proof.calibrate import failures, summary

    chosen, out = find(homework), Path("build/calibration")
    _refuse_unknown(chosen, exercise)
    bar = partial(tqdm, desc=f"calibrate {chosen.name}", unit=" runs", disable=None)
    plan, known = run(chosen, seeds, out, bar, exercise, test, alternatives, jobs)
    console.print(summary(plan, known))
    lines = failures(plan, known, out)
    for line in lines:
        console.print(f"[red]![/] {_plain(line)}")
    raise typer.Exit(1 if lines else 0)


@app.command()
def skeletons(
    check: Annotated[bool, typer.Option("--check", help="change nothing; say what is stale or edited by hand")] = False,
) -> None:
    """Write the generated files (skeletons, starter notebooks) from solutions/."""
    from autograder.homework import all_homeworks
    from autograder.release.folder import skeletons as generate
    from autograder.release.folder import stale

    for homework in all_homeworks():
        if check:
            if found := stale(homework):
                raise UserError("\n".join(found))
        else:
            for path in generate(homework):
                console.print(f"wrote {path.relative_to(homework.project)}")


@app.command()
def release(
    homework: Annotated[str, typer.Argument(help="a homework to release")] = "",
    all: Annotated[bool, typer.Option("--all", help="release every homework")] = False,
    out: Annotated[Path, typer.Option("--out", help="where folder and zip go")] = Path("release"),
    tier: TierName = "auto",
) -> None:
    """Build what students receive, a folder and a zip; refused unless the homework is proven."""
    from autograder.release.build import build

    policy = _policy(tier, 0)
    for chosen in _chosen(homework, all):
        proof = _proof(chosen, policy)
        if not proof.holds:
            raise UserError("\n".join([f"release of {chosen.name} refused, not proven:", *proof.problems]))
        folder = build(chosen, out)
        console.print(f"{chosen.name}: {folder} and {folder}.zip")


@app.command()
def notebooks(
    quick: Annotated[bool, typer.Option("--quick", help="with less data and fewer iterations, as CI does")] = False,
) -> None:
    """Run every homework's notebook from top to bottom on the reference solutions."""
    from autograder.homework import all_homeworks
    from autograder.proof.notebooks import run_notebook

    for homework in all_homeworks():
        seconds = run_notebook(homework, quick, Path("build/notebooks"))
        console.print(f"build/notebooks/{homework.notebook}: ran in {seconds:.0f} s")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="where the demonstration goes")] = Path("build/demo"),
    tier: TierName = "auto",
    processes: Processes = 0,
) -> None:
    """Make a demonstration class, some of it hostile, grade it in the sandbox, and write its reports."""
    from autograder.demo import make_class
    from autograder.excerpt import excerpt
    from autograder.homework import find
    from autograder.release.folder import notebook_text
    from autograder.workflow import grade_to_reports

    policy = _policy(tier, processes)
    whole = find("hw2")
    homework, notebook = excerpt(whole, ("2.1", "2.2"), out / "homework"), notebook_text(whole).encode()
    made = make_class(homework, notebook, out / "submissions", hostile=policy.tier != "none")
    if policy.tier == "none":
        console.print("tier none does not isolate, so the hostile submissions are left out")
    console.print(f"made {made} submissions in {out / 'submissions'}")
    result = grade_to_reports(homework, out / "submissions", out, policy, _progress, "")
    _say_result(result, out)


@app.command()
def tiers() -> None:
    """Say which sandbox tiers work on this machine, and why the others do not."""
    from autograder.sandbox.probe import works
    from autograder.sandbox.tiers import TIERS

    for tier in TIERS:
        console.print(f"{tier:<12}{_plain(works(tier)) or 'works'}")


def _policy(tier: str, processes: int):
    """Choose the tier and the secret, and print both."""
    from autograder.classroom import Policy
    from autograder.sandbox.probe import choose
    from course.testing import course_secret

    chosen = choose(tier)
    try:
        secret = course_secret()
    except ValueError as error:
        raise UserError(str(error)) from None
    console.print(f"sandbox: {_plain(str(chosen))}")
    if secret.is_development:
        console.print(
            "secret: the published development one; for a real class name a file of your own in MBRL_COURSE_SECRET_FILE"
        )
    return Policy(chosen.name, secret.secret, secret.is_development, processes)


def _chosen(name: str, all: bool) -> list:
    from autograder.homework import all_homeworks, find

    if bool(name) == all:
        raise UserError("name one homework, or give --all")
    return all_homeworks() if all else [find(name)]


def _refuse_unknown(homework, exercise: str) -> None:
    known = [each.id for each in homework.exercises]
    if exercise and exercise not in known:
        raise UserError(f"{homework.name}: got exercise {exercise!r}, expected one of: {', '.join(known)}")


def _proof(homework, policy, exercise: str = ""):
    """Prove a homework behind a progress bar."""
    from autograder.errors import Interrupted
    from autograder.proof.verify import verify as prove

    with tqdm(desc=f"verify {homework.name}", unit=" variants", disable=None) as bar:

        def progress(total: int) -> None:
            bar.total = total
            bar.update()

        try:
            return prove(homework, policy, progress, exercise)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {homework.name} is not proven") from None


_progress = partial(tqdm, desc="grading", unit=" submissions", disable=None)


def _say_result(result, out: Path) -> None:
    from autograder.workflow import result_table

    console.print(result_table(result))
    console.print(f"class page: {out / 'report.html'}")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
