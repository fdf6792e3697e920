"""Which known mistake a submission makes, read off the values that it returned.

While a test runs, every call of the student's code and what it returned is written down. The same test is run once
against each known-wrong variant. Where the student's transcript equals a variant's, and the variant's differs from
the reference's, that variant's hint explains the failure. No test knows anything of this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.grading.variants import Variant
from autograder.grading.verdict import Diagnosis

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


def diagnose(
    failed: dict[str, tuple[str, Transcript]],
    variants: tuple[Variant, ...],
    transcript_of: Callable[[Variant | None, str], Transcript],
) -> list[Diagnosis]:
    """Return the mistakes that explain failed tests, those that explain most first.

    Args:
        failed: test -> (exercise, the student's transcript), for the tests that failed.
        transcript_of: (variant, test) -> its transcript; variant None is the reference.
    """
    explained: dict[Variant, set[str]] = {}
    for test, (exercise, transcript) in failed.items():
        for variant in variants:
            if exercise not in variant.exercises:
                continue
            theirs = transcript_of(variant, test)
            if same(transcript, theirs) and not same(theirs, transcript_of(None, test)):
                explained.setdefault(variant, set()).add(test)
    best = [
        variant for variant, tests in explained.items() if not any(tests < others for others in explained.values())
    ]  # a mistake that explains strictly less than another is a coincidence of small cases
    best.sort(key=lambda variant: -len(explained[variant]))
    return [
        Diagnosis(exercise, variant.id, variant.hint)
        for variant in best
        for exercise in sorted({failed[test][0] for test in explained[variant]})
    ]
