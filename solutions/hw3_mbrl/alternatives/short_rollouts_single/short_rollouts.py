"""Short roll-outs in single precision."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from transitions import Transitions, joined


class Targets(NamedTuple):
    """Pairs, and what Q should be on them."""

    s: np.ndarray
    a: np.ndarray
    y: np.ndarray


def single(x):
    """Return floats in single precision, and everything else as it is."""
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype.kind == "f" else x


def rollouts(model, policy, s0, k, first=None):
    """Run k steps, each in a call of its own."""
    if k == 0:
        return []
    s = single(s0)
    a = single(policy(s) if first is None else first)
    step = Transitions(s, a, *map(single, model(s, a)))
    return [step, *rollouts(model, policy, step.s_next[~step.done], k - 1)]


def dyna(Q, D, model, policy, learn, rng, *, updates, N, k, own=False):
    """Improve Q on all steps of N roll-outs, again and again."""
    for _ in range(updates):
        rows = (rng.random(N) * len(D.r)).astype(int)
        batch = Transitions(*(single(column[rows]) for column in D))
        if k:
            first = batch.a if own else None
            batch = joined(*rollouts(model, partial(policy, Q), batch.s, k, first))
        Q = learn(Q, batch)
    return Q


def depth_errors(f, truth, policy, s0, k):
    """Measure the difference of two roll-outs."""
    imagined = real = single(s0)
    errors = []
    for _ in range(k):
        a = single(policy(imagined))
        imagined, real = single(f(imagined, a)), single(truth(real, a))
        errors.append(np.sqrt(np.mean(np.square(imagined - real))))
    return np.array(errors, dtype=np.float32)


def k_step_target(P, r, V, k, gamma):
    """Apply the model k times."""
    P, r, target = single(P), single(r), single(V)
    for _ in range(k):
        target = r + np.float32(gamma) * P @ target
    return target


def value_targets(D, model, policy, Q, k, gamma):
    """Go on from each transition, one step deeper in each call."""
    y, deeper = D.r.astype(np.float32), None
    s = D.s_next[~D.done]
    a = policy(s)
    if k == 0:
        y[~D.done] += np.float32(gamma) * Q(s, a)
        return Targets(D.s, D.a, y)
    deeper = value_targets(Transitions(s, a, *model(s, a)), model, policy, Q, k - 1, gamma)
    y[~D.done] += np.float32(gamma) * deeper.y[: len(s)]
    return Targets(*(np.concatenate(pair) for pair in ((D.s, deeper.s), (D.a, deeper.a), (y, deeper.y))))
