"""Model predictive control: plan, execute the first action, look, plan again.

    observe s;    a_0 … a_{T-1}  =  argmax  sum over k = 0 … T-1 of r(s_k, a_k)  [+ final(s_T)]    with s_0 = s;
    execute a_0;  begin again

A plan is a list of actions, and a list cannot answer what nobody foresaw. Making a new one in every step turns any
planner into feedback: the action is a function of the state that was really reached. The rest of a plan is not
lost: moved on by one step it is where the next search begins (warm start).

Notation: state s [n], action a [m], horizon T, one plan is actions [T, m]. Larger is better: rewards are added up and
maximised. The reward r(s_t, a_t) is paid for the state before the step. Time is counted from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import gymnasium
import numpy as np


class Episode(NamedTuple):
    """What happened in an environment, L steps long.

    states: [L+1, n], the first is what `reset` returned; actions: [L, m]; rewards: [L], where rewards[t] was paid for
    actions[t], taken in states[t].
    """

    states: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray


def shift(actions):
    """Move a plan on by one step: drop its first action, append zeros at its end.

    actions: [T, m]. Returns [T, m], a new array.
    """
    return np.concatenate([actions[1:], np.zeros_like(actions[:1])])


class MPC:
    """A controller made of a planner: it plans anew in every step and executes the first action only."""

    def __init__(self, plan: Callable, T: int, m: int):
        """Take the planner `plan(s [n], guess [T, m]) -> actions [T, m]`, the horizon T and the size m of an action.

        plan begins its search at `guess`; it is called once in each step.
        """
        self.plan, self.T, self.m = plan, T, m
        self.reset()

    def reset(self) -> None:
        """Forget the last plan: a new episode begins, and its first guess is zeros."""
        self.guess = np.zeros((self.T, self.m))

    def act(self, s):
        """Plan from the state s: [n] that was observed, and return the action to execute now: [m]."""
        actions = self.plan(s, self.guess)
        self.guess = shift(actions)
        return actions[0]


def run(env: gymnasium.Env, act: Callable, steps: int) -> Episode:
    """Let a policy control an environment for one episode.

    env: a Gymnasium environment; it is reset once, at the beginning. act(s [n]) -> a [m]: the policy. steps: how many
    steps at most; the episode ends earlier where the environment says `terminated` or `truncated`.
    Returns the Episode, L <= steps steps long.
    """
    states, actions, rewards = [], [], []
    s, _ = env.reset()
    states.append(s)
    for _ in range(steps):
        a = act(s)
        s, reward, terminated, truncated, _ = env.step(a)
        states.append(s)
        actions.append(a)
        rewards.append(reward)
        if terminated or truncated:
            break
    return Episode(np.array(states), np.array(actions), np.array(rewards))


def run_open_loop(env: gymnasium.Env, actions) -> Episode:
    """Play a fixed list of actions, whatever happens, for one episode.

    actions: [T, m], executed in their order. The episode ends after the last one, or where the environment ends it.
    """
    queue = iter(actions)
    return run(env, lambda s: next(queue), len(actions))
