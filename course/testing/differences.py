"""What is said of numbers that are not the ones expected: how far off, and what a known slip looks like.

The expected numbers themselves are told only where a test allows it: those of an example in the handout.
"""

from __future__ import annotations

import numpy as np

MILLION = 1e6


@np.errstate(over="ignore")
def difference(name: str, got: np.ndarray, expected: np.ndarray, rtol: float, show: bool) -> str:
    """Say how `got` differs from `expected`, both float64 of one shape; "" where it is within `rtol` of the largest
    entry. show: tell the expected numbers.
    """
    scale = np.max(np.abs(expected), initial=0.0)
    error = np.abs(got - expected) / (scale or 1.0)
    wrong = ~(error <= rtol)
    if not wrong.any():
        return ""
    if show:
        said = f"{name} is wrong\n  yours:    {_numbers(got)}\n  expected: {_numbers(expected)}"
    else:
        said = _how_far(name, got, error, wrong, rtol, scale)
    return said + _known_slip(got, expected, rtol)


def _how_far(name, got, error, wrong, rtol, scale) -> str:
    """One sentence: the worst entry and its distance, in shares of the largest one expected."""
    worst = np.unravel_index(int(np.argmax(error)), error.shape)
    off, allowed = _share(error[worst], scale), _share(rtol, scale)
    if scale:  # where zeros are expected, the distance is a plain number
        off += " of" * off.endswith("%") + (" the value expected" if got.size == 1 else " the largest entry expected")
    off = f"off by {off} ({allowed} is allowed)"
    if got.size == 1:
        return f"{name}{_index(worst) if got.shape else ''} = {_number(got[worst])} is {off}"
    where = f"{int(wrong.sum())} of {wrong.size} entries"
    return f"{name} is off in {where}; the worst is {_index(worst)}: yours is {_number(got[worst])}, {off}"


def _known_slip(got, expected, rtol) -> str:
    """A line for a flipped sign or a transpose, where enough entries speak for it."""
    telling = np.abs(expected) > 2 * rtol * np.max(np.abs(expected))
    if (telling.all() or got.size >= 4) and _near(-got, expected, rtol):
        return "\n  every entry has the opposite sign" if got.size > 1 else "\n  it has the opposite sign"
    if got.ndim >= 2 and got.shape[-1] == got.shape[-2] > 1 and _near(np.swapaxes(got, -1, -2), expected, rtol):
        return "\n  the matrix is transposed"
    return ""


def _near(got, expected, rtol) -> bool:
    return bool(np.max(np.abs(got - expected)) <= rtol * np.max(np.abs(expected)))


def _share(error: float, scale: float) -> str:
    """Say a relative error without exponents: "9.2 %", "2 times", "more than a million times"."""
    if not scale:
        return _number(error, 2)
    if error < 1.95:
        return f"{_plain(100 * error)} %"
    return f"{_plain(error)} times" if error < MILLION else "more than a million times"


def _plain(value: float) -> str:
    """Write two digits that count, and never an exponent: 0.01, 9.2, 120."""
    return np.format_float_positional(float(f"{value:.2g}"), trim="-")


def _number(value: float, digits: int = 6) -> str:
    return f"{value + 0.0:.{digits}g}"  # adding zero turns -0 into 0


def _numbers(array: np.ndarray) -> str:
    return _number(array) if not array.shape else "[" + ", ".join(_numbers(part) for part in array) + "]"


def _index(index) -> str:
    return "[" + ", ".join(str(int(i)) for i in index) + "]"
