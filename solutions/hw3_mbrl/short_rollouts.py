"""Short roll-outs of a learned model: what they are good for, and what they cost.

    general Dyna       s ~ data;   k steps   a = policy(s),  (r, s') = model(s, a);   train on all of them
    value expansion    (s, a, r, s') ~ data;   k steps from s_0 = s', which are paid r_0 … r_{k-1};
                       y = r + gamma (r_0 + gamma r_1 + … + gamma^{k-1} r_{k-1} + gamma^k Q(s_k, policy(s_k)))

A roll-out of a learned model leaves the truth a little in each step, and the errors add up. A guess of the value is
wrong as well, and discounting makes that error small if the guess comes late. Few steps trust the guess, many the
model.

Notation: N rows at once, states s [N, n], actions a [N, m]; in tables both are whole numbers, [N]. A model that can be
rolled out is a function model(s, a) -> (r [N], s_next like s, done bool [N]); a policy is policy(s) -> a. Neither keeps
or changes what it is given. done: nothing is earned after s_next. Discount gamma; larger rewards are better.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from transitions import Transitions, joined


class Targets(NamedTuple):
    """What a Q-function is trained on, M pairs long.

    s: [M, n] states (or [M]), a: [M, m] actions (or [M]), y: [M], what Q(s, a) should become.
    """

    s: np.ndarray
    a: np.ndarray
    y: np.ndarray


def rollouts(model: Callable, policy: Callable, s0, k: int, first=None) -> list[Transitions]:
    """Let a model run k steps from many states at once.

    model(s, a) -> (r, s_next, done) and policy(s) -> a: see above; one call a step, with all rows that still run.
    s0: [N, n] or [N], the states that the roll-outs begin in, none of them terminal. k: how many steps, 0 or more.
    first: [N, m] or [N], the actions of the first step; None: the policy chooses them as well.
    Returns a list of k Transitions: entry j is step j of those roll-outs that did not end before it, in the order of
    `s0`; it has no rows where none is left.
    """
    steps = []
    # BEGIN SOLUTION 3.8: each step acts in the states that the last one led to; what is done takes no further step
    s, a = np.asarray(s0), first
    for _ in range(k):
        a = policy(s) if a is None else a
        r, s_next, done = model(s, a)
        steps.append(Transitions(s, a, r, s_next, done))
        s, a = s_next[~done], None
    # END SOLUTION
    return steps


def dyna(
    Q: Any,
    D: Transitions,
    model: Callable,
    policy: Callable,
    learn: Callable,
    rng,
    *,
    updates: int,
    N: int,
    k: int,
    own=False,
) -> Any:
    """Improve Q on what a model imagines from real states; no environment is needed.

    Q: what is learned, in a form that policy and learn know, such as a table [S, A]. D: real transitions.
    model(s, a) -> (r, s_next, done). policy(Q, s) -> a. learn(Q, D: Transitions) -> Q, improved. rng: NumPy Generator.
    updates: how often `learn` is called; N: transitions of D drawn for each, uniformly and with replacement;
    k: steps of the model from each of their states; 0: no model, `learn` gets the drawn transitions (replay).
    own: the first step takes the action that was drawn with the state, not the policy's.
    """
    # BEGIN SOLUTION 3.8: draw N rows, imagine k steps from their states unless k is 0, learn from all; again
    for _ in range(updates):
        rows = rng.integers(len(D.r), size=N)
        batch = Transitions(*(column[rows] for column in D))
        if k > 0:
            first = batch.a if own else None
            batch = joined(*rollouts(model, partial(policy, Q), batch.s, k, first))
        Q = learn(Q, batch)
    # END SOLUTION
    return Q


def depth_errors(f: Callable, truth: Callable, policy: Callable, s0, k: int):
    """Measure how far a model's roll-outs are from the truth, depth by depth.

    f(s [N, n], a [N, m]) -> s_next [N, n]: learned dynamics; truth: the real ones, of the same form. policy(s) -> a.
    s0: [N, n]. k: depth. Both begin in `s0` and take the same actions: the policy's, chosen in imagination.
    One call a step of each function, with all rows; nothing ends here.
    Returns [k]: entry j is the root of the mean squared difference after j + 1 steps, over all N rows and n numbers.
    """
    errors = np.zeros(k)
    # BEGIN SOLUTION 3.8: two roll-outs side by side, the actions from the imagined one
    imagined = real = np.asarray(s0)
    for j in range(k):
        a = policy(imagined)
        imagined, real = f(imagined, a), truth(real, a)
        errors[j] = np.sqrt(np.mean((imagined - real) ** 2))
    # END SOLUTION
    return errors


def k_step_target(P, r, V, k: int, gamma: float):
    """Return what k steps of a table model and then a guess of the value say that each state is worth.

    P: [S, S], P[s, s'] is the probability that the policy's step leads from s to s'; a row may sum to less than 1, and
    the rest is the probability that the episode ends. r: [S], expected reward of the step. V: [S], the guess. k: steps,
    0 or more.
    Returns [S].
    """
    # BEGIN SOLUTION 3.8: rewards of k steps, then the guess where they lead
    target = np.asarray(V)
    for _ in range(k):
        target = r + gamma * (P @ target)
    return target
    # END SOLUTION


def value_targets(D: Transitions, model: Callable, policy: Callable, Q: Callable, k: int, gamma: float) -> Targets:
    """Expand the value: real transitions, continued by k steps of a model, and what Q should be on all of them (TD-k).

    D: N real transitions. model(s, a) -> (r, s_next, done), policy(s) -> a; Q(s, a) -> [N]. k: steps, 0 or more.
    Returns Targets: first the pairs (s, a) of D, then those of imagined step 0, 1, … k-1, each as `rollouts` has it.
    Source: Feinberg et al. (2018), Model-Based Value Expansion for Efficient Model-Free Reinforcement Learning.
    """
    # BEGIN SOLUTION 3.8: go on from where D led; then the targets, from the last step back to the first
    steps = [D, *rollouts(model, policy, D.s_next[~D.done], k)]
    s = steps[-1].s_next[~steps[-1].done]
    ys = [Q(s, policy(s))]
    for step in reversed(steps):
        after = np.zeros(len(step.r))
        after[~step.done] = ys[0]
        ys.insert(0, step.r + gamma * after)
    pairs = joined(*steps)
    return Targets(pairs.s, pairs.a, np.concatenate(ys[:-1]))
    # END SOLUTION
