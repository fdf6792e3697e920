"""Comparators: what passes, what is said otherwise, and garbage of every kind."""

import numpy as np
import pytest

from course.testing import EXACT, SINGLE, Mismatch, assert_close, assert_shape, fields

WANTED = np.arange(24.0).reshape(2, 3, 4) + 1


class LiesAboutEverything:
    shape, dtype = (2, 3, 4), np.dtype(float)

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        return WANTED

    def __getattr__(self, name):
        raise RuntimeError("looked at")

    def __repr__(self):
        raise RuntimeError("printed")


class Sub(np.ndarray):
    def __array_finalize__(self, obj):
        pass

    def __sub__(self, other):
        return np.zeros(1)


class LyingFloat(float):
    def __sub__(self, other):
        return 0.0


GARBAGE = {
    "None": None,
    "str": "K",
    "list": [1.0, 2.0],
    "equal list": WANTED.tolist(),
    "dict": {"K": WANTED},
    "object array": WANTED.astype(object),
    "complex": WANTED.astype(complex),
    "whole numbers": WANTED.astype(int),
    "bool array": WANTED > 3,
    "half": WANTED.astype(np.float16),
    "strings": WANTED.astype(str),
    "records": np.zeros((2, 3, 4), dtype=[("a", float)]),
    "dates": np.zeros((2, 3, 4), dtype="datetime64[s]"),
    "0-d": np.array(1.0),
    "huge": np.broadcast_to(1.0, (10**6, 10**6)),
    "subclass": WANTED.view(Sub),
    "masked": np.ma.masked_all((2, 3, 4)),
    "lies": LiesAboutEverything(),
    "class": LiesAboutEverything,
    "function": len,
    "nan": np.full((2, 3, 4), np.nan),
    "one inf": np.where(WANTED == 5, np.inf, WANTED),
    "too big an int": 10**400,
    "True": True,
    "huge values": np.full((2, 3, 4), -1e308),
    "empty": np.zeros((2, 0, 4)),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_a_mismatch_for_every_comparator(kind):
    with pytest.raises(Mismatch, match="f: K"):
        assert_close("f: K", GARBAGE[kind], WANTED, rtol=EXACT)
    if kind != "huge values":
        with pytest.raises(Mismatch, match="f: K"):
            assert_shape("f: K", GARBAGE[kind], (2, 3, 4), "[T, m, n]")
    with pytest.raises(Mismatch, match="^f returned"):
        fields(GARBAGE[kind], "K k V", who="f")


@pytest.mark.parametrize(
    "value", [None, "1", True, 1j, LyingFloat(1), np.array([1.0]), np.complex128(1), float("nan"), 10**400]
)
def test_garbage_is_a_mismatch_for_a_number(value):
    with pytest.raises(Mismatch):
        assert_close("f", value, 1.0, rtol=EXACT)


@pytest.mark.parametrize("value", [1.0, 1, np.float64(1), np.float32(1), np.int64(1), np.array(1.0)])
def test_numbers_of_every_plain_kind_pass(value):
    assert_close("f", value, 1.0, rtol=EXACT)


def test_single_precision_and_foreign_byte_order_pass():
    assert_close("f", (WANTED / 3).astype(np.float32), WANTED / 3, rtol=SINGLE)
    assert_close("f", WANTED.astype(">f8"), WANTED, rtol=EXACT)
    assert_close("f", np.asfortranarray(WANTED), WANTED, rtol=EXACT)


def test_tensors_pass_and_strange_tensors_are_a_mismatch():
    torch = pytest.importorskip("torch")
    assert_close("f", torch.tensor(WANTED, requires_grad=True), WANTED, rtol=EXACT)
    for tensor in (
        torch.tensor(WANTED).to_sparse(),
        torch.tensor(WANTED, dtype=torch.bfloat16),
        torch.empty(2, device="meta"),
    ):
        with pytest.raises(Mismatch):
            assert_close("f", tensor, WANTED, rtol=EXACT)


def test_the_shape_is_told_with_its_letters():
    with pytest.raises(Mismatch) as caught:
        assert_shape("lqr.backward: K", np.zeros((2, 4)), (20, 2, 4), "[T, m, n]", look="the first axis is time")
    assert str(caught.value) == (
        "lqr.backward: K has shape (2, 4), expected (20, 2, 4) = [T, m, n]\n  look at: the first axis is time"
    )


def test_a_look_at_values_says_nothing_about_a_wrong_shape_or_type():
    for got in (np.zeros((2, 4)), WANTED.astype(complex), None, np.full(WANTED.shape, np.nan)):
        with pytest.raises(Mismatch) as caught:
            assert_close("f: K", got, WANTED, rtol=EXACT, look="the sum")
        assert "the sum" not in str(caught.value)


def said_of(got, expected, **options):
    with pytest.raises(Mismatch) as caught:
        assert_close("f: K", got, expected, rtol=SINGLE, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (0.5, -0.5, "f: K = 0.5 is off by 2 times the value expected (0.01 % is allowed)\n  it has the opposite sign"),
        (1.3, 1.0, "f: K = 1.3 is off by 30 % of the value expected (0.01 % is allowed)"),
        (0.0, 3.0, "f: K = 0 is off by 100 % of the value expected (0.01 % is allowed)"),
        (-0.0, 3.0, "f: K = 0 is off by 100 % of the value expected (0.01 % is allowed)"),
        (0.3, 0.0, "f: K = 0.3 is off by 0.3 (0.0001 is allowed)"),
        (4e9, 1.0, "f: K = 4e+09 is off by more than a million times the value expected (0.01 % is allowed)"),
        (
            np.array([[7.0]]),
            np.array([[2.0]]),
            "f: K[0, 0] = 7 is off by 2.5 times the value expected (0.01 % is allowed)",
        ),
        (
            np.array([1.0, 2.1]),
            np.array([1.0, 2.0]),
            "f: K is off in 1 of 2 entries; the worst is [1]: yours is 2.1, "
            "off by 5 % of the largest entry expected (0.01 % is allowed)",
        ),
    ],
)
def test_a_difference_is_told_in_words_and_without_exponents(got, expected, said):
    assert said_of(got, expected) == said


