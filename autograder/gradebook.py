"""Verdicts into nbgrader's database, so that formgrader, manual grading and `nbgrader export` work on them.

A homework is an assignment with one notebook of its name; an exercise is a grade cell called `grade_id(id)`
with a solution cell of the same name, which carries the comment. Only what the autograder owns is written:
`auto_score`, `auto_comment`, and the two marks that ask for a person. Manual scores, manual comments and
extra credit stay as they are, and writing the same result twice changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from autograder.errors import UserError
from autograder.grading.verdict import ClassResult, Record
from autograder.homework import Homework, grade_id
from autograder.report.text import neutralise, one_line
from autograder.report.wording import STATUSES, exercise_views, for_student

COURSE = "default_course"  # nbgrader's own name for a course that was given none
COMMENT = 4000
TABLES = {"assignment", "base_cell", "grade", "comment", "submitted_notebook", "alembic_version"}


DIGEST = re.compile(r"-[0-9a-f]{8}$")


class Cell(NamedTuple):
    """What one cell of one submission gets; `score` None leaves it to a person."""

    score: float | None
    by_hand: bool
    comment: str


def database_url(target: str | Path) -> str:
    """Return a SQLAlchemy URL as it is, and a path as the URL of a SQLite file."""
    return str(target) if "://" in str(target) else f"sqlite:///{Path(target).resolve()}"


def write_gradebook(
    result: ClassResult,
    homework: Homework,
    target: str | Path = "gradebook.db",
    *,
    notebooks: Collection[str] | None = None,
) -> str:
    """Write a graded class into nbgrader's database and return its URL.

    `notebooks` names the students whose notebook came with their submission, so that written questions wait
    for a person; None takes it that every graded submission had one. Raises UserError where the database is
    not nbgrader's, cannot be opened or is in use.
    """
    url = database_url(target)
    with _open(url) as book:
        _define(book, homework)
        for record in result.records:
            _submission(book, record, homework, notebooks is None or record.student in notebooks)
        book.db.commit()
    return url


def cells(record: Record, homework: Homework, notebook: bool) -> dict[str, Cell]:
    """Return what every cell of one submission gets, by its name in nbgrader."""
    found = {}
    above = _above(record)
    for view in exercise_views(record, homework):
        lines = above + [f"What your results look like: {hint}" for hint in view.hints]
        lines += [
            f"{STATUSES[test.status].word}: {test.sentence}\n{test.message.text}".rstrip()
            for test in view.tests
            if test.status not in ("passed", "skipped")
        ]
        found[grade_id(view.id)] = Cell(view.points, view.pending > 0, "\n\n".join(lines)[:COMMENT])
    waits = notebook and record.verdict is not None
    for question in homework.written:
        note = "" if waits else "No notebook was handed in."
        found[grade_id(question.id)] = Cell(None if waits else 0.0, waits, note)
    return found


def student_id(student: str) -> str:
    """Return a student's id as nbgrader can show and export it: letters, digits and little else.

    Its export quotes nothing, and its column holds 128 characters; a digest tells apart what was altered.
    """
    plain = re.sub(r"[^\w .@+-]", "_", neutralise(student)).strip()
    plain = re.sub(r"^[+@-]", "_", plain)[:110] or "student"
    if plain == student and not DIGEST.search(student):  # or a student could be called what another is made to be
        return student
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def tool_environment() -> dict[str, str]:
    """Return an environment in which `nbgrader` and `alembic` are found beside this Python."""
    beside = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])}


def _above(record: Record) -> list[str]:
    if record.refused:
        return [f"Not graded: {one_line(for_student(record.refused, None))}"]
    if record.verdict is None:
        return ["Nothing was handed in."]
    told = [*record.notes, record.verdict.cause]
    return [one_line(for_student(text, record.verdict)) for text in told if text]


def _define(book, homework: Homework) -> None:
    """Create or update the assignment, its notebook and cells; refuse cells the homework does not have."""
    name = homework.name
    book.update_or_create_assignment(name, course_id=book.course_id)
    notebook = book.update_or_create_notebook(name, name)
    wanted = {grade_id(entry.id) for entry in homework.exercises + homework.written}
    strange = sorted({cell.name for cell in (*notebook.grade_cells, *notebook.task_cells)} - wanted)
    if strange:
        raise UserError(
            f"gradebook: assignment {name} has a graded cell {strange[0]!r} that the homework does not; "
            f"write to a new database or remove the assignment with `nbgrader db assignment remove {name}`"
        )
    for entry in homework.exercises + homework.written:
        kind = "markdown" if entry in homework.written else "code"
        book.update_or_create_grade_cell(grade_id(entry.id), name, name, max_score=entry.points, cell_type=kind)
        book.update_or_create_solution_cell(grade_id(entry.id), name, name)


def _submission(book, record: Record, homework: Homework, notebook: bool) -> None:
    from nbgrader.api import Comment, Grade

    student = student_id(record.student)
    book.update_or_create_student(student)
    book.update_or_create_submission(homework.name, student)
    submitted = book.find_submission_notebook(homework.name, homework.name, student)
    grades = {grade.name: grade for grade in submitted.grades}
    comments = {comment.name: comment for comment in submitted.comments}
    changed = False
    for name, cell in cells(record, homework, notebook).items():
        if name not in grades:  # the homework grew since this submission was first recorded
            key = book.find_grade_cell(name, homework.name, homework.name).id
            book.db.add(grades.setdefault(name, Grade(cell_id=key, notebook=submitted)))
        if name not in comments:
            key = book.find_solution_cell(name, homework.name, homework.name).id
            book.db.add(comments.setdefault(name, Comment(cell_id=key, notebook=submitted)))
        grade, comment = grades[name], comments[name]
        if grade.manual_score is None:
            grade.needs_manual_grade = cell.by_hand
        elif grade.auto_score != cell.score:
            grade.needs_manual_grade = True  # somebody graded what has since changed: they should know
        grade.auto_score = cell.score
        changed |= (comment.auto_comment or "") != cell.comment
        comment.auto_comment = cell.comment or None
    # Raised when there is news, never lowered: the flag may be somebody's own.
    if changed and (record.verdict is None or record.verdict.cause or record.verdict.pending):
        submitted.flagged = True


@contextmanager
def _open(url: str) -> Iterator:
    """Open nbgrader's database, creating it if there is none; turn what databases raise into one line."""
    with warnings.catch_warnings(), _quiet(), _beside_python():
        warnings.simplefilter("ignore")
        try:
            from nbgrader.api import Gradebook, InvalidEntry
            from sqlalchemy.exc import SQLAlchemyError
        except ImportError as error:
            raise UserError(f"gradebook: {error.name} is not installed; pip install nbgrader") from None
        shown = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)
        try:
            _refuse_foreign(url, shown)
            with Gradebook(url, course_id=COURSE) as book:
                yield book
        except (SQLAlchemyError, InvalidEntry, ImportError, OSError) as error:
            reason = getattr(error, "orig", None) or error
            first = one_line(str(reason).split("\n")[0], 200)
            raise UserError(f"gradebook: cannot use {shown}: {first}") from None


def _refuse_foreign(url: str, shown: str) -> None:
    """Raise UserError unless the database is empty, absent or nbgrader's at the version installed here."""
    import nbgrader
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    try:
        tables = set(inspect(engine).get_table_names())
        if tables and not tables >= TABLES:
            raise UserError(f"gradebook: {shown} is not nbgrader's; expected a gradebook or a new name")
        if tables:
            with engine.connect() as connection:
                version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
            if version != head:
                raise UserError(f"gradebook: {shown} is of another version; run `nbgrader db upgrade` on it")
    finally:
        engine.dispose()


@contextmanager
def _beside_python() -> Iterator[None]:
    """Let nbgrader find `alembic`, which it runs as a command when it creates a database."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = tool_environment()["PATH"]
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep nbgrader, traitlets and alembic from logging: their tracebacks are ours to put into a line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
