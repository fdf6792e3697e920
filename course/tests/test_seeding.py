"""Seeds and the course's secret."""

import pytest

from course.testing.seeding import DEVELOPMENT_SECRET, SECRET, SECRET_FILE, course_secret, seed_for


def test_seeds_depend_on_secret_homework_and_test_and_on_nothing_else():
    seeds = {seed_for(s, h, t) for s in (b"a", b"b") for h in ("hw1", "hw2") for t in ("x", "y")}
    assert len(seeds) == 8 and seed_for(b"a", "hw1", "x") in seeds
    assert seed_for(b"a", "hw", "1x") != seed_for(b"a", "hw1", "x")


def test_the_secret_comes_from_the_environment_or_its_file(monkeypatch, tmp_path):
    monkeypatch.delenv(SECRET, raising=False)
    monkeypatch.delenv(SECRET_FILE, raising=False)
    assert course_secret() == (DEVELOPMENT_SECRET, True)
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv(SECRET_FILE, str(tmp_path / "secret"))
    assert course_secret() == (b"from a file", False)
    monkeypatch.setenv(SECRET, "direct")
    assert course_secret() == (b"direct", False)


def test_a_secret_file_that_is_missing_or_empty_is_an_error(monkeypatch, tmp_path):
    monkeypatch.delenv(SECRET, raising=False)
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "gone"):
        monkeypatch.setenv(SECRET_FILE, str(tmp_path / name))
        with pytest.raises(ValueError, match="course's secret"):
            course_secret()