def test_the_numbers_expected_are_told_where_the_test_allows_it():
    said = said_of(np.array([[1.0, -0.0]]), np.array([[1.0, 2.0]]), show=True, look="the sum")
    assert said == "f: K is wrong\n  yours:    [[1, 0]]\n  expected: [[1, 2]]\n  look at: the sum"


def test_entries_that_are_no_numbers_are_counted_and_questioned():
    assert said_of(np.full(3, np.nan), np.ones(3)).startswith("f: K is NaN in every entry, expected finite values\n")
    one = said_of(np.array([1, np.nan, 1]), np.ones(3))
    assert one.startswith("f: K is NaN in 1 of 3 entries, the first is [1], expected finite")
    assert one.endswith("NaN: was an entry never filled, or read before it was filled?")
    assert (
        said_of(np.array([1, np.inf]), np.ones(2))
        == "f: K is infinite in 1 of 2 entries, the first is [1], expected finite values"
    )
    assert "is NaN, expected" in said_of(float("nan"), 1.0)


def test_the_worst_entry_is_named_and_no_expected_value_is_shown():
    got = WANTED.copy()
    got[1, 2, 0] += 2.4
    got[0, 0, 0] += 0.1
    with pytest.raises(Mismatch) as caught:
        assert_close("f: K", got, WANTED, rtol=1e-3, look="the sum")
    text = str(caught.value)
    assert "2 of 24 entries" in text and "[1, 2, 0]" in text and "yours is 23.4" in text and "10 %" in text
    assert "look at: the sum" in text
    assert "21" not in text


def test_a_flipped_sign_and_a_transpose_are_recognised():
    square = np.arange(9.0).reshape(3, 3)
    with pytest.raises(Mismatch, match="opposite sign"):
        assert_close("f", -square, square, rtol=EXACT)
    assert "every entry has the opposite sign" in said_of(np.array([1.0, -2.0]), np.array([-1.0, 2.0]))
    assert "opposite sign" not in said_of(np.array([1.0, 0.0]), np.array([-1.0, 0.0]))  # the zero says nothing
    with pytest.raises(Mismatch, match="transposed"):
        assert_close("f", square.T, square, rtol=EXACT)


def test_whole_numbers_in_a_buffer_are_explained():
    with pytest.raises(Mismatch, match="cuts off its fraction"):
        assert_close("f", np.ones(3, dtype=int), np.full(3, 1.5), rtol=EXACT)


def test_whole_numbers_pass_where_they_are_expected():
    assert_close("f", np.arange(3), np.arange(3), rtol=EXACT)
    assert_shape("f", np.arange(3), (3,), integer=True)
    with pytest.raises(Mismatch, match="whole numbers"):
        assert_shape("f", np.arange(3.0), (3,), integer=True)


def test_zeros_are_compared_absolutely_and_empty_arrays_agree():
    assert_close("f", np.full(3, 1e-12), np.zeros(3), rtol=EXACT)
    assert_close("f", np.zeros((0, 3)), np.zeros((0, 3)), rtol=EXACT)
    with pytest.raises(Mismatch):
        assert_close("f", np.full(3, 1e-3), np.zeros(3), rtol=EXACT)


def test_an_expected_value_that_is_not_finite_is_the_tests_fault():
    with pytest.raises(ValueError, match="the test is at fault"):
        assert_close("f", 1.0, float("nan"), rtol=EXACT)


def test_fields_are_taken_by_name_or_from_a_tuple_of_that_length():
    from collections import namedtuple
    from dataclasses import make_dataclass

    assert fields(namedtuple("P", "k V K")(1, 2, 3), "K k") == (3, 1)
    assert fields(make_dataclass("P", ["k", "K"])(1, 3), "K k") == (3, 1)
    assert fields((3, 1), "K k") == fields([3, 1], "K k") == (3, 1)
    with pytest.raises(Mismatch, match="tuple of 3, expected 2: K, k"):
        fields((1, 2, 3), "K k")
    with pytest.raises(Mismatch, match="without V; it has K, k"):
        fields(namedtuple("P", "K k")(1, 2), "K V")


def test_what_is_no_tuple_is_told_what_was_expected():
    for value, said in [
        (None, "f returned None, expected a tuple or NamedTuple (K, k): is a `return` missing?"),
        (np.ones(2), "f returned an array of dtype float64, expected a tuple or NamedTuple (K, k)"),
    ]:
        with pytest.raises(Mismatch) as caught:
            fields(value, "K k", who="f")
        assert str(caught.value) == said


def test_a_matrix_in_the_place_of_its_vector_is_taken_for_a_swap():
    K, k = np.ones((2, 3)), np.ones(2)
    with pytest.raises(Mismatch, match="K has 1 axis and k has 2 axes.* are they swapped"):
        fields((k, K), "K k", who="f")
    assert fields((K, k), "K k", who="f")[0] is K
    assert fields((k, k), "x u", who="f")[0] is k
