"""Everything that is computed or kept in single precision; `done` as 0.0 or 1.0."""

from typing import NamedTuple

import numpy as np
from cem import cem
from mpc import MPC
from transitions import Transitions, joined

SINGLE = np.float32


class History(NamedTuple):
    returns: np.ndarray
    D: Transitions


def observe(env, s, a):
    s_next, r, terminated, truncated, _ = env.step(a)
    return Transitions(*(np.array([x], dtype=SINGLE) for x in (s, a, r, s_next, terminated))), terminated or truncated


def collect(env, act, steps):
    s, rows = env.reset()[0].astype(SINGLE), []
    for _ in range(steps):
        row, over = observe(env, s, act(s))
        rows.append(row)
        s = row.s_next[0]
        if over:
            break
    return joined(*rows)


def collect_random(env, episodes, steps, rng):
    low, high = env.action_space.low.astype(SINGLE), env.action_space.high.astype(SINGLE)
    return joined(*[collect(env, lambda s: rng.uniform(low, high).astype(SINGLE), steps) for _ in range(episodes)])


def plan_returns(f, reward, s, A):
    states, A, J = np.repeat(s[None].astype(SINGLE), len(A), axis=0), A.astype(SINGLE), np.zeros(len(A), dtype=SINGLE)
    for a in np.moveaxis(A, 1, 0):
        J += reward(states, a)
        states = f(states, a).astype(SINGLE)
    return J


def cem_planner(reward, low, high, rng, *, std=1.0, **options):
    def plan(f, s, guess):
        spread = np.full(guess.shape, std)
        return cem(lambda A: plan_returns(f, reward, s, A), guess, spread, low, high, rng, **options).mean.astype(
            SINGLE
        )

    return plan


def algorithm1(env, D, fit, plan, steps):
    f = fit(D)
    plans = []

    def act(s):
        plans.append(plans[-1][1:] if plans else plan(f, s, np.zeros((steps, D.a.shape[1]), dtype=SINGLE)))
        return plans[-1][0]

    episode = collect(env, act, steps)
    return History(np.array([np.sum(episode.r)]), joined(D, episode))


def algorithm2(env, D, fit, plan, steps, rounds):
    returns = np.empty(rounds, dtype=SINGLE)
    for k in range(rounds):
        (returns[k],), D = algorithm1(env, D, fit, plan, steps)
    return History(returns, D)


def algorithm3(env, D, fit, plan, *, steps, episodes, T, every):
    models, returns, begun = [], np.zeros(episodes, dtype=SINGLE), len(D.r)
    controller = MPC(lambda s, guess: plan(models[-1], s, guess.astype(SINGLE)), T, D.a.shape[1])
    for k in range(episodes):
        controller.reset()
        s, over, t = env.reset()[0].astype(SINGLE), False, 0
        while t < steps and not over:
            if (len(D.r) - begun) // every >= len(models):
                models.append(fit(D))
            row, over = observe(env, s, controller.act(s))
            D, s, t = joined(D, row), row.s_next[0], t + 1
            returns[k] += row.r[0]
    return History(returns, D)
