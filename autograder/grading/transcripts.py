"""Transcripts: what somebody's code answered in one test, (path, answer) in order, and when two of them agree."""

from __future__ import annotations

from typing import Any

import numpy as np

RTOL = 1e-5  # equal up to rounding in another order; different mistakes differ by far more

Transcript = list[tuple[str, Any]]


def same(left: Any, right: Any) -> bool:
    """Tell whether two values from transcripts are equal up to rounding; NaN equals NaN."""
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, str) or isinstance(right, str) or left is None or right is None:
        return type(left) is type(right) and left == right
    try:
        left, right = np.asarray(left), np.asarray(right)
        if left.shape != right.shape or left.dtype.kind not in "biufc" or right.dtype.kind not in "biufc":
            return False
        scale = np.max(np.abs(left[np.isfinite(left)]), initial=0.0)
        return bool(np.allclose(left, right, rtol=RTOL, atol=RTOL * scale, equal_nan=True))
    except (TypeError, ValueError):
        return False
