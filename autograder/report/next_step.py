"""The one thing a student should do next, read off a verdict."""

from __future__ import annotations

from typing import NamedTuple

from autograder.grading.verdict import Record
from autograder.report.wording import LOST, ExerciseView, TestView, for_student


class NextStep(NamedTuple):
    """A heading, what it is about, the hint or message that helps, and the exercise to jump to, or empty."""

    heading: str
    text: str
    help: str = ""
    exercise: str = ""


def next_step(record: Record, views: list[ExerciseView]) -> NextStep:
    """Return the first thing to do: mend what stopped the code, else the first exercise that lost points."""
    if record.refused:
        reason = for_student(record.refused, None)
        return NextStep("Hand in again", "What arrived could not be graded:", reason)
    if record.verdict is None:
        return NextStep("Nothing was handed in", "There is nothing to grade yet.")
    if record.verdict.cause:
        full = record.verdict.points >= record.verdict.max_points - 1e-6
        heading = "Every check passed, but look at this" if full else "First mend this"
        return NextStep(heading, "While your code ran:", for_student(record.verdict.cause, record.verdict))
    for view in views:
        lost = [test for test in view.tests if test.status in LOST]
        if lost:
            return _within(view, lost)
    if any(view.pending for view in views):
        return NextStep("Nothing, for now", "Some checks failed on our side, or were not run. Somebody will look.")
    return NextStep("Nothing: every check passed", "All points of this homework's code are yours.")


def _within(view: ExerciseView, lost: list[TestView]) -> NextStep:
    where = f"{view.id} {view.title}"
    if all(test.status == "todo" for test in view.tests):
        begin = "This exercise is untouched. Begin at its first check:"
        return NextStep(where, begin, lost[0].sentence, view.id)
    first = next((test for test in lost if test.status != "todo"), lost[0])
    help = view.hints[0] if view.hints else first.message.text.split("\n")[0]
    return NextStep(where, f"The first check that does not pass: {first.sentence}", help, view.id)
