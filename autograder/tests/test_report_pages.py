"""The pages: nothing of a student's becomes markup, nothing of the grader's reaches a student."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from autograder.errors import UserError
from autograder.grading.verdict import Record
from autograder.report import class_page, page_names, student_page, write_pages
from autograder.tests.test_report_sample import HINT, SERVER, XSS, sample_class, sample_homework, sample_verdict

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Collects a page's elements as (tag, attributes) and its text, and whether every element is closed."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open, self.balanced = [], [], [], True
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, tuple(sorted(name for name, _ in attributes)), dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, tuple(sorted(name for name, _ in attributes)), dict(attributes)))

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def shape(self):
        """Elements with the names of their attributes: what no string of a student's can change."""
        return [(tag, names) for tag, names, _ in self.elements]

    @property
    def words(self):
        return " ".join(self.text)


def everywhere(text: str, homework):
    """Return a record that carries `text` wherever a student or the worker could put it."""
    verdict = sample_verdict(
        {"2.1/0": "failed", "2.2/0": "error"}, homework, messages={"2.1": text, "2.2": text + "!"}, cause=text
    )
    return Record(text, text, [text], verdict=verdict)


HOSTILE = [
    XSS,
    "</style></title></script>" + XSS,
    "' onmouseover=alert(1) x='",
    '" style="x" a="',
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;<b>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_element_or_attribute_of_a_page_comes_from_a_student(text):
    """A page has the same elements and attributes whether a student's strings are harmless or hostile."""
    homework = sample_homework()
    harmless, hostile = everywhere("h" * len(text), homework), everywhere(text, homework)
    assert Outline(student_page(hostile, homework)).shape == Outline(student_page(harmless, homework)).shape
    refused = [Record(name, name, [], refused=name) for name in ("h" * len(text), text)]
    assert Outline(student_page(refused[1], homework)).shape == Outline(student_page(refused[0], homework)).shape
    pages = [
        class_page(msgspec.structs.replace(sample_class(), records=[record, other]), homework)
        for record, other in ((harmless, refused[0]), (hostile, refused[1]))
    ]
    assert Outline(pages[0]).shape == Outline(pages[1]).shape


def test_every_page_is_well_formed_self_contained_and_under_a_strict_policy():
    """Elements close, nothing is fetched, no inline styles or handlers, hashes match what they allow."""
    homework, result = sample_homework(), sample_class()
    for page in [
        class_page(result, homework),
        *(student_page(record, homework) for record in result.records),
    ]:
        outline = Outline(page)
        assert outline.balanced and not outline.open
        policy = next(a["content"] for _, _, a in outline.elements if a.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
        for tag in ("style", "script"):
            for body in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S):
                digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
                assert f"{tag}-src 'sha256-{digest}'" in policy
        for _, names, attributes in outline.elements:
            assert "style" not in names and "src" not in names and not any(name.startswith("on") for name in names)
            assert not re.match(r"\w+:|//", attributes.get("href", "#"))


def test_a_students_page_tells_nothing_of_the_grader_or_of_others():
    """No names of hidden tests, no paths, no internal traceback, no other student's name."""
    homework = sample_homework()
    for record in sample_class().records:
        words = Outline(student_page(record, homework)).words
        assert "test_hidden" not in words and "test_secret_name" not in words
        assert SERVER not in words and "Traceback" not in words
        assert not any(
            f"s{n:02}" in words
            for n in range(1, 25)
            if f"s{n:02}" not in record.student + record.source + record.refused
        )


def test_a_students_page_says_points_hints_statuses_and_what_to_do_next():
    """Whoever lost points is told where to begin, and why, in words beside every colour."""
    homework = sample_homework()
    records = {record.student: record for record in sample_class().records}
    words = Outline(student_page(records["s03"], homework)).words
    assert "90" in words and "What your results look like" in words and HINT in words
    assert "What to do next" in words and "2.1 LQR: backward recursion" in words
    assert "every check passed" in Outline(student_page(records["s01"], homework)).words
    assert "Untouched" in Outline(student_page(records["s09"], homework)).words
    assert "14.17" in (held := Outline(student_page(records["s07"], homework)).words) and "our side" in held
    assert "RAR archive" in Outline(student_page(records["s23"], homework)).words
    assert "invalid syntax (lqr.py, line 12)" in Outline(student_page(records["s10"], homework)).words
    assert "one folder too deep" in Outline(student_page(records["s05"], homework)).words
    assert "more characters left out" in Outline(student_page(records["s12"], homework)).words


def test_control_characters_and_overrides_do_nothing_on_a_page():
    """What a terminal or a renderer would act on is shown or dropped; a page can always be encoded."""
    homework = sample_homework()
    text = "\x1b[31mred\x1b[0m\x00\x07\u202egpj.exe\ud800\u2066\x9b" + "a" + "\u0301" * 50
    for page in (
        student_page(everywhere(text, homework), homework),
        class_page(msgspec.structs.replace(sample_class(), records=[everywhere(text, homework)]), homework),
    ):
        page.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
        assert "[31m" not in page and "\u0301" * 4 not in page and "U+202E" in page


def test_the_class_page_shows_what_staff_need():
    """Names of failing tests, known mistakes, who needs a look, and every student once with a link."""
    homework, result = sample_homework(), sample_class()
    page = class_page(result, homework)
    outline = Outline(page)
    assert "test_hidden_2_1_0" in outline.words and "forgot-affine-part" in outline.words
    for reason in ("refused", "stopped", "pending", "timeout", "memory", "test_secret_name"):
        assert reason in outline.words
    links = [attributes["href"] for tag, _, attributes in outline.elements if tag == "a"]
    assert {f"students/{name}" for name in page_names(result.records)} <= set(links)
    assert "Before you use these grades" not in outline.words


def test_the_class_page_warns_of_the_development_secret_and_of_no_sandbox():
    """Grades that anybody could have forged are not shown without saying so."""
    page = class_page(msgspec.structs.replace(sample_class(), development_secret=True, tier="none"), sample_homework())
    assert "development secret" in page and "without a sandbox" in page


@pytest.mark.parametrize("exercises", [1, 6])
@pytest.mark.parametrize("kind", ["empty", "refused", "absent", "one", "all full"])
def test_pages_of_edge_case_classes_are_sound(exercises, kind):
    """An empty class, one that was refused whole, one student, one exercise: a page all the same."""
    homework = sample_homework(exercises)
    records = {
        "empty": [],
        "refused": [Record(f"s{n}", "x.zip", [], refused="not a zip file") for n in range(3)],
        "absent": [Record("s1", "", [])],
        "one": [Record("s1", "s1.zip", [], verdict=sample_verdict({"2.1": "todo"}, homework))],
        "all full": [Record(f"s{n}", "x.zip", [], verdict=sample_verdict({}, homework)) for n in range(5)],
    }[kind]
    page = class_page(msgspec.structs.replace(sample_class(), records=records), homework)
    outline = Outline(page)
    assert outline.balanced and "nan" not in outline.words.lower().split()
    for record in records:
        assert Outline(student_page(record, homework)).balanced


def test_a_verdict_of_an_older_homework_still_makes_a_page():
    """Exercises a verdict does not know have no points; those the homework dropped are not shown."""
    old, new = sample_homework(2), sample_homework(6)
    record = Record("s1", "s1.zip", [], verdict=sample_verdict({}, old))
    assert "No checks were run" in student_page(record, new)
    assert student_page(Record("s1", "s1.zip", [], verdict=sample_verdict({}, new)), old)


def test_names_of_pages_are_safe_and_never_the_same_twice():
    """Case, separators, reserved names and length lead neither out of the folder nor onto another's page."""
    students = [
        "s01",
        "S01",
        "../../x",
        "a/b",
        "a\\b",
        "",
        ".",
        "CON",
        "aux",
        "x" * 500,
        "x" * 501,
        "s01",
        "é",
        "e",
        "a b",
        "a_b",
    ]
    names = page_names([Record(student, str(place), []) for place, student in enumerate(students)])
    assert len({name.casefold() for name in names}) == len(students)
    for name in names:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*\.html", name) and len(name) < 100
        assert name.split(".")[0].casefold() not in ("con", "aux")


def test_pages_are_written_whole_and_those_of_students_who_are_gone_are_removed(tmp_path):
    """Writing again leaves the pages of the present class and whatever is not ours."""
    homework, result = sample_homework(), sample_class()
    write_pages(result, homework, tmp_path / "out")
    (tmp_path / "out/students/own-notes.html").write_text("<p>somebody's own</p>")
    write_pages(msgspec.structs.replace(result, records=result.records[:2]), homework, tmp_path / "out")
    left = {path.name for path in (tmp_path / "out/students").iterdir()}
    assert left == {*page_names(result.records[:2]), "own-notes.html"}
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_file()] == ["report.html"]


def test_an_unwritable_folder_is_one_clear_line(tmp_path):
    """A file where the folder should be is a user's mistake, not a traceback."""
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(UserError, match="out.*cannot be written") as caught:
        write_pages(sample_class(), sample_homework(), tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_submission_whose_checks_were_not_run_is_not_told_that_all_passed():
    """Skipped checks neither pass nor ask anything of the student."""
    homework = sample_homework()
    record = Record("s1", "s1.zip", [], verdict=sample_verdict({"2.3": "skipped"}, homework))
    words = Outline(student_page(record, homework)).words
    assert "Nothing, for now" in words and "All points of this homework" not in words
