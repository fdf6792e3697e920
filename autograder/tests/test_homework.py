"""homework.toml: what is right is read, what is wrong is named."""

from __future__ import annotations

import pytest

from autograder.errors import UserError
from autograder.homework import all_homeworks, find, grade_id, load
from autograder.tests.tiny import CONFIG, make_homework


def test_a_homework_is_read_with_its_limits_and_points(tmp_path):
    homework = make_homework(tmp_path)
    assert [exercise.id for exercise in homework.exercises] == ["9.1", "9.2"]
    assert (homework.points, homework.modules, homework.limits.memory_mb) == (15, ("tiny", "other"), 250)
    assert homework.notebook == "hw9_tiny.ipynb" and grade_id("9.1") == "9-1"


@pytest.mark.parametrize(
    ("find", "replace", "said"),
    [
        ('title = "Tiny"', 'titel = "Tiny"', "titel"),
        ("points = 10", "points = 0", "9.1 has 0 points, expected more than 0; what earns none"),
        ("points = 10", "points = -1", "more than 0"),
        ("points = 10", "points = nan", "more than 0"),
        ("points = 10", "points = inf", "more than 0"),
        ("points = 10", 'points = "10"', "points: got '10', expected a number"),
        ("points = 10", "points = true", "expected a number"),
        ('id = "9.2"', "id = 9.2", "id: got 9.2, expected text in quotes"),
        ("memory_mb = 250", "memory_mb = 0", "memory_mb is 0, expected more than 0"),
        ("memory_mb = 250", "memory_mb = 2.5", "expected a whole number"),
        ("points = 10", "pints = 10", "pints"),
        ('id = "9.2"', 'id = "9.1"', "stands twice"),
        ('id = "9.2"', 'id = "two"', "form 2.1"),
        ('file = "other.py"', 'file = "nowhere.py"', "nowhere.py"),
        ('file = "other.py"', "", "file"),
        ('"tiny.py", "other.py"', '"../tiny.py", "other.py"', "module name"),
        ("memory_mb", "memory_gb", "memory_gb"),
        ("[limits]", "[limits", "not valid TOML"),
    ],
)
def test_a_mistake_in_homework_toml_is_named(tmp_path, find, replace, said):
    homework = make_homework(tmp_path)
    assert find in CONFIG
    (homework.root / "homework.toml").write_text(CONFIG.replace(find, replace, 1))
    with pytest.raises(UserError, match=said):
        load(homework.root)


def test_whatever_can_change_a_grade_changes_the_version(tmp_path):
    homework = make_homework(tmp_path)
    versions = {homework.version}
    for path in ("hw9_tiny/hidden/test_tiny.py", "solutions/hw9_tiny/tiny.py", "hw9_tiny/homework.toml"):
        with open(tmp_path / path, "a") as file:
            file.write("\n# changed\n")
        versions.add(load(homework.root).version)
    assert len(versions) == 4


def test_a_homework_is_found_by_its_beginning_and_by_its_folder(tmp_path):
    homework = make_homework(tmp_path)
    assert find("hw9", tmp_path) == find("hw9_tiny", tmp_path) == load(homework.root)
    with pytest.raises(UserError, match="expected one of: hw9_tiny"):
        find("hw", tmp_path)


def test_the_projects_own_homeworks_are_sound():
    assert "hw2_lqr_ilqr" in [homework.name for homework in all_homeworks()]
