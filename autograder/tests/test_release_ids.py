import pytest

from autograder.release.ids import gaps
from autograder.tests.release_example import FILES, make


def changed(name, old, new):
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new)}


def test_a_sound_homework_has_no_gaps(tmp_path):
    assert gaps(make(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "gap"),
    [
        (
            "hw9_sums/README.md",
            "| 9.1 |",
            "| 1 |",
            "no table row of 9.1; add | 9.1 | Running sum | 3 |",
        ),
        ("hw9_sums/README.md", "4.5 points", "4", "README.md:6: 9.2 must have 4.5 points"),
        ("hw9_sums/README.md", "| 9.1w |", "| 9.3w |", "README.md:7: 9.3w is not in homework.toml"),
        ("hw9_sums/tests/test_sums.py", '"9.2"', '"9.1"', "hw9_sums/tests: no visible test of 9.2; add one"),
        (
            "hw9_sums/hidden/test_sums.py",
            '@exercise("9.1")',
            "",
            "hidden/test_sums.py:8: test_running_inverts",
        ),
        ("hw9_sums/hidden/test_sums.py", '"9.2"', '"9.7"', "marks 9.7, no exercise"),
        (
            "hw9_sums/hidden/test_sums.py",
            '@exercise("9.1")',
            '@exercise("9.1")\n@exercise("9.2")',
            "2 exercise marks",
        ),
    ],
)
def test_each_gap_is_a_line_with_its_file_and_what_to_add(tmp_path, name, old, new, gap):
    found = gaps(make(tmp_path, **changed(name, old, new)))
    assert any(gap in line for line in found), found


def test_a_missing_notebook_and_a_missing_handout_are_gaps(tmp_path):
    homework = make(tmp_path)
    (homework.solutions / "hw9_sums.md").unlink()
    (homework.root / "README.md").unlink()
    found = gaps(homework)
    assert [line.split(":")[0] for line in found] == ["hw9_sums/README.md", "solutions/hw9_sums/hw9_sums.md"]


def test_a_faulty_solution_is_a_gap_and_not_a_crash(tmp_path):
    homework = make(tmp_path)
    path = homework.solutions / "sums.py"
    path.write_text(path.read_text().replace("# END SOLUTION", "# END SOLUTON", 1))
    assert gaps(homework)[0].startswith("solutions/hw9_sums/sums.py:13: got")
