"""Hidden tests of exercise 3.7, second part: clipping and the ascent. Objectives are ours, and count their calls."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import policy_search_oracles as oracles
from policy_search_benches import Objective

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "policy_search.improve"


def clipped(student, g, max_norm):
    return assert_shape("policy_search.clip", student.policy_search.clip(np.array(g), max_norm), g.shape, "[P]")


@exercise("3.7", weight=0.75)
def test_clip_shortens_and_does_not_turn(student, rng):
    """clip: a gradient that is too long gets the length max_norm and keeps its direction; others stay as they are."""
    for P, length, max_norm in [(4, 5.0, 1.0), (3, 0.6, 1.0), (5, 2.9, 3.0), (2, 40.0, 0.5), (3, 7.0, np.inf)]:
        g = rng.normal(size=P)
        g *= length / np.linalg.norm(g)
        look = "the length sqrt(g'g) of the whole vector: all entries are multiplied by one number, which is 1 at most"
        expected = oracles.shortened(g, max_norm)
        assert_close("policy_search.clip", clipped(student, g, max_norm), expected, rtol=SINGLE, look=look)


@exercise("3.7", weight=0.5)
def test_clip_answers_zeros_to_what_is_no_number(student, rng):
    """clip: a gradient with NaN or infinity in any entry becomes zeros; zeros stay zeros, and what is short stays."""
    g = 0.4 * rng.uniform(0.5, 1, 4)
    assert_close("policy_search.clip of a short gradient", clipped(student, g, 1.0), g, rtol=SINGLE)
    for bad in (np.nan, np.inf, -np.inf, 0.0):
        g = rng.normal(size=4) if bad != 0 else np.zeros(4)
        g[2] = bad
        got = clipped(student, g, 1.0)
        if np.any(got):
            raise Mismatch(f"policy_search.clip: a gradient with {bad} in it did not become zeros")


def ascend(student, objective, theta, steps, rate, max_norm):
    """Have the student climb. Returns the answer's theta, J and norms, unchecked."""
    with complaints_of(objective):
        answer = student.policy_search.improve(objective.answer, np.array(theta), steps, rate, max_norm)
    return fields(answer, "theta J norms", who=WHO)


def draw(rng, P, steps, rate, max_norm, scale):
    """Draw an objective whose best is neither first nor last, and a good deal better than the next.

    max_norm: None for one that about half of the gradients exceed.
    Returns objective, theta, max_norm, and what is visited [steps + 1, P] with J and the gradients' lengths there.
    """
    while True:
        objective, theta = Objective(rng, P, steps + 1, scale), rng.normal(size=P)
        limit = max_norm
        if max_norm is None:
            free = oracles.adam_path(objective.value, theta, steps, rate, np.inf)
            limit = float(np.median([np.linalg.norm(objective.value(each)[1]) for each in free]))
        visited = oracles.adam_path(objective.value, theta, steps, rate, limit)
        J = np.array([objective.value(each)[0] for each in visited])
        lengths = np.array([np.linalg.norm(objective.value(each)[1]) for each in visited])
        bites = max_norm is not None or (np.any(lengths[:4] > 1.2 * limit) and np.any(lengths < limit))
        if bites and 0 < np.argmax(J) < steps and np.diff(np.sort(J)[-2:])[0] > 0.01:
            return objective, theta, limit, visited, J, lengths


def judge(student, rng, P, steps, rate, max_norm, scale):
    """Compare a whole ascent with the parameters that Adam visits."""
    objective, theta, limit, visited, expected, lengths = draw(rng, P, steps, rate, max_norm, scale)
    best, J, norms = ascend(student, objective, theta, steps, rate, limit)
    J = assert_shape(f"{WHO}: J", J, (steps + 1,), "[K+1]", look="J of the start, and J after every step")
    look = "the step: Adam with mean and square corrected for their start at zero; uphill; gradients clipped first"
    assert_close(f"{WHO}: what objective was asked", np.array(objective.asked), visited, rtol=SINGLE, look=look)
    assert_close(f"{WHO}: J", J, expected, rtol=SINGLE, look="J[k]: what objective returned in its call k")
    assert_close(f"{WHO}: the array norms", norms, lengths, rtol=SINGLE, look="norms: lengths BEFORE clipping")
    look = "theta: of all parameters that were tried, those with the largest J, the start among them; not the last ones"
    assert_close(f"{WHO}: theta", best, visited[np.argmax(expected)], rtol=SINGLE, look=look)


@exercise("3.7", weight=1)
def test_improve_climbs_as_adam_does(student, rng):
    """improve: without a limit on gradients it visits what Adam visits, going uphill, and returns the best of it."""
    judge(student, rng, P=4, steps=12, rate=0.1, max_norm=np.inf, scale=1.0)
    judge(student, rng, P=2, steps=7, rate=0.3, max_norm=np.inf, scale=10.0)
    judge(student, rng, P=3, steps=6, rate=0.2, max_norm=np.inf, scale=1e-7)


@exercise("3.7", weight=0.5)
def test_improve_clips_what_adam_sees(student, rng):
    """improve: gradients are clipped before Adam's averages see them, and norms tell how long they were."""
    judge(student, rng, P=3, steps=9, rate=0.2, max_norm=None, scale=1.0)


def answer_of(objective, counter, theta):
    """Return what an objective says when it is asked about theta for the next time."""
    return objective.value(theta, next(counter))


@exercise("3.7", weight=0.5)
def test_improve_survives_a_model_that_runs_away(student, rng):
    """improve: a J and a gradient of NaN are survived: theta stays finite, and the best is one whose J was a number."""
    theta, steps = rng.normal(size=3), 8
    for lost in [(2, 3), (0, 8), range(9)]:
        objective = Objective(rng, 3, steps + 1, lost=lost)
        best, _, _ = ascend(student, objective, theta, steps, 0.1, 1.0)
        best = assert_shape(f"{WHO}: theta after an objective of NaN", best, (3,), "[P]")
        if len(objective.asked) != steps + 1:
            raise Mismatch(f"{WHO} called objective {len(objective.asked)} times, expected steps + 1 = {steps + 1}")
        path = oracles.adam_path(partial(answer_of, objective, itertools.count()), theta, steps, 0.1, 1.0)
        look = "a gradient with NaN is clipped to zeros, and Adam goes on with these: its averages fade"
        asked = np.array(objective.asked)
        assert_close(f"{WHO}: what objective was asked, with NaN among J", asked, path, rtol=SINGLE, look=look)
        alive = [k for k in range(steps + 1) if k not in lost]
        tried = np.array([objective.asked[k] for k in alive] or [theta])
        expected = tried[np.argmax([objective.value(each)[0] for each in tried])]
        look = "the comparison: NaN is never larger; where no J was a number, theta is where it began"
        assert_close(f"{WHO}: theta with NaN among J", best, expected, rtol=SINGLE, look=look)
