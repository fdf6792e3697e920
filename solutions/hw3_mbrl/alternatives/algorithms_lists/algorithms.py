"""Rows are kept in lists and joined at the end of a round; plans are moved on by hand, and rolled out as stacks."""

from collections import namedtuple

import numpy as np
from cem import cem
from transitions import Transitions, joined

History = namedtuple("History", "returns D")


def observe(env, s, a):
    after = env.step(a)
    row = Transitions(
        np.reshape(s, (1, -1)), np.reshape(a, (1, -1)), np.array([after[1]]), after[0][None], np.array([after[2]])
    )
    return row, bool(after[2] or after[3])


def collect(env, act, steps):
    kept, s, over = [], env.reset()[0], False
    while len(kept) < steps and not over:
        row, over = observe(env, s, np.asarray(act(s)))
        kept.append(row)
        s = row.s_next.reshape(-1)
    return joined(*kept)


def collect_random(env, episodes, steps, rng):
    space, parts = env.action_space, []
    for _ in range(episodes):
        parts.append(collect(env, lambda s: space.low + (space.high - space.low) * rng.random(space.shape), steps))
    return joined(*parts)


def plan_returns(f, reward, s, A):
    N, T, _ = A.shape
    path = [np.tile(s, (N, 1))]
    for t in range(T - 1):
        path.append(f(path[-1], A[:, t]))
    return reward(np.stack(path, axis=1), A).sum(axis=1)


def cem_planner(reward, low, high, rng, *, std=1.0, **options):
    def plan(f, s, guess):
        result = cem(
            lambda A: plan_returns(f, reward, s, A), guess, std * np.ones(guess.shape), low, high, rng, **options
        )
        return result.mean

    return plan


def algorithm1(env, D, fit, plan, steps):
    return algorithm2(env, D, fit, plan, steps, 1)


def algorithm2(env, D, fit, plan, steps, rounds):
    parts, returns = [D], []
    for _ in range(rounds):
        f = fit(joined(*parts))
        s, _ = env.reset()
        rows = []
        for a in plan(f, s, np.zeros((steps, D.a.shape[1]))):
            row, over = observe(env, s, a)
            rows.append(row)
            s = row.s_next[0]
            if over:
                break
        parts.append(joined(*rows))
        returns.append(float(np.sum(parts[-1].r)))
    return History(np.array(returns), joined(*parts))


def algorithm3(env, D, fit, plan, *, steps, episodes, T, every):
    rows, returns, f = [D], [], fit(D)
    for _ in range(episodes):
        s, _ = env.reset()
        guess, paid, over = np.zeros((T, D.a.shape[1])), [], False
        while len(paid) < steps and not over:
            actions = np.array(plan(f, s, guess))
            guess = np.vstack([actions, np.zeros((1, actions.shape[1]))])[1:]
            row, over = observe(env, s, actions[0])
            rows.append(row)
            paid.append(row.r[0])
            s = row.s_next[0]
            if (len(rows) - 1) % every == 0:
                f = fit(joined(*rows))
        returns.append(sum(paid))
    return History(np.array(returns), joined(*rows))
