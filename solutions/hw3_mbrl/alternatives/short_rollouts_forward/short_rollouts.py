"""Short roll-outs on PyTorch where numbers are added up, with sums that run forwards; randomness by uniform numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from transitions import Transitions, joined


class Targets(NamedTuple):
    """Pairs, and what Q should be on them."""

    s: np.ndarray
    a: np.ndarray
    y: np.ndarray


def rollouts(model, policy, s0, k, first=None):
    """Run up to k steps; stop asking when no roll-out is left."""
    steps, s = [], np.asarray(s0)
    while len(steps) < k:
        a = first if first is not None and not steps else policy(s)
        step = Transitions(s, a, *model(s, a))
        steps.append(step)
        s = step.s_next[np.flatnonzero(step.done == 0)]
        if not len(s):
            break
    return steps + [Transitions(*(column[:0] for column in step)) for step in steps[-1:] * (k - len(steps))]


def dyna(Q, D, model, policy, learn, rng, *, updates, N, k, own=False):
    """Improve Q; the rows of all updates are drawn in advance."""
    for rows in rng.integers(0, len(D.r), size=(updates, N)):
        real = Transitions(*(np.take(column, rows, axis=0) for column in D))
        act = Acting(policy, Q)
        steps = rollouts(model, act, real.s, k, real.a if own else None) if k else [real]
        Q = learn(Q, joined(*steps))
    return Q


class Acting:
    """A policy with its Q."""

    def __init__(self, policy, Q):
        self.policy, self.Q = policy, Q

    def __call__(self, s):
        return self.policy(self.Q, s)


def depth_errors(f, truth, policy, s0, k):
    """Stack both systems' states."""
    pair = [np.array(s0), np.array(s0)]
    rows = []
    for _ in range(k):
        a = policy(pair[0])
        pair = [step(x, a) for step, x in zip((f, truth), pair, strict=True)]
        gap = torch.as_tensor(pair[0]) - torch.as_tensor(pair[1])
        rows.append(gap.square().mean().sqrt())
    return torch.stack(rows)


def k_step_target(P, r, V, k, gamma):
    """Go back k steps on tensors."""
    P, r, target = (torch.as_tensor(np.array(x, dtype=float)) for x in (P, r, V))
    for _ in range(k):
        target = torch.addmv(r, P, target, alpha=gamma)
    return target


def value_targets(D, model, policy, Q, k, gamma):
    """Add every reward, as soon as it is known, to the targets of all pairs before it."""
    s, a, y, who = [D.s], [D.a], [np.array(D.r, dtype=float)], [np.arange(len(D.r))]
    now, ids = D.s_next[~D.done], np.flatnonzero(~D.done)
    for j in range(1, k + 1):
        act = policy(now)
        r, then, done = model(now, act)
        for i, (target, rows) in enumerate(zip(y, who, strict=True)):
            target[np.searchsorted(rows, ids)] += gamma ** (j - i) * r
        s.append(now), a.append(act), y.append(np.array(r, dtype=float)), who.append(ids)
        now, ids = then[~done], ids[~done]
    if len(ids):
        last = Q(now, policy(now))
        for i, (target, rows) in enumerate(zip(y, who, strict=True)):
            target[np.searchsorted(rows, ids)] += gamma ** (k + 1 - i) * last
    return Targets(np.concatenate(s), np.concatenate(a), np.concatenate(y))
