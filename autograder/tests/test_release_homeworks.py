import pytest

from autograder.homework import PROJECT, all_homeworks
from autograder.release.build import build
from autograder.release.folder import notebook_source
from autograder.release.ids import gaps


@pytest.mark.parametrize("homework", all_homeworks(PROJECT), ids=lambda homework: homework.name)
def test_every_homework_of_this_course_can_be_released_twice_with_the_same_bytes(homework, tmp_path):
    if not notebook_source(homework).is_file() or not (homework.root / "README.md").is_file():
        pytest.skip(f"{homework.name} is not written yet: {gaps(homework)[0]}")
    archives = [build(homework, tmp_path / name).with_name(f"{homework.name}.zip") for name in ("a", "b")]
    assert archives[0].read_bytes() == archives[1].read_bytes()
