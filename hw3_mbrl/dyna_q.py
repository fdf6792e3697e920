"""Tabular Dyna-Q: learn from every real step, remember what it did, and learn from the memory n times more.

Do forever, in the real state s:

    a ~ epsilon-greedy(Q[s])                                   act
    execute a; observe r, s_next, done                         the environment's step
    Q[s, a] += alpha (target - Q[s, a])                        learn: the direct update ...
    Model[s, a] = r, s_next, done                              ... and the model
    n times:  draw a state s seen before, an action a taken there before;  r, s_next, done = Model[s, a]
              Q[s, a] += alpha (target - Q[s, a])              plan: the same update, from memory

    target = r + gamma max_a' Q[s_next, a'],    and r alone where nothing follows (done)

The model is a table with one outcome for each pair, the last one seen: the world is taken to be deterministic.

Notation: S states and A actions, numbered from 0; Q [S, A]; discount gamma, step size alpha; n planning updates after
each real step. The reward r is paid for (s, a). A time limit is not an end: done is False there.
"""

from __future__ import annotations

import numpy as np


def target(Q, r, s_next, done, gamma):
    """Return what one transition says that Q[s, a] should be.

    Q: [S, A].  r: the reward paid.  s_next: the number of the state that followed.
    done: whether s_next is terminal.  gamma: discount.  Returns a number.
    """
    # TODO 3.3: the reward, and the discounted value of what follows, if anything does
    raise NotImplementedError("3.3")


def epsilon_greedy(Q, epsilon):
    """Return the probability of each action: [S, A], or [A] for a single row of values.

    Q: [S, A] or [A].  epsilon: with this probability the action is drawn from ALL A actions, uniformly, the best ones
    included; else it is a best one. Actions whose values are exactly equal share evenly.
    """
    # TODO 3.3: which actions are best in their row; their share of 1 - epsilon; everybody's share of epsilon
    raise NotImplementedError("3.3")


class DynaQ:
    """An agent that learns action values from real steps and from remembered ones.

    Q: [S, A] action values, zeros at first.  updates: how many updates of Q were made so far, real and planned.
    How the model is stored is up to you.
    """

    def __init__(self, S, A, rng, *, n=5, alpha=0.1, gamma=0.95, epsilon=0.1):
        """Begin with nothing learned.

        S, A: the numbers of states and actions.  rng: np.random.Generator, the only source of randomness.
        n: planning updates after each real step; 0 is Q-learning.  alpha: step size.  gamma: discount.
        epsilon: the share of random actions.
        """
        self.S, self.A, self.rng = S, A, rng
        self.n, self.alpha, self.gamma, self.epsilon = n, alpha, gamma, epsilon
        self.updates = 0
        # TODO 3.3: Q as above, and a model in which no pair was observed yet
        raise NotImplementedError("3.3")

    def act(self, s):
        """Draw an epsilon-greedy action for state s. Returns an int."""
        # TODO 3.3: one draw with the probabilities of epsilon_greedy
        raise NotImplementedError("3.3")

    def update(self, s, a, r, s_next, done):
        """Move Q[s, a] towards the target of one transition, real or remembered, and count it in `updates`."""
        # TODO 3.3: a step of size alpha
        raise NotImplementedError("3.3")

    def learn(self, s, a, r, s_next, done):
        """Learn from one real step: update Q directly, then put the transition into the model."""
        # TODO 3.3: both; what the model knew of (s, a) before is replaced
        raise NotImplementedError("3.3")

    def plan(self):
        """Make n updates from the model. Before anything was observed there is nothing to do.

        Each pair is drawn anew: a state seen before, uniformly, then one of the actions taken in it, uniformly
        (uniformly from all pairs seen is right as well).
        """
        # TODO 3.3: n times: draw a state, draw one of its actions, ask the model, update
        raise NotImplementedError("3.3")


def run(env, agent, episodes, steps):
    """Let an agent live in an environment: act, step, learn, plan, and so on.

    env: a Gymnasium environment with numbered states; it is reset at the beginning of each episode.
    agent: has act(s) -> a, learn(s, a, r, s_next, done) and plan(), called once a step each, in this order.
    episodes: how many.  steps: an episode that has not ended by itself is cut off after so many.
    Returns the length of each episode in steps: int [episodes].
    """
    lengths = np.zeros(episodes, dtype=int)
    # TODO 3.3: every episode until `terminated`, `truncated` or `steps`; only `terminated` is done
    raise NotImplementedError("3.3")
    return lengths
