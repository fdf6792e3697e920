"""Dyna-Q with the model in three arrays; the step size weighs old and new value, as an average does."""

from __future__ import annotations

import numpy as np


def target(Q, r, s_next, done, gamma):
    """Return what one transition says that Q[s, a] should be.

    Q: [S, A].  r: the reward paid.  s_next: the number of the state that followed.
    done: whether s_next is terminal.  gamma: discount.  Returns a number.
    """
    if done:
        return r
    return r + gamma * max(Q[s_next])


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
        self.reward = np.zeros((S, A))
        self.after = np.zeros((S, A), dtype=int)
        self.ended = np.zeros((S, A), dtype=bool)
        self.seen = np.zeros((S, A), dtype=bool)

    def act(self, s):
        """Draw an epsilon-greedy action for state s. Returns an int."""
        q = self.Q[s]
        if self.rng.random() < self.epsilon:
            return int(self.rng.integers(self.A))
        return int(self.rng.choice(np.flatnonzero(q == q.max())))

    def update(self, s, a, r, s_next, done):
        """Move Q[s, a] towards the target of one transition, real or remembered, and count it in `updates`."""
        new = target(self.Q, r, s_next, done, self.gamma)
        self.Q[s, a] = (1 - self.alpha) * self.Q[s, a] + self.alpha * new
        self.updates += 1

    def learn(self, s, a, r, s_next, done):
        """Learn from one real step: update Q directly, then put the transition into the model."""
        self.update(s, a, r, s_next, done)
        self.reward[s, a], self.after[s, a], self.ended[s, a] = r, s_next, done
        self.seen[s, a] = True

    def plan(self):
        """Make n updates from the model. Before anything was observed there is nothing to do.

        Each pair is drawn anew: a state seen before, uniformly, then one of the actions taken in it, uniformly
        (uniformly from all pairs seen is right as well).
        """
        states = np.flatnonzero(self.seen.any(axis=1))
        for _ in range(self.n * (len(states) > 0)):
            s = self.rng.choice(states)
            a = self.rng.choice(np.flatnonzero(self.seen[s]))
            self.update(s, a, self.reward[s, a], self.after[s, a], self.ended[s, a])


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
