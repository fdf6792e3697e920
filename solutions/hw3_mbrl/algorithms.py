"""Algorithms 1, 2 and 3 of the lecture: learn a model of the world, plan through it, and look at what happens.

    Algorithm 1    data of a random policy;  fit f once;  plan once;  execute the list
    Algorithm 2    again and again:          fit f to all data;  plan once;  execute the list;  keep what was seen
    Algorithm 3    in every real step:       plan from the state observed, execute the first action, keep what was seen;
                   every few steps:          fit f to all data

A model is a function f(s [..., n], a [..., m]) -> s_next [..., n], a fit is `fit(D) -> f`, a planner is
`plan(f, s [n], guess [T, m]) -> actions [T, m]`; all three are arguments here. The reward is known, larger is better,
and r(s_t, a_t) is paid for the state before the step. Notation: N candidates, horizon T, episodes of L steps at most,
time from 0. Sources: the lecture; Nagabandi et al., Neural Network Dynamics for Model-Based Deep RL (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import gymnasium
import numpy as np
from cem import cem
from mpc import MPC
from transitions import Transitions, joined


class History(NamedTuple):
    """What an algorithm did in the real world.

    returns: [K], the sum of the rewards of each episode that was planned, in their order. D: the data it began with and
    after them every real step that it made, in the order in which they happened.
    """

    returns: np.ndarray
    D: Transitions


def observe(env: gymnasium.Env, s, a):
    """Make one real step and write it down.

    env: a Gymnasium environment that is in the state s: [n]. a: [m], the action to take.
    Returns row: Transitions with N = 1, and over: bool, whether the episode ends here. `done` is True only if the state
    reached is terminal; a time limit (truncated) ends the episode as well, but the state is one like any other.
    """
    # BEGIN SOLUTION 3.6: step; one row, each array with a leading axis of length 1; which ends are `done`?
    s_next, r, terminated, truncated, _ = env.step(a)
    row = Transitions(*(np.array([value]) for value in (s, a, r, s_next, terminated)))
    return row, terminated or truncated
    # END SOLUTION


def collect(env: gymnasium.Env, act: Callable, steps: int) -> Transitions:
    """Let a policy act for one episode and return its transitions.

    env: reset once, at the beginning. act(s [n]) -> a [m]: the policy, asked once in each step, about the state
    that was observed last. steps: how many steps at most; the episode may end earlier.
    Returns Transitions with N = L <= steps.
    """
    rows = []
    # BEGIN SOLUTION 3.6: reset; then act, observe, keep the row, go on from where it led
    s, _ = env.reset()
    for _ in range(steps):
        row, over = observe(env, s, act(s))
        rows.append(row)
        (s,) = row.s_next
        if over:
            break
    # END SOLUTION
    return joined(*rows)


def collect_random(env: gymnasium.Env, episodes: int, steps: int, rng) -> Transitions:
    """Act at random: the base policy with which every algorithm begins.

    Each number of each action is uniform within the bounds `env.action_space.low` and `.high` [m], independent of all
    others. episodes: how many; steps: of each, at most. rng: a NumPy Generator, the only source of randomness.
    Returns the Transitions of all episodes, one after the other.
    """
    low, high = env.action_space.low, env.action_space.high
    # BEGIN SOLUTION 3.6: that many episodes of a policy that does not look at the state
    return joined(*(collect(env, lambda s: rng.uniform(low, high), steps) for _ in range(episodes)))
    # END SOLUTION


def plan_returns(f: Callable, reward: Callable, s, A):
    """Predict what plans would earn, by rolling them out in a model, all of them at once.

    f(s [N, n], a [N, m]) -> [N, n]: the model, asked at most T times, about all N plans together. reward(s [..., n],
    a [..., m]) -> [...]: known, paid for the state before the step. s: [n], where all plans begin. A: [N, T, m].
    Returns J: [N], the sum of the T rewards of each plan. No step is made in the real world.
    """
    # BEGIN SOLUTION 3.6: roll N copies of s out in the model; then pay for the T states before the steps, and add up
    states = [np.repeat(np.asarray(s)[None], len(A), axis=0)]
    for t in range(A.shape[1] - 1):
        states.append(f(states[-1], A[:, t]))
    return reward(np.stack(states, axis=1), A).sum(axis=1)
    # END SOLUTION


def cem_planner(reward: Callable, low, high, rng, *, std=1.0, **options) -> Callable:
    """Make a planner of the cross-entropy method: it searches for the plan that earns most in the model it is given.

    reward: as in `plan_returns`. low, high: [m], the bounds of an action. rng: a NumPy Generator, shared by all plans.
    std: number, the standard deviation that every entry of a plan has at the beginning of every search. options: of
    `cem`, such as N, M, iterations.
    Returns plan(f, s [n], guess [T, m]) -> actions [T, m]: the mean of the Gaussian after the last refit, from a search
    that begins at guess.
    """

    def plan(f, s, guess):
        # BEGIN SOLUTION 3.6: one search by `cem` from guess; its objective is what plans from s earn in f
        spread = np.full_like(guess, std, dtype=float)
        return cem(lambda A: plan_returns(f, reward, s, A), guess, spread, low, high, rng, **options).mean
        # END SOLUTION

    return plan


def algorithm1(env: gymnasium.Env, D: Transitions, fit: Callable, plan: Callable, steps: int) -> History:
    """Learn a model from the data at hand, plan one episode through it, and execute the list whatever happens.

    D: the data of the base policy. fit(D) -> f, asked once. plan: asked once, in the first state of the episode, with
    zeros [steps, m] for a guess. steps: how many the episode has at most, and the horizon of the plan.
    Returns History with one return.
    """
    # BEGIN SOLUTION 3.6: fit; one episode in which the actions come from the list (planned when its state is known)
    f, actions = fit(D), []

    def act(s):
        if not actions:
            actions.extend(plan(f, s, np.zeros((steps, D.a.shape[1]))))
        return actions.pop(0)

    episode = collect(env, act, steps)
    return History(np.array([episode.r.sum()]), joined(D, episode))
    # END SOLUTION


def algorithm2(env: gymnasium.Env, D: Transitions, fit: Callable, plan: Callable, steps: int, rounds: int) -> History:
    """Repeat Algorithm 1, each round with the data of all rounds before it.

    rounds: how many; a fit, a plan and an episode in each. Other arguments as in `algorithm1`.
    Returns History with `rounds` returns.
    """
    returns = []
    # BEGIN SOLUTION 3.6: a round is Algorithm 1, and its data go into the next one
    for _ in range(rounds):
        history = algorithm1(env, D, fit, plan, steps)
        D = history.D
        returns.extend(history.returns)
    # END SOLUTION
    return History(np.array(returns), D)


def algorithm3(
    env: gymnasium.Env, D: Transitions, fit: Callable, plan: Callable, *, steps: int, episodes: int, T: int, every: int
) -> History:
    """Replan in every real step through a model that is fitted again every few steps.

    episodes: how many, each of at most `steps` steps, planned with horizon T. every: the model is fitted before the
    first real step and then whenever another `every` real steps have been made, counted over all episodes; each time to
    all data there are. Other arguments as in `algorithm1`. `plan` is asked once in each step: its guess is zeros [T, m]
    in the first step of an episode, and the last plan moved on by one step in the others, as `MPC` does.
    Returns History with one return for each episode.
    """
    f, given, returns = None, len(D.r), []  # given: real steps made by now = len(D.r) - given
    controller = MPC(lambda s, guess: plan(f, s, guess), T, D.a.shape[1])  # plans through whatever f is by then
    # BEGIN SOLUTION 3.6: single steps: fit if it is due, act, observe, keep the row; new episode, new guess
    for _ in range(episodes):
        controller.reset()
        (s, _), total = env.reset(), 0.0
        for _ in range(steps):
            if (len(D.r) - given) % every == 0:
                f = fit(D)
            row, over = observe(env, s, controller.act(s))
            D, total = joined(D, row), total + row.r.sum()
            (s,) = row.s_next
            if over:
                break
        returns.append(total)
    # END SOLUTION
    return History(np.array(returns), D)
