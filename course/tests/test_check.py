"""The self-check of a notebook."""

import asyncio
import sys

import pytest

from course.check import check
from course.tests.test_plugin import LQR, homework  # noqa: F401, a fixture


@pytest.fixture(autouse=True)
def _no_nbgrader(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


@pytest.fixture
def inside(homework, monkeypatch):  # noqa: F811
    homework = homework.rename(homework.parent / "my homework (1)")  # as unzipped by a browser
    (homework / "notes").mkdir()
    monkeypatch.chdir(homework / "notes")
    return homework


def test_the_table_holds_each_sentence_its_status_and_its_message(inside):
    result = check("2.1")
    assert [row.status for row in result.rows] == ["passed", "failed", "error"]
    assert result.points == pytest.approx(5.0) and result.max_points == 20
    text = repr(result)
    assert text.startswith("2.1 Doubling: 1 of 3 tests pass")
    assert "look at: the <slice>" in text and "lqr.py:11 in broken" in text and "not" not in result.problem


def test_html_is_escaped(inside):
    html = check("2.1")._repr_html_()
    assert "the &lt;slice&gt;" in html and "<slice>" not in html


def test_an_edit_counts_at_the_next_check(inside):
    (inside / "lqr.py").write_text(LQR.replace("x[:1]", "x[:3] * 1.0"))
    assert [row.status for row in check("2.1").rows] == ["passed", "passed", "error"]
    (inside / "lqr.py").write_text("def double(x:\n")
    assert "SyntaxError" in repr(check("2.1"))
    (inside / "tests" / "test_lqr.py").write_text("import gone\n")
    assert "cannot be read" in repr(check("2.1")) and "gone" in repr(check("2.1"))


def test_it_runs_inside_a_running_event_loop_and_in_silence(inside, capfd):
    async def cell():
        return check("2.2")

    before = set(sys.modules), sys.path.copy()
    result = asyncio.run(cell())
    assert [row.status for row in result.rows] == ["todo", "todo", "internal"]
    assert result.rows[1].message == "as above"
    assert capfd.readouterr() == ("", "")
    assert not {name for name in set(sys.modules) - before[0] if name.startswith(("tests", "lqr", "test_lqr"))}
    assert sys.path == before[1]


def test_nbgrader_reads_the_points(inside, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert float(repr(check("2.1"))) == 5.0
    assert float(repr(check("9.9"))) == 0.0


def test_what_cannot_be_checked_is_one_line(inside, tmp_path):
    assert repr(check("9.9")) == "check: got '9.9', expected an exercise of this homework: 2.1, 2.2"
    assert "no homework.toml" in repr(check("2.1", folder=tmp_path))
    assert "\n" not in repr(check("2.1", folder=tmp_path))
