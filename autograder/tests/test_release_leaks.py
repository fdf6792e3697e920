import json
import zipfile

import pytest

from autograder.errors import UserError
from autograder.release.build import build, write_zip
from autograder.release.folder import planned
from autograder.release.leaks import find_leaks
from autograder.tests.release_example import FILES, make

REGION = "weights = gamma ** np.arange(len(rewards))"
REFORMATTED = "weights=gamma**np.arange(\n#    len( rewards )\n# )"
SHORT = "for t, reward in enumerate(rewards):"


def built(homework, out):
    folder = build(homework, out)
    return folder, folder.with_name(f"{homework.name}.zip")


def planted(tmp_path, name, text):
    """Build the example, change a file of the release afterwards, and look for leaks."""
    homework = make(tmp_path / "project")
    folder, archive = built(homework, tmp_path / "out")
    path = folder / name
    path.write_text((path.read_text() if path.exists() else "") + text)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_zip(archive, homework.name, files)
    return find_leaks(homework, folder, archive)


def refusal(tmp_path, **changes):
    with pytest.raises(UserError) as caught:
        build(make(tmp_path / "project", **changes), tmp_path / "out")
    return str(caught.value)


def appended(name, text):
    return {name: FILES[name] + text}


def lines(text, first, last):
    return "\n".join(text.splitlines()[first - 1 : last]) + "\n"


def test_a_sound_homework_leaks_nothing(tmp_path):
    homework = make(tmp_path / "project")
    assert find_leaks(homework, *built(homework, tmp_path / "out")) == []


@pytest.mark.parametrize("leak", [REGION, f"    #  {REGION}  # so", f"Hint: `{REGION}`, said quickly.", REFORMATTED])
@pytest.mark.parametrize(
    "name", ["hw9_sums/README.md", "hw9_sums/tests/test_sums.py", "hw9_sums/provided.py", "course/deep.py"]
)
def test_a_solution_line_in_a_public_source_is_refused_with_both_places(tmp_path, name, leak):
    text = f'"""\n{leak}\n"""\n' if name.endswith(".py") else leak
    message = refusal(tmp_path, **appended(name, text))
    released = name.removeprefix("hw9_sums/")
    place = len(FILES[name].splitlines()) + (2 if name.endswith(".py") else 1)
    assert f"{released}:{place}: repeats solutions/hw9_sums/sums.py:20, the solution of 9.2;" in message


def test_a_solution_line_in_a_docstring_of_the_skeleton_is_refused(tmp_path):
    name = "solutions/hw9_sums/sums.py"
    message = refusal(
        tmp_path, **{name: FILES[name].replace("[T] to a number.", f"[T] to a number.\n\n    {REGION}\n    ")}
    )
    assert "\nsums.py:15: repeats solutions/hw9_sums/sums.py:" in message


def test_an_unmarked_solution_in_the_notebook_s_source_is_refused(tmp_path):
    name = "solutions/hw9_sums/hw9_sums.md"
    message = refusal(tmp_path, **appended(name, f"\n```python\nrewards = 1\n{REGION}\n```\n"))
    assert "hw9_sums.ipynb: cell 8, line 2: repeats solutions/hw9_sums/sums.py:20" in message


@pytest.mark.parametrize(
    ("source", "first", "last", "what"),
    [
        ("hw9_sums/hidden/test_sums.py", 8, 14, "a hidden test"),
        ("hw9_sums/hidden/oracle.py", 3, 6, "a hidden test"),
        ("solutions/hw9_sums/alternatives/library/sums.py", 6, 11, "an alternative solution"),
        ("solutions/hw9_sums/misconceptions.toml", 7, 7, "the hint of off-by-one"),
        ("solutions/hw9_sums/hw9_sums.md", 32, 32, "the answer to 9.1w"),
        ("solutions/hw9_sums/hw9_sums.md", 23, 23, "the solution of 9.1"),
    ],
)
@pytest.mark.parametrize("name", ["hw9_sums/README.md", "course/data/walk.csv"])
def test_every_sort_of_private_text_is_refused_in_public_sources(tmp_path, source, first, last, what, name):
    message = refusal(tmp_path, **appended(name, lines(FILES[source], first, last).replace("(", " (")))
    assert f"repeats {source}:" in message and what in message


