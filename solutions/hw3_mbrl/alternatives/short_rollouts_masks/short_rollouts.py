"""Short roll-outs with index arrays: `running` are the numbers of the roll-outs that have not ended yet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from transitions import Transitions, joined


class Targets(NamedTuple):
    """Pairs, and what Q should be on them."""

    s: np.ndarray
    a: np.ndarray
    y: np.ndarray


def rollouts(model, policy, s0, k, first=None):
    """Run k steps; a whole array of states is kept, and only its running rows are moved."""
    return [step for step, _ in numbered(model, policy, s0, k, first)]


def numbered(model, policy, s0, k, first=None):
    """Run k steps; beside each step are the numbers of the roll-outs that took it."""
    states, running, steps = np.array(s0), np.arange(len(s0)), []
    for j in range(k):
        s = states[running]
        a = np.asarray(first)[running] if j == 0 and first is not None else policy(s)
        r, s_next, done = model(s, a)
        steps.append((Transitions(s, a, r, s_next, done), running))
        states[running] = s_next
        running = running[np.logical_not(done)]
    return steps


def dyna(Q, D, model, policy, learn, rng, *, updates, N, k, own=False):
    """Improve Q; rows are chosen by `choice`."""
    for _ in range(updates):
        rows = rng.choice(len(D.s), size=N, replace=True)
        if k == 0:
            Q = learn(Q, Transitions(D.s[rows], D.a[rows], D.r[rows], D.s_next[rows], D.done[rows]))
            continue
        current = Q
        steps = rollouts(model, lambda s, Q=current: policy(Q, s), D.s[rows], k, D.a[rows] if own else None)
        Q = learn(Q, joined(*[step for step in steps if len(step.r)]))
    return Q


def depth_errors(f, truth, policy, s0, k):
    """Keep all differences and take the mean at the end."""
    imagined, real, differences = np.array(s0), np.array(s0), []
    for _ in range(k):
        a = policy(imagined)
        real = truth(real, a)
        imagined = f(imagined, a)
        differences.append((imagined - real).ravel())
    return np.linalg.norm(np.reshape(differences, (k, -1)), axis=1) / np.sqrt(np.size(s0))


def k_step_target(P, r, V, k, gamma):
    """Add up the rewards forwards, with the distribution after j steps."""
    reach, target = np.eye(len(r)), np.zeros(len(r))
    for j in range(k):
        target += gamma**j * reach @ r
        reach = reach @ P
    return target + gamma**k * reach @ np.asarray(V, dtype=float)


def value_targets(D, model, policy, Q, k, gamma):
    """Every roll-out has a number and a running value; they are updated backwards where they took the step."""
    going = np.flatnonzero(~D.done)
    steps = [(step, going[rows]) for step, rows in numbered(model, policy, D.s_next[going], k)]
    steps.insert(0, (D, np.arange(len(D.r))))
    value, (last, rows) = np.zeros(len(D.r)), steps[-1]
    alive = ~last.done
    if np.any(alive):
        value[rows[alive]] = Q(last.s_next[alive], policy(last.s_next[alive]))
    ys = []
    for step, rows in steps[::-1]:
        value[rows] = step.r + gamma * np.where(step.done, 0.0, value[rows])
        ys.append(value[rows].copy())
    return Targets(*(np.concatenate([getattr(step, x) for step, _ in steps]) for x in "sa"), np.concatenate(ys[::-1]))
