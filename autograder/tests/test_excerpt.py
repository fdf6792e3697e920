"""An excerpt grades the chosen exercises as the whole homework does, and holds nothing of the others."""

from __future__ import annotations

from dataclasses import replace

from autograder.excerpt import excerpt
from autograder.grading.variants import load_variants
from autograder.tests.tiny import make_homework


def test_an_excerpt_holds_the_chosen_exercises_and_what_belongs_to_them(tmp_path):
    whole = make_homework(tmp_path / "whole")
    chosen = whole.exercises[0]
    part = excerpt(whole, (chosen.id,), tmp_path / "part")
    assert part.exercises == (chosen,) and part.files == (chosen.file,) and part.limits == whole.limits
    assert part.name == whole.name and part.title == whole.title
    known = load_variants(part)
    assert known.reference.files == {chosen.file: load_variants(whole).reference.files[chosen.file]}
    assert all(variant.exercises == (chosen.id,) for variant in known.misconceptions)


def test_an_excerpt_of_everything_is_the_homework_again_and_replaces_what_was_there(tmp_path):
    whole = make_homework(tmp_path / "whole")
    ids = [exercise.id for exercise in whole.exercises]
    for _ in range(2):
        part = excerpt(whole, ids, tmp_path / "part", whole.preload)
        assert replace(part, root=whole.root) == whole
        (part.hidden / "test_left_over.py").write_text("left over")
    names = {path.name for path in excerpt(whole, ids, tmp_path / "part").hidden.iterdir()}
    assert names == {path.name for path in whole.hidden.iterdir() if path.suffix == ".py"}
