import json
import warnings

import pytest

from autograder.errors import UserError
from autograder.release.folder import notebook_text
from autograder.release.notebook import starter
from autograder.tests.release_example import NOTEBOOK, make


@pytest.fixture
def homework(tmp_path):
    return make(tmp_path)


@pytest.fixture
def notebook(homework):
    return json.loads(notebook_text(homework))


def cells_with_grades(notebook):
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]
    }


def refusal(homework, text):
    with pytest.raises(UserError) as caught:
        starter(text, "n.md", homework)
    return str(caught.value)


def test_self_checks_become_locked_test_cells_with_the_exercise_s_points(notebook):
    cell = cells_with_grades(notebook)["9-2"]
    meta = cell["metadata"]["nbgrader"]
    assert (meta["grade"], meta["solution"], meta["locked"], meta["points"]) == (True, False, True, 4.5)
    assert cell["metadata"]["editable"] is False and cell["metadata"]["deletable"] is False
    assert cell["source"] == ['print("check 9.2")'] and cell["metadata"]["tags"] == ["wide"]


def test_written_questions_become_cells_graded_by_hand_without_the_model_answer(notebook):
    cell = cells_with_grades(notebook)["9-1w"]
    meta = cell["metadata"]["nbgrader"]
    assert (meta["grade"], meta["solution"], meta["locked"], meta["points"]) == (True, True, False, 2)
    source = "".join(cell["source"])
    assert source.startswith("**9.1w, Why discount?** (2 points)\n\nWhat happens") and source.endswith("answer here.*")
    assert "without any bound" not in json.dumps(notebook) and "editable" not in cell["metadata"]


def test_code_cells_lose_their_solutions_and_everything_else_is_plain(notebook):
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert '# TODO 9.1: plot the running sum of ten ones\nraise NotImplementedError("9.1")' in sources
    plain = [cell for cell in notebook["cells"] if "nbgrader" not in cell["metadata"]]
    assert all(cell["metadata"] == {} for cell in plain) and sources[-1] == "The end."


def test_the_notebook_carries_nothing_of_the_machine_that_made_it(homework, notebook):
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "jupytext" not in json.dumps(notebook) and "Something else" not in json.dumps(notebook)
    assert all(cell.get("outputs", []) == [] and "attachments" not in cell for cell in notebook["cells"])
    assert notebook_text(homework) == notebook_text(homework)


def test_cell_ids_are_unique_and_follow_from_the_content(homework):
    twice = NOTEBOOK + "\n```python\nprint(1)\n```\n\n```python\nprint(1)\n```\n"
    first = [cell["id"] for cell in json.loads(starter(twice, "n.md", homework))["cells"]]
    moved = [cell["id"] for cell in json.loads(starter(twice + "\nMore.\n", "n.md", homework))["cells"]]
    assert len(set(first)) == len(first) and moved[: len(first)] == first


def test_nbgrader_accepts_the_notebook_and_its_checksums(notebook):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's imports are not ours to mend
        import nbformat
        from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
        from nbgrader.utils import compute_checksum
    node = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in node.cells:
        cell.source = "".join(cell.source)
    nbformat.validate(node)
    MetadataValidatorV3().validate_nb(node)
    graded = [cell for cell in node.cells if "nbgrader" in cell.metadata]
    assert len(graded) == 3
    assert all(cell.metadata.nbgrader.checksum == compute_checksum(cell) for cell in graded)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('exercise="9.2"', 'exercise="9.3"', "n.md:27: '9.3' is not in homework.toml"),
        ('exercise="9.2"', 'exercise="9.1"', "n.md:27: 9.1 stands in line 17 already"),
        (' exercise="9.2" tags=["wide"]', "", "n.md:1: 9.2 is missing"),
        ("WRITTEN 9.1w", "WRITTEN 9.2w", "n.md:31: '9.2w' is not in homework.toml"),
        ("<!-- END WRITTEN -->", "", "n.md:31: this question is never closed"),
        ("<!-- END WRITTEN -->", "<!-- END WRITEN -->", "n.md:33: got"),
        ("<!-- BEGIN WRITTEN 9.1w: What", "<!-- BEGIN WRITTEN 9.1w What", "n.md:31: got"),
        ("# END SOLUTION", "# END SOLUTON", "n.md:24: got"),
        ("import sums", "import", "n.md: a code cell"),
    ],
)
def test_faults_of_the_source_are_refused_with_their_line(homework, old, new, message):
    assert refusal(homework, NOTEBOOK.replace(old, new)).startswith(message)
