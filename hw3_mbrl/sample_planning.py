"""Planning with samples: use a model only to draw from it, and learn from the draws as if they were experience.

Three rules move Q[s, a] a part alpha of the way towards a target:

    Monte Carlo    r_t + gamma r_{t+1} + gamma^2 r_{t+2} + …        to the end of the episode
    Sarsa          r_t + gamma Q[s_{t+1}, a_{t+1}]                  the action that was taken next
    Q-learning     r_t + gamma max_a Q[s_{t+1}, a]                  the action that looks best

and value iteration, which needs the whole table, says what they should arrive at. How far the table itself is from the
truth, and how much that can cost, is a matter of two numbers, eps_P and eps_R.

Notation: S states, A actions, whole numbers; Q [S, A], V [S]; P [S, A, S], whose rows sum to 1 minus the probability
that the episode ends; R [S, A]; transitions as in transitions.py; gamma the discount. Larger is better.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from transitions import Transitions


def value_iteration(table, gamma, tolerance):
    """Compute what every action is worth in a table, if the best actions follow.

    table: its P [S, A, S] and R [S, A] are used. gamma: discount, 0 or more and less than 1. tolerance: above 0.
    Returns Q: [S, A], no entry of which is further than tolerance from the solution of Bellman's equation.
    """
    Q = np.zeros(table.R.shape)
    # TODO 3.2: sweep until the answer, not only its last change, is within tolerance
    raise NotImplementedError("3.2")
    return Q


def epsilon_greedy(Q, epsilon=0.0):
    """Turn values into a policy that takes a best action, or with probability epsilon any action.

    Q: [S, A]. epsilon: 0 … 1. Returns pi: [S, A]: epsilon is shared equally by all A actions, and the rest equally by
    the actions whose Q is the largest of its row.
    """
    # TODO 3.2: 1 - epsilon for the best actions of each row, epsilon for all
    raise NotImplementedError("3.2")


def monte_carlo(Q, episode: Transitions, gamma, alpha):
    """Move Q towards the returns of one episode, once for every pair, at its first visit.

    Q: [S, A], may be of whole numbers. episode: T transitions in the order of time; what comes after the last one
    counts nothing. gamma: discount. alpha: 0 … 1. Returns a new Q: [S, A], floats.
    """
    Q = np.array(Q, dtype=float)
    # TODO 3.2: returns from the last step to the first; of several visits of a pair the first one counts
    raise NotImplementedError("3.2")
    return Q


def sarsa(Q, episode: Transitions, gamma, alpha):
    """Move Q towards reward plus value of the next pair, for one transition of an episode after the other.

    Q: [S, A], may be of whole numbers. episode: T transitions in the order of time. Where the last one is not done, the
    action after it is not known, and it moves nothing. gamma: discount. alpha: 0 … 1. Returns a new Q: [S, A], floats.
    """
    Q = np.array(Q, dtype=float)
    s, a, r, _, done = episode
    # TODO 3.2: in the order of time; nothing follows a step that is done, the next row follows any other
    raise NotImplementedError("3.2")
    return Q


def q_learning(Q, D: Transitions, gamma, alpha):
    """Move Q towards reward plus value of the best next action, for one transition after the other.

    Q: [S, A], may be of whole numbers. D: K transitions, used in their order; they need not be an episode. Where done,
    s_next means nothing. gamma: discount. alpha: 0 … 1. Returns a new Q: [S, A], floats.
    """
    Q = np.array(Q, dtype=float)
    # TODO 3.2: each transition sees the Q that those before it left; nothing follows a step that is done
    raise NotImplementedError("3.2")
    return Q


def control(sample: Callable, rule: Callable, Q, gamma, epsilons, alphas):
    """Plan by samples: draw an episode with an almost greedy policy, learn from it, and again.

    sample(pi [S, A]) -> transitions of one episode in which pi acted. rule(Q [S, A], episode, gamma, alpha) -> new Q.
    Q: [S, A], to begin with. gamma: discount. epsilons, alphas: [K], those of each of the K episodes: the policy of
    episode k is `epsilon_greedy` of the newest Q and epsilons[k], and the rule gets alphas[k].
    Returns Q: [S, A], the last.
    """
    # TODO 3.2: K times: policy, episode, rule
    raise NotImplementedError("3.2")
    return Q


def model_error(table, P, R):
    """Say how far a table is from the truth, for the pair of state and action where it is furthest.

    table: with P [S, A, S] and R [S, A]. P, R: the true ones, of the same shapes.
    Returns eps_P: number, the largest over (s, a) of the sum over s' of |difference|, and eps_R: number, the largest
    |difference| of R.
    """
    # TODO 3.2: add up over the next states, then the largest over the pairs
    raise NotImplementedError("3.2")


def simulation_bound(eps_P, eps_R, gamma, R_max):
    """Bound how wrong a model can be about a policy: the simulation lemma.

    eps_P, eps_R: numbers, as of `model_error`. gamma: discount, less than 1. R_max: largest |reward| of the truth.
    Returns a number: for every policy and state, what the policy is worth in the model and what it is worth in
    truth are no further apart.
    """
    # TODO 3.2: one step is wrong by eps_R in the reward and by eps_P in where the rest is earned
    raise NotImplementedError("3.2")
