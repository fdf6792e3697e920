import pytest

from autograder.errors import UserError
from autograder.release.regions import find_regions, module_skeleton, strip_markers, to_skeleton
from autograder.tests.release_example import NOTEBOOK, SOLUTION

IDS = ["9.1", "9.2"]
HEAD = "def f(x):\n    if x:\n"
BEGIN, END = "        # BEGIN SOLUTION 9.1: do it\n", "        # END SOLUTION\n"
BODY = "        y = x\n"


def refusal(text, ids=("9.1",)):
    with pytest.raises(UserError) as caught:
        module_skeleton(text, "m.py", ids)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_region_becomes_its_prompt_and_a_raise_at_the_same_indentation():
    skeleton = module_skeleton(SOLUTION, "sums.py", IDS)
    assert "        # TODO 9.2: weigh reward t with gamma to the power t\n" in skeleton
    assert '        raise NotImplementedError("9.2")\n    return 0.0\n' in skeleton
    assert "weights" not in skeleton and "SOLUTION" not in skeleton


def test_what_stands_outside_regions_is_kept_to_the_letter():
    before, after = SOLUTION.splitlines(), module_skeleton(SOLUTION, "sums.py", IDS).splitlines()
    assert before[:7] == after[:7] and before[-1] == after[-1]


def test_stripping_markers_keeps_the_solution():
    stripped = strip_markers(SOLUTION, "sums.py")
    assert "total[t] = reward" in stripped and "SOLUTION" not in stripped
    assert len(stripped.splitlines()) == len(SOLUTION.splitlines()) - 4


def test_prose_may_speak_of_the_solution():
    assert not find_regions('"""Return the solution."""\nsolution = 1\n', "m.py")
    assert not find_regions("The solution of an equation\n\n```python\nx = 1\n```\n", "m.md")


def test_regions_of_a_notebook_lie_in_its_code_cells():
    skeleton = to_skeleton(NOTEBOOK, "hw9_sums.md", IDS)
    assert '# TODO 9.1: plot the running sum of ten ones\nraise NotImplementedError("9.1")\n```' in skeleton
    with pytest.raises(UserError, match="n.md:1: "):
        to_skeleton("# BEGIN SOLUTION 9.1: in prose\nx\n# END SOLUTION\n", "n.md", IDS)


@pytest.mark.parametrize(
    ("mark", "line"),
    [
        ("        # BEGIN SOLUTION 9.1:\n", 3),
        ("        # BEGIN SOLUTION 9.1: \n", 3),
        ("        # BEGIN SOLUTION 9.1 do it\n", 3),
        ("        # BEGIN SOLUTION: do it\n", 3),
        ("        #BEGIN SOLUTION 9.1: do it\n", 3),
        ("        # begin solution 9.1: do it\n", 3),
        ("        # BEGN SOLUTION 9.1: do it\n", 3),
        ("        # BEGIN SOLUTON 9.1: do it\n", 3),
        ("        # BEGIN  SOLUTION 9.1: do it\n", 3),
        ("        ### BEGIN SOLUTION\n", 3),
        ("        x = 1  # BEGIN SOLUTION 9.1: do it\n", 3),
    ],
)
def test_a_malformed_beginning_is_refused_with_its_line(mark, line):
    assert refusal(HEAD + mark + BODY + END).startswith(f"m.py:{line}: got ")


@pytest.mark.parametrize(
    "mark", ["# END SOLUTION 9.1", "# END SOLUTIONS", "# end solution", "#END SOLUTION", "# EDN SOLUTION"]
)
def test_a_malformed_end_is_refused_with_its_line(mark):
    assert refusal(HEAD + BEGIN + BODY + f"        {mark}\n").startswith("m.py:5: got ")


def test_a_pair_that_is_misspelt_twice_is_refused():
    text = HEAD + BEGIN + BODY + END + "        # BEGIN SOLUTOIN 9.1: x\n" + BODY + "        # END SOLUTOIN\n"
    assert refusal(text).startswith("m.py:6: got ")


@pytest.mark.parametrize(
    ("text", "start", "word"),
    [
        (HEAD + BEGIN + BODY, "m.py:3:", "never closed"),
        (HEAD + BODY + END, "m.py:4:", "without a beginning"),
        (HEAD + BEGIN + BODY + BEGIN + BODY + END + END, "m.py:5:", "inside"),
        (HEAD + BEGIN + BODY + "    # END SOLUTION\n", "m.py:5:", "align"),
        (HEAD + BEGIN + BODY + "    z = 1\n" + "        # END SOLUTION\n", "m.py:5:", "leaves the block"),
        (HEAD + BEGIN + BODY * 13 + END, "m.py:3:", "13 lines of code"),
        (HEAD + BODY + BEGIN + "        # only words\n\n" + END, "m.py:4:", "0 lines of code"),
    ],
)
def test_unpaired_nested_empty_and_long_regions_are_refused(text, start, word):
    message = refusal(text)
    assert message.startswith(start) and word in message


def test_comments_and_blank_lines_do_not_make_a_region_long():
    assert module_skeleton(HEAD + BEGIN + (BODY + "\n        # why\n") * 12 + END, "m.py", ["9.1"])


def test_ids_must_be_exercises_and_every_exercise_needs_a_region():
    text = HEAD + BEGIN + BODY + END
    assert "9.1 is no exercise" in refusal(text, ids=["9.2"])
    assert "exercise 9.2 has no region" in refusal(text, ids=["9.1", "9.2"])


@pytest.mark.parametrize(
    "text",
    [
        "y = f(\n# BEGIN SOLUTION 9.1: p\n    1,\n    2,\n# END SOLUTION\n)\n",
        "if x:\n    # BEGIN SOLUTION 9.1: p\n    y = (\n        1 +\n    # END SOLUTION\n        2)\n",
        "# BEGIN SOLUTION 9.1: p\nif x:\n    y = 1\n# END SOLUTION\nelse:\n    y = 2\n",
        "# BEGIN SOLUTION 9.1: p\nfor x in y:\n    z = 1\n# END SOLUTION\n    w = 2\n",
    ],
)
def test_a_statement_that_goes_on_past_its_region_is_refused(text):
    assert "whole statements" in refusal(text)


def test_a_region_inside_a_string_is_refused():
    assert "inside a string" in refusal('x = """\n# BEGIN SOLUTION 9.1: p\nwords\n# END SOLUTION\n"""\n')


def test_a_solution_that_does_not_compile_is_refused():
    assert refusal("def f(:\n").startswith("m.py:1: the solution does not compile")
