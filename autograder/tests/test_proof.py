"""`verify` finds what is wrong with a homework: each part of the proof is shown a fault and names it."""

from __future__ import annotations

import ast

import pytest

from autograder.classroom import Policy
from autograder.errors import UserError
from autograder.grading.suite import Extent
from autograder.grading.transcripts import same
from autograder.grading.variants import load_variants
from autograder.proof.garbage import garbage
from autograder.proof.mutants import mutants
from autograder.proof.verify import grade_variants, judge_variant, skeleton, verify
from autograder.sandbox.probe import AUTOMATIC, works
from autograder.tests.tiny import HIDDEN, MISCONCEPTIONS, make_homework

TIER = next((tier for tier in AUTOMATIC if not works(tier)), "none")
POLICY = Policy(TIER, b"secret", False, processes=1)


def problems(homework, chosen) -> list[str]:
    variants = load_variants(homework)
    found = []
    for variant, verdict in grade_variants(homework, [(each, Extent()) for each in chosen(variants)], POLICY):
        found += judge_variant(homework, variants, variant, verdict)
    return found


def rewrite(homework, path: str, find: str, replace: str):
    file = homework.project / path
    assert find in file.read_text()
    file.write_text(file.read_text().replace(find, replace))


def test_a_sound_homework_has_no_problems(tmp_path):
    homework = make_homework(tmp_path)
    everything = lambda v: [v.reference, *v.misconceptions, skeleton(homework), *garbage(homework)]  # noqa: E731
    assert problems(homework, everything) == []


def test_a_reference_that_loses_points_is_found(tmp_path):
    homework = make_homework(tmp_path)
    rewrite(homework, "solutions/hw9_tiny/other.py", "x / 2.0", "x / 3.0")
    assert "is right and loses points in test_halve_halves" in problems(homework, lambda v: [v.reference])[0]


def test_a_misconception_that_loses_nothing_and_one_that_loses_elsewhere_are_found(tmp_path):
    homework = make_homework(tmp_path)
    rewrite(homework, "solutions/hw9_tiny/misconceptions.toml", "3.0 * x", "x + x")
    rewrite(
        homework,
        "solutions/hw9_tiny/misconceptions.toml",
        '["9.1"]\nfind = "2.0 * x"\nreplace = "x * x"',
        '["9.2"]\nfind = "2.0 * x"\nreplace = "x * x"',
    )
    found = problems(homework, lambda v: list(v.misconceptions))
    assert any("triples loses marks in [], expected in ['9.1']" in line for line in found)
    assert any("squares loses marks in ['9.1'], expected in ['9.2']" in line for line in found)
    assert any("triples does not earn its hint" in line for line in found)


def test_a_test_that_passes_nonsense_or_trips_over_it_is_found(tmp_path):
    careless = """
from course.testing import exercise

@exercise("9.1")
def test_it_answers(student):
    \"\"\"It answers.\"\"\"
    student.tiny.double(1.0)

@exercise("9.2")
def test_it_has_a_sum(student):
    \"\"\"It has a sum.\"\"\"
    assert len(student.other.halve(1.0)) > 0
"""
    found = problems(make_homework(tmp_path, careless), lambda v: garbage(make_homework(tmp_path, careless))[:4])
    assert any("returns nonsense and earns 10 points" in line for line in found)
    assert any("test_it_has_a_sum is internal" in line for line in found), found


def test_a_skeleton_that_is_half_solved_is_found(tmp_path):
    homework = make_homework(tmp_path)
    rewrite(homework, "solutions/hw9_tiny/tiny.py", "    # BEGIN", "    return x + x\n    # BEGIN")
    assert any("ends passed, expected todo" in line for line in problems(homework, lambda v: [skeleton(homework)]))


def test_mutants_change_one_thing_inside_a_region_and_say_which(tmp_path):
    homework = make_homework(tmp_path)
    found = {variant.id: variant.files for variant in mutants(homework)}
    assert "tiny.py double: 2.0 * x -> 2.0 / x" in found and "other.py halve: 2.0 -> 4.0" in found
    assert len(found) == len({str(files) for files in found.values()})
    for files in found.values():
        assert [ast.parse(text) for text in files.values()]


def test_one_exercise_is_proven_by_its_own_tests_variants_and_mutants(tmp_path):
    totals = []
    proof = verify(make_homework(tmp_path), POLICY, totals.append, exercise="9.1")
    assert proof.holds, proof.problems
    assert set(totals) == {len(totals)}, "every variant is announced before the first is graded"
    assert proof.counts["misconceptions"] == "2" and proof.counts["mutants"].startswith("2 of 2 killed")


WEAK = HIDDEN.replace("x = rng.normal(size=4)", "x = np.zeros(4)").replace("np.full(2, 2.0)", "np.zeros(2)")
WEAK = WEAK.replace("np.full(2, 4.0)", "np.zeros(2)")
SURVIVORS = """
[[survivor]]
mutant = "tiny.py double: 2.0 -> 4.0"
reason = "Twice nothing is four times nothing."

[[survivor]]
mutant = "other.py halve: 2.0 -> 4.0"
reason = "It dies all the same."
"""


def test_a_mutant_that_survives_and_a_survivor_that_dies_are_found(tmp_path):
    homework = make_homework(tmp_path, WEAK, MISCONCEPTIONS + SURVIVORS)
    found = verify(homework, POLICY, exercise="9.1").problems
    assert not any("a mutant survives" in line and "2.0 -> 4.0" in line for line in found)
    assert any("squares loses marks in []" in line for line in found)
    found = verify(homework, POLICY, exercise="9.2").problems
    assert found == ["hw9_tiny: misconceptions.toml lists a survivor that dies: other.py halve: 2.0 -> 4.0"]


@pytest.mark.parametrize("entry", ['find = "nowhere"', 'find = "x"', 'find = ""'])
def test_a_substitution_that_does_not_fit_the_solution_is_refused(tmp_path, entry):
    homework = make_homework(tmp_path)
    rewrite(homework, "solutions/hw9_tiny/misconceptions.toml", 'find = "2.0 * x"', entry)
    with pytest.raises(UserError, match="times in the solution's tiny.py"):
        load_variants(homework)


def test_transcripts_are_compared_up_to_rounding_and_by_structure():
    import numpy as np

    a = np.arange(4.0)
    assert same([("f", (a, 1.0))], [("f", (a + 1e-9, 1.0))])
    assert same(np.array([np.nan, 1.0]), np.array([np.nan, 1.0]))
    for other in (a + 0.1, a[:3], "raised ValueError", None, (a,), object()):
        assert not same(a, other)
