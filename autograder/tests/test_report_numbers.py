"""The numbers behind the class page, and the text helpers."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from autograder.report import charts, summary
from autograder.report.text import clip, neutralise, number, one_line, without_paths
from autograder.tests.test_report_sample import sample_class, sample_homework


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(0, 9))
def test_a_histogram_counts_everybody_once_and_stays_in_its_frame(totals, refused):
    """Bins add up to the class, and no column leaves the plot."""
    drawn = charts.histogram(totals, refused, 100.0, None)
    assert sum(column.count for column in drawn.columns) == len(totals)
    assert sum(column.refused for column in drawn.columns) == refused
    assert all(column.refused_top >= -0.02 and column.x + column.width <= 100 for column in drawn.columns)
    assert len(drawn.counts) <= 7


def test_full_points_fall_into_the_last_bin_and_a_bins_lower_edge_belongs_to_it():
    """100 of 100 is in 90 to 100; 10 is in 10 to 20."""
    drawn = charts.histogram([100.0, 10.0, 0.0], 0, 100.0, None)
    assert [column.count for column in drawn.columns] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_stacked_bar_fills_its_width_without_gaps():
    """Parts follow one another and end at 100 %."""
    parts = charts.stack((3, 0, 2, 5))
    assert [part.level for part in parts] == [0, 2, 3]
    assert parts[0].x == 0 and abs(parts[-1].x + parts[-1].width - 100) < 0.01


def test_spread_agrees_with_the_standard_library_and_bears_small_classes():
    """None for nobody, the value itself for one."""
    values = [3.0, 10.0, 4.5, 20.0]
    assert summary.spread(values)[:3] == (4, statistics.mean(values), statistics.median(values))
    assert summary.spread([]) == (0, None, None, None, None)
    assert summary.spread([7.0]) == (1, 7.0, 7.0, 7.0, 7.0)


def test_levels_of_an_exercise_add_up_to_the_graded_submissions():
    """No points, below half, half or more, full: everybody graded is in one of them."""
    result = sample_class()
    graded = sum(record.verdict is not None for record in result.records)
    for exercise in summary.exercises(result.records, sample_homework()):
        assert sum(exercise.levels) == graded


def test_a_test_that_is_only_untouched_does_not_count_as_failing():
    """`todo` is told beside the bar; it does not put a test on the list."""
    result = sample_class()
    only_todo = [record for record in result.records if record.student in ("s02", "s09")]
    assert summary.failing_tests(only_todo) == []


@given(st.text(max_size=200))
def test_neutralised_text_can_be_encoded_and_is_stable(text):
    """Neutralising twice is neutralising once."""
    once = neutralise(text)
    once.encode("utf-8")
    assert neutralise(once) == once


def test_text_helpers_say_what_they_leave_out():
    """Clipping counts, one line is one line, points read as people write them."""
    assert clip("abcdef", 4) == ("abcd", 2) and clip("a\nb\nc", 99, lines=2) == ("a\nb", 2)
    assert one_line("a\n\tb \x1b[1mc") == "a b c"
    assert [number(value) for value in (20.0, 17.5, 100 / 3, 0.0, -0.001)] == [
        "20",
        "17.5",
        "33.33",
        "0",
        "0",
    ]


def test_paths_are_shortened_to_their_last_part_and_fractions_are_left_alone(tmp_path):
    """Where the grader lives goes, what looks a little like a path stays."""
    assert without_paths(f"at {tmp_path}/lqr.py, line 3") == "at lqr.py, line 3"
    assert without_paths(r"at C:\grader\work\lqr.py") == "at lqr.py"
    for text in ("m/s/s", "1/2/3", "K [T, m, n] / 2", "and/or", "../../etc"):
        assert without_paths(text) == text