def test_short_lines_are_refused_unless_a_public_source_holds_them(tmp_path):
    [leak] = planted(tmp_path, "conftest.py", f"    {SHORT}\n")
    assert leak.startswith("conftest.py:2: repeats solutions/hw9_sums/sums.py:10, the solution of 9.1")
    homework = make(tmp_path / "common", **appended("hw9_sums/provided.py", f"def f():\n    {SHORT}\n        pass\n"))
    assert find_leaks(homework, *built(homework, tmp_path / "other")) == []


def test_a_line_declared_public_with_a_reason_is_no_secret(tmp_path):
    declared = f'[[public]]\nline = "{REGION}"\nreason = "the handout derives it"\n'
    homework = make(tmp_path, **appended("hw9_sums/README.md", REGION), **{"solutions/hw9_sums/public.toml": declared})
    assert find_leaks(homework, *built(homework, tmp_path / "out")) == []
    (homework.solutions / "public.toml").write_text(f'[[public]]\nline = "{REGION}"\n')
    with pytest.raises(UserError, match="reason"):
        build(homework, tmp_path / "out")


def test_solutions_of_other_homeworks_are_secret_too(tmp_path):
    other = {
        "hw8_before/homework.toml": FILES["hw9_sums/homework.toml"],
        "solutions/hw8_before/sums.py": "# BEGIN SOLUTION 9.1: p\nprice = sum(w * max(s - k, 0.0) for s in paths)\n# END SOLUTION\n",
    }
    message = refusal(tmp_path, **other, **appended("course/deep.py", "price = sum(w*max(s-k, 0.0) for s in paths)\n"))
    assert "course/deep.py:2: repeats solutions/hw8_before/sums.py:2" in message


@pytest.mark.parametrize("name", ["sums.pyc", "hidden/test_sums.py", "course/tests/test_course.py", ".git/config"])
def test_files_that_are_not_on_the_list_are_refused(tmp_path, name):
    (tmp_path / "out" / "hw9_sums" / name).parent.mkdir(parents=True)
    homework = make(tmp_path / "project")
    folder, archive = built(homework, tmp_path / "out")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x\n")
    assert any(line.startswith(f"{name}: not on the list") for line in find_leaks(homework, folder, archive))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("outputs", [{"output_type": "stream", "name": "stdout", "text": [REGION]}], "cell 3 has outputs"),
        ("attachments", {"a.txt": {"text/plain": REGION}}, "cell 3 has attachments"),
        ("execution_count", 3, "cell 3 has execution_count"),
        ("source", ["x = 1\n", REGION], "cell 3, line 2: repeats"),
        ("metadata", {"note": REGION}, "cell 3, line 1: repeats"),
    ],
)
def test_notebooks_are_read_as_json_with_outputs_attachments_and_metadata(tmp_path, key, value, says):
    homework = make(tmp_path / "project")
    folder, archive = built(homework, tmp_path / "out")
    notebook = json.loads((folder / homework.notebook).read_text())
    notebook["cells"][2][key] = value
    (folder / homework.notebook).write_text(json.dumps(notebook))
    assert any(f"{homework.notebook}: {says}" in line for line in find_leaks(homework, folder, archive))


def test_what_only_the_zip_holds_is_refused(tmp_path):
    homework = make(tmp_path / "project")
    folder, archive = built(homework, tmp_path / "out")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.comment = REGION.encode()
        entry = zipfile.ZipInfo("hw9_sums/more.txt")
        entry.comment = b"for staff"
        opened.writestr(entry, "x")
    found = find_leaks(homework, folder, archive)
    assert [line.split(": ", 1)[1].split("; ")[0] for line in found] == [
        "has a comment",
        "hw9_sums/more.txt carries a comment or extra data",
        "hw9_sums/more.txt is not the folder's file",
    ]


def test_a_link_in_the_folder_is_refused(tmp_path):
    homework = make(tmp_path / "project")
    folder, archive = built(homework, tmp_path / "out")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(homework.root / "README.md")
    assert "README.md: a symbolic link" in find_leaks(homework, folder, archive)[0]


def test_the_plan_itself_holds_no_private_file(tmp_path):
    homework = make(tmp_path)
    assert not any(part in name for name in planned(homework) for part in ("hidden", "solution", "__pycache__"))
