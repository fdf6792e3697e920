"""The self-check of a notebook."""

import asyncio
import subprocess
import sys

import pytest

from course.check import check
from course.tests.test_plugin import COURSE, LQR, homework  # noqa: F401, a fixture

NOTEBOOK = """
import os, sys, time
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
saved = time.time()

def save(old, new):
    \"\"\"Edit lqr.py as an editor does; its time moves on by a second each time.\"\"\"
    global saved
    saved += 1
    text = open("lqr.py").read()
    assert old in text
    open("lqr.py", "w").write(text.replace(old, new))
    os.utime("lqr.py", (saved, saved))

def cell(code):
    result = shell.run_cell(code, store_history=True)
    result.raise_error()
    return result.result

cell("%load_ext autoreload\\n%autoreload 2\\nfrom course.check import check\\nimport lqr\\nfrom lqr import halve")
module = sys.modules["lqr"]
statuses = lambda: [row.status for row in cell('check("2.2")').rows][:2]
print(*statuses())
save('raise NotImplementedError("2.2")', "return x / 2")
print(*statuses())
print(cell("halve(8)"), cell("lqr.halve(8)"))
save("return x / 2", "return x / 4")
print(cell("halve(8)"), cell("lqr.halve(8)"))
print(*statuses())
save("return x / 4", "return x / 8")
print(cell("halve(8)"), sys.modules["lqr"] is module)
"""


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


def test_autoreload_goes_on_after_a_check(inside):
    script = inside / "session.py"
    script.write_text(NOTEBOOK)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=inside, capture_output=True, text=True,
        env={"PATH": "", "HOME": str(inside), "IPYTHONDIR": str(inside / "ipython"), "PYTHONPATH": str(COURSE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if not line.startswith(("Out", "\x1b")) and line]
    wanted = ["todo todo", "passed passed", "4.0 4.0", "2.0 2.0", "passed passed", "1.0 True"]
    assert [line for line in said if line in wanted] == wanted, done.stdout


def test_modules_that_the_notebook_imported_are_the_same_objects_afterwards(inside, monkeypatch):
    monkeypatch.syspath_prepend(str(inside))
    import lqr

    try:
        assert check("2.1").rows
        assert sys.modules["lqr"] is lqr
    finally:
        del sys.modules["lqr"]


def test_what_the_code_prints_is_shown_once_and_clipped(inside):
    (inside / "lqr.py").write_text(LQR.replace("return 2 * x", "print('n =', 3)\n    return 2 * x"))
    result = check("2.1")
    assert result.printed == "[Doubling gives twice as much.]\nn = 3"
    assert "your code printed:\n    [Doubling" in repr(result) and "n = 3</pre>" in result._repr_html_()
    (inside / "lqr.py").write_text("print('line\\n' * 10**5)\n" + LQR)
    assert check("2.1").printed.endswith("line\n... and more") and len(check("2.1").printed) < 5000


def test_an_interrupt_says_where_the_code_was(inside):
    (inside / "lqr.py").write_text("def double(x):\n    while True:\n        raise KeyboardInterrupt\n")
    said = repr(check("2.1"))
    assert said.startswith(
        "check: interrupted. This test ran: Doubling gives twice as much.\nYour code was here:\n  lqr.py:3 in"
    )


def test_a_check_of_nothing_names_the_exercises(inside):
    assert repr(check()) == 'check: say which exercise, as in check("2.1"); this homework has 2.1, 2.2'
