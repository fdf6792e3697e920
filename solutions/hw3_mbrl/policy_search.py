"""Algorithm 4: learn a model, and send the gradient of the return through it into the policy.

    s_{t+1} = f(s_t, a_t),   a_t = policy(theta, s_t),   J(theta) = sum over t = 0 … T-1 of r(s_t, a_t)  ->  largest

Two estimators of dJ/dtheta. The path-wise one differentiates f, reward and policy along the path; the likelihood-ratio
one asks only how likely each action was, and pays with variance what it saves in knowledge.

Notation: n numbers a state, m an action, P parameters, T the horizon, N starts or episodes. Time is counted from 0;
r_t is paid for (s_t, a_t). Rewards are added up without discount. Larger is better.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import gymnasium
import numpy as np
import torch

# The tests use these names of the given file: leave them.
from policies import LinearPolicy, NetworkDynamics, PendulumReward, PendulumStep, QuadraticReward, TanhPolicy  # noqa: F401
from transitions import Transitions, joined


class Improvement(NamedTuple):
    """What a gradient ascent of K steps found.

    theta: [P], the best parameters that it tried. J: [K+1], values of all that it tried, the first those of its start.
    norms: [K+1], lengths of their gradients, before clipping.
    """

    theta: np.ndarray
    J: np.ndarray
    norms: np.ndarray


class Search(NamedTuple):
    """What Algorithm 4 found.

    theta: [P], the parameters after the last round. returns: [rounds], sum of the rewards of each round's real episode.
    D: the data that a model would be fitted to next.
    """

    theta: np.ndarray
    returns: np.ndarray
    D: Transitions


def J_and_gradient(theta, policy: Callable, dynamics: Callable, reward: Callable, s0, T: int):
    """Roll a policy out for T steps and differentiate the mean return in its parameters (back-propagation in time).

    theta: [P]. policy(theta [P], s [N, n]) -> a [N, m], dynamics(s, a) -> s_next [N, n], reward(s, a) -> [N]: all on
    torch tensors of float64. s0: [N, n], first states.
    Returns J: float, the mean over the N starts of the sum of T rewards, and dJ/dtheta: [P], a NumPy array.
    The dynamics stay untouched: their own parameters get no gradient.
    """
    # BEGIN SOLUTION 3.7: one tensor for theta, T steps through policy, reward and dynamics, then differentiate
    theta = torch.tensor(np.asarray(theta), dtype=torch.float64, requires_grad=True)
    s = torch.tensor(np.asarray(s0), dtype=torch.float64)
    J = 0.0
    for _ in range(T):
        a = policy(theta, s)
        J = J + reward(s, a).mean()
        s = dynamics(s, a)
    (gradient,) = torch.autograd.grad(J, theta)
    return J.item(), gradient.numpy()
    # END SOLUTION


def pathwise_gradient(f_s, f_a, pi_s, pi_theta, r_s, r_a):
    """Compute dJ/dtheta along one path from the derivatives of every step, by the recursion that autograd hides.

    f_s: [T, n, n], f_a: [T, n, m], of s_{t+1} in s_t and in a_t. pi_s: [T, m, n], pi_theta: [T, m, P], of a_t in s_t
    and, for a fixed s_t, in theta. r_s: [T, n], r_a: [T, m], of r_t in s_t and in a_t. s_0 does not depend on theta.
    Returns [P].
    """
    ds = np.zeros((f_s.shape[1], pi_theta.shape[2]))  # [n, P], ds_t/dtheta; none at t = 0
    gradient = np.zeros(pi_theta.shape[2])
    # BEGIN SOLUTION 3.7: in every step da_t/dtheta, what both derivatives earn, and ds_{t+1}/dtheta
    for t in range(len(f_s)):
        da = pi_s[t] @ ds + pi_theta[t]
        gradient += r_s[t] @ ds + r_a[t] @ da
        ds = f_s[t] @ ds + f_a[t] @ da
    # END SOLUTION
    return gradient


def likelihood_ratio(scores, rewards):
    """Estimate dJ/dtheta from N sampled episodes: no model, no derivative of a reward.

    scores: [N, T, P], d log p(a_t | s_t; theta) / dtheta of the actions that were drawn. rewards: [N, T].
    Returns [P]: the mean over episodes of sum over t of score_t (G_t - b_t), with the reward-to-go G_t = sum of the
    rewards from t on, and as baseline b_t the mean of G_t over the OTHER episodes; with N = 1 there is none, b_t = 0.
    """
    N = len(rewards)
    # BEGIN SOLUTION 3.7: rewards-to-go [N, T], baselines [N, T] without the episode's own, then the mean [P]
    to_go = np.cumsum(rewards[:, ::-1], axis=1)[:, ::-1]
    others = (to_go.sum(axis=0) - to_go) / max(N - 1, 1)
    return np.einsum("itp,it->p", scores, to_go - others) / N
    # END SOLUTION


def clip(g, max_norm):
    """Shorten a gradient that is too long, without turning it.

    g: [P]. max_norm: > 0, infinite for no limit.
    Returns [P]: g itself if its length is at most max_norm, else the vector of length max_norm in its direction. If
    any entry of g is not finite, all of them are zero: such a gradient tells nothing.
    """
    # BEGIN SOLUTION 3.7: not finite: zeros; too long: scaled as a whole
    if not np.isfinite(g).all():
        return np.zeros_like(g)
    return g / max(1.0, np.linalg.norm(g) / max_norm)
    # END SOLUTION


def improve(objective: Callable, theta, steps: int, rate: float = 3e-3, max_norm: float = 1.0) -> Improvement:
    """Climb with Adam and clipped gradients, and keep the best parameters.

    objective(theta [P]) -> J, gradient [P]; called steps + 1 times. theta: [P], where to begin. rate: Adam's step size;
    its other constants are the usual ones, 0.9, 0.999 and 1e-8. max_norm: of a gradient, before Adam sees it.
    Returns the Improvement. J may be NaN where a model runs away; such parameters are never the best.
    """
    theta = np.array(theta, dtype=float)
    best, values, norms = theta.copy(), [], []
    mean, square, highest = np.zeros_like(theta), np.zeros_like(theta), -np.inf
    # BEGIN SOLUTION 3.7: ask; note J and the length of g, keep the best theta; then one step of Adam uphill
    for k in range(steps + 1):
        J, g = objective(theta)
        values.append(J)
        norms.append(np.linalg.norm(g))
        if J > highest:
            highest, best = J, theta
        g = clip(g, max_norm)
        mean = 0.9 * mean + 0.1 * g
        square = 0.999 * square + 0.001 * g**2
        unbiased, spread = mean / (1 - 0.9 ** (k + 1)), np.sqrt(square / (1 - 0.999 ** (k + 1)))
        theta = theta + rate * unbiased / (spread + 1e-8)
    # END SOLUTION
    return Improvement(best, np.array(values), np.array(norms))


def collect(env: gymnasium.Env, act: Callable) -> Transitions:
    """Run a policy for one episode of a real environment, and record it.

    env: reset once, without a seed; an episode ends where it says terminated or truncated. act(s [n]) -> a [m].
    Returns Transitions of L steps, in order. done says terminated; a time limit (truncated) is NOT done.
    """
    rows = []
    # BEGIN SOLUTION 3.7: reset; act, step and append (s, a, r, s_next, done) until the episode ends
    s, _ = env.reset()
    over = False
    while not over:
        a = act(s)
        s_next, r, terminated, truncated, _ = env.step(a)
        rows.append((s, a, r, s_next, terminated))
        s, over = s_next, terminated or truncated
    # END SOLUTION
    return Transitions(*(np.array(column) for column in zip(*rows, strict=True)))


def algorithm4(
    env, act: Callable, theta, D: Transitions, fit: Callable, climb: Callable, rounds: int, aggregate: bool = True
) -> Search:
    """Learn a model and a policy by turns (Algorithm 4; the lecture's v1, and v0 without `aggregate`).

    env: the real environment. act(theta [P], s [n]) -> a [m], the policy. theta: [P], to begin with. D: Transitions of
    earlier, say random, actions. fit(D) -> f, a model. climb(f, theta) -> theta [P], a better policy for that model.
    In each of the `rounds`: a model of all data, a policy improved on it from where the last round left it, one real
    episode with the new policy; its data is appended. Without aggregate the model of the first round stays, and D too.
    Returns the Search.
    """
    returns = []
    # BEGIN SOLUTION 3.7: in every round fit, climb, collect one episode, note its return, append it to D
    for k in range(rounds):
        if aggregate or k == 0:
            f = fit(D)
        theta = climb(f, theta)
        episode = collect(env, lambda s, theta=theta: act(theta, s))
        returns.append(episode.r.sum())
        if aggregate:
            D = joined(D, episode)
    # END SOLUTION
    return Search(theta, np.array(returns), D)
