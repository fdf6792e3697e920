"""Dyna-Q with one dict of pairs, drawn uniformly, one at a time; actions by the inverse of their distribution."""

from __future__ import annotations

import numpy as np


def target(Q, r, s_next, done, gamma):
    """Return what one transition says that Q[s, a] should be.

    Q: [S, A].  r: the reward paid.  s_next: the number of the state that followed.
    done: whether s_next is terminal.  gamma: discount.  Returns a number.
    """
    return r + gamma * (1 - done) * np.max(Q[s_next])


def epsilon_greedy(Q, epsilon):
    """Return the probability of each action: [S, A], or [A] for a single row of values.

    Q: [S, A] or [A].  epsilon: with this probability the action is drawn from ALL A actions, uniformly, the best ones
    included; else it is a best one. Actions whose values are exactly equal share evenly.
    """
    best = Q == Q.max(axis=-1, keepdims=True)
    return epsilon / Q.shape[-1] + (1 - epsilon) * best / best.sum(axis=-1, keepdims=True)


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
        self.Q = np.zeros((S, A))
        self.model = {}

    def act(self, s):
        """Draw an epsilon-greedy action for state s. Returns an int."""
        p = epsilon_greedy(self.Q[s], self.epsilon)
        return int(np.searchsorted(p.cumsum()[:-1], self.rng.random(), side="right"))

    def update(self, s, a, r, s_next, done):
        """Move Q[s, a] towards the target of one transition, real or remembered, and count it in `updates`."""
        self.Q[s, a] += self.alpha * (target(self.Q, r, s_next, done, self.gamma) - self.Q[s, a])
        self.updates += 1

    def learn(self, s, a, r, s_next, done):
        """Learn from one real step: update Q directly, then put the transition into the model."""
        self.update(s, a, r, s_next, done)
        self.model[s, a] = r, s_next, done

    def plan(self):
        """Make n updates from the model. Before anything was observed there is nothing to do.

        Each pair is drawn anew: a state seen before, uniformly, then one of the actions taken in it, uniformly
        (uniformly from all pairs seen is right as well).
        """
        pairs = list(self.model.items())
        if not pairs:
            return
        for _ in range(self.n):
            (s, a), (r, s_next, done) = pairs[self.rng.integers(len(pairs))]
            self.update(s, a, r, s_next, done)


def run(env, agent, episodes, steps):
    """Let an agent live in an environment: act, step, learn, plan, and so on.

    env: a Gymnasium environment with numbered states; it is reset at the beginning of each episode.
    agent: has act(s) -> a, learn(s, a, r, s_next, done) and plan(), called once a step each, in this order.
    episodes: how many.  steps: an episode that has not ended by itself is cut off after so many.
    Returns the length of each episode in steps: int [episodes].
    """
    lengths = np.zeros(episodes, dtype=int)
    for episode in range(episodes):
        s, _ = env.reset()
        over = False
        while not over and lengths[episode] < steps:
            a = agent.act(s)
            s_next, r, terminated, truncated, _ = env.step(a)
            agent.learn(s, a, r, s_next, terminated)
            agent.plan()
            s = s_next
            lengths[episode] += 1
            over = terminated or truncated
    return lengths
