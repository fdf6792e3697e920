"""From model-based to model-free: imitate the planner, then go on with a policy gradient from where it stands.

    1. clone       theta  =  argmin   mean of ((mean_theta(s)_j - a_j) / a_scale_j)^2   over labels (s, a) and j < m
    2. DAgger      run the CURRENT policy, let the expert label the states it came to, add them, clone again
    3. fine-tune   start a policy gradient (PPO) from the clone: same weights, same scales, a small std

A planner that replans in every step is slow, and never better than its model. A policy that imitates it is fast, and a
model-free method can improve it on real episodes, without any model. From nothing the same method needs many times
more of them.

Notation: state s [n], action a [m], reward r (larger is better), episodes of L steps. N copies of the environment are
played at once (course.envs.BatchEnv). Source: Nagabandi et al., Neural Network Dynamics for Model-Based Deep
Reinforcement Learning with Model-Free Fine-Tuning (2018); Ross et al., DAgger (2011).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import gymnasium
import numpy as np
import torch
from ppo import PPO, Adam, Policy, play_batch


class Labelled(NamedTuple):
    """States and what the expert does in them, with what the policies earned meanwhile.

    s: [K, n] states, a: [K, m] the expert's actions in them. returns: [rounds], the mean return of an episode in each.
    """

    s: np.ndarray
    a: np.ndarray
    returns: np.ndarray


class Tuned(NamedTuple):
    """What fine-tuning has made of B batches.

    policy: the improved Policy. used: int [B], real episodes used until then, after each batch. returns: [B], the mean
    return of the episodes of each batch, exploration included.
    """

    policy: Policy
    used: np.ndarray
    returns: np.ndarray


def clone(policy: Policy, s, a, rng, *, steps: int = 1000, size: int = 100, rate: float = 1e-2) -> Policy:
    """Imitate the expert who did a [K, m] in the states s [K, n], by regression.

    policy: where to begin; it stays as it is. rng: a Generator, draws the minibatches. steps: of Adam. size: of a
    minibatch, drawn with replacement. rate: of Adam in the first step; it falls linearly, to 0 after the last.
    Returns a trained copy, with the scales of this data.
    """
    policy = policy.copy()
    # TODO 3.9: set the scales; then, `steps` times, lower the mean squared error, in units of a_scale
    raise NotImplementedError("3.9")
    return policy


def dagger(env: gymnasium.Env, expert: Callable, fit: Callable, s, a, rounds: int) -> Labelled:
    """Collect labels where the imitator goes, and not only where the expert went.

    env: a BatchEnv; one episode in each of its N copies a round. expert(s [N, n]) -> a [N, m]: asked once a step, about
    the states in which the policy acts. fit(s [K, n], a [K, m]) -> act: clones all labels there are, with
    act(s [N, n]) -> a [N, m]. s [K0, n], a [K0, m]: labels to begin with, such as the expert's own episodes.
    Returns Labelled: the labels to begin with, and then those of each round in the order of time. Nothing is fitted
    after the last round.
    """
    returns = np.zeros(rounds)
    for k in range(rounds):
        total = 0.0  # the sum of the rewards of this round's episode
        # TODO 3.9: fit all labels; play an episode with the fitted policy; append its states as labelled
        raise NotImplementedError("3.9")
        returns[k] = total
    return Labelled(s, a, returns)


def fine_tune(env: gymnasium.Env, policy: Policy, std: float, episodes: int, rng, *, warmup: int = 1, **options):
    """Improve a policy by PPO on real episodes, and not one more than allowed.

    env: a BatchEnv of N copies: a batch is N episodes. policy: where to begin; it stays as it is. std: of the actions
    in the beginning, for exploration. episodes: how many may be played in all. rng: a Generator, draws the actions.
    warmup: so many batches train the critic only, as a critic that knows nothing spoils a good policy. options: of PPO.
    Returns Tuned.
    """
    policy, used, returns = policy.copy(), [], []
    # TODO 3.9: set the std; while another batch is allowed: play it, train critic and policy, write down
    raise NotImplementedError("3.9")
    return Tuned(policy, np.array(used), np.array(returns))


def episodes_to(level: float, used, returns, before: int = 0):
    """Count the real episodes that it took to reach a level of return for good.

    used [B], returns [B]: as in Tuned. before: real episodes that were used earlier, for the model and the labels.
    Returns the count at the first batch from which on NO batch returns less than `level`, earlier ones included; None
    where the last batch does.
    """
    # TODO 3.9: the batch after the last one that is below
    raise NotImplementedError("3.9")
