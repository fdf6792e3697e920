"""One generator makes all real steps; data grow in five lists; the agent of Algorithm 3 is a class of its own."""

from dataclasses import dataclass

import numpy as np
from cem import cem
from mpc import shift
from transitions import Transitions, joined


@dataclass
class History:
    returns: np.ndarray
    D: Transitions


def observe(env, s, a):
    s_next, r, terminated, truncated, _ = env.step(a)
    record = Transitions(s=s, a=a, r=r, s_next=s_next, done=terminated)
    return Transitions(*(np.asarray(part)[None] for part in record)), any((terminated, truncated))


def episode(env, act, steps):
    """Yield the rows of one episode."""
    s, over = env.reset()[0], False
    for _ in range(steps):
        if not over:
            row, over = observe(env, s, act(s))
            (s,) = row.s_next
            yield row


def collect(env, act, steps):
    return joined(*episode(env, act, steps))


def collect_random(env, episodes, steps, rng):
    m = env.action_space.shape[0]

    def act(s):
        return np.array([rng.uniform(env.action_space.low[j], env.action_space.high[j]) for j in range(m)])

    return joined(*(row for _ in range(episodes) for row in episode(env, act, steps)))


def plan_returns(f, reward, s, A):
    states, paid = np.ones((len(A), 1)) * s, []
    for t in range(A.shape[1]):
        a = A[:, t, :]
        paid.append(reward(states, a))
        states = f(states, a)
    return np.sum(paid, axis=0)


def cem_planner(reward, low, high, rng, *, std=1.0, **options):
    class Search:
        def __call__(self, f, s, guess):
            self.f, self.s = f, s
            return cem(self.score, guess, np.full(guess.shape, std), low, high, rng, **options)[2]

        def score(self, A):
            return plan_returns(self.f, reward, self.s, A)

    def plan(f, s, guess):
        return Search()(f, s, guess)

    return plan


class Agent:
    """Fits when a fit is due, plans in every step."""

    def __init__(self, D, fit, plan, T, every):
        self.D, self.fit, self.plan, self.every, self.made = D, fit, plan, every, 0
        self.first = self.guess = np.zeros((T, D.a.shape[1]))

    def act(self, s):
        if not self.made % self.every:
            self.f = self.fit(self.D)
        self.made += 1
        actions = self.plan(self.f, s, self.guess)
        self.guess = shift(actions)
        return actions[0]

    def run(self, env, steps):
        self.guess, total = self.first, 0.0
        for row in episode(env, self.act, steps):
            self.D = joined(self.D, row)
            total += row.r.item()
        return total


def algorithm1(env, D, fit, plan, steps):
    s_list, f = [], fit(D)

    def act(s):
        if not s_list:
            s_list.append(iter(plan(f, s, np.zeros((steps, D.a.shape[-1])))))
        return next(s_list[0])

    own = collect(env, act, steps)
    return History(np.array([np.sum(own.r)]), joined(D, own))


def algorithm2(env, D, fit, plan, steps, rounds):
    history = History(np.empty(0), D)
    for _ in range(rounds):
        last = algorithm1(env, history.D, fit, plan, steps)
        history = History(np.append(history.returns, last.returns), last.D)
    return history


def algorithm3(env, D, fit, plan, *, steps, episodes, T, every):
    agent = Agent(D, fit, plan, T, every)
    returns = [agent.run(env, steps) for _ in range(episodes)]
    return History(np.array(returns), agent.D)
