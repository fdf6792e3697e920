"""Records to HTML. A page is one file: its style inside, no scripts needed, nothing fetched, a content policy
that allows nothing but that style (and, on the class page, one script that sorts a table), each by its hash.

The templates escape everything; before that, `finalize` makes every string harmless (`text.neutralise`), so a
template cannot forget it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.grading.verdict import ClassResult, Record
from autograder.homework import Homework
from autograder.report import charts, summary
from autograder.report.names import page_names
from autograder.report.next_step import next_step
from autograder.report.text import clip, count, neutralise, number, one_line
from autograder.report.wording import STATUSES, exercise_views, for_student

TEMPLATES = Path(__file__).parent / "templates"
TIERS = {
    "bubblewrap": "bubblewrap: namespaces of its own, no network, an empty file system",
    "landlock": "landlock: no file and no network outside an allowed list",
    "user": "user: another user id with filtered system calls",
    "none": "none: no isolation at all",
}


def student_page(record: Record, homework: Homework) -> str:
    """Return the page that one student reads: points, checks, hints and what to do next."""
    views = exercise_views(record, homework)
    verdict = record.verdict
    used = {test.status for view in views for test in view.tests}
    return _render(
        "student.html",
        record=record,
        homework=homework,
        exercises=views,
        points=sum(view.points for view in views),
        pending=sum(view.pending for view in views),
        next=next_step(record, views),
        cause=for_student(verdict.cause, verdict) if verdict else "",
        notes=[for_student(note, verdict) for note in record.notes],
        refused=for_student(record.refused, verdict),
        legend=[status for status in STATUSES if status in used],
        written=sum(question.points for question in homework.written),
    )


def class_page(result: ClassResult, homework: Homework) -> str:
    """Return the page that staff read: how the class did, what went wrong most, what needs a look."""
    records = summary.ordered(result.records)
    rows = summary.rows(records, page_names(records), homework)
    graded = [record for record in records if record.verdict]
    totals = [record.verdict.points for record in graded]
    apart = len(records) - len(graded)
    with_apart = summary.spread(totals + [0.0] * apart)
    return _render(
        "class.html",
        result=result,
        homework=homework,
        rows=rows,
        graded=len(graded),
        apart=apart,
        refused=sum(bool(record.refused) for record in records),
        pending=sum(record.verdict.pending > 0 for record in graded),
        spreads=[("graded", summary.spread(totals)), ("all, refused as 0", with_apart)],
        histogram=charts.histogram(totals, apart, homework.points, with_apart.median),
        exercises=summary.exercises(records, homework),
        failing=summary.failing_tests(records),
        misconceptions=summary.misconceptions(records),
        statuses=summary.statuses(records),
        looks=[row for row in rows if row.looks],
        warnings=summary.warnings(result),
        tier=TIERS.get(result.tier, result.tier),
        script=_asset("table.js"),
        script_hash=_hash(_asset("table.js")),
    )


def _render(template: str, **values) -> str:
    style = _asset("style.css")
    page = _environment().get_template(template).render(style=style, style_hash=_hash(style), **values)
    return page.rstrip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters.update(number=number, one_line=one_line, clip=clip, count=count)
    environment.globals.update(STATUSES=STATUSES, percent=charts.percent, stack=charts.stack)
    return environment


def _harmless(value):
    return neutralise(value) if type(value) is str else value


@cache
def _asset(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8").strip())


def _hash(text: str) -> Markup:
    return Markup("sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())
