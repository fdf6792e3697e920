"""Visible tests of 3.3: the corridor of the handout by hand, what a step asks for, the edges, and the maze.

The corridor has the states 0, 1, 2; action 1 goes right, action 0 left; the step into 2 pays 1 and ends the episode.
"""

from __future__ import annotations

import gymnasium
import numpy as np

from course.mazes import Maze
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise


class Corridor(gymnasium.Env):
    """The corridor; truncated after `limit` steps, if given."""

    observation_space = gymnasium.spaces.Discrete(3)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, limit=None):
        self.limit, self.resets, self.calls = limit, 0, 0

    def reset(self, seed=None, options=None):
        self.resets += 1
        self.s, self.t = 0, 0
        return self.s, {}

    def step(self, action):
        self.calls += 1
        self.t += 1
        self.s = min(self.s + 1, 2) if int(action) == 1 else max(self.s - 1, 0)
        return self.s, float(self.s == 2), self.s == 2, self.t == self.limit, {}


class Told:
    """An agent that always goes right, or to and fro, and writes down what it is asked."""

    def __init__(self, actions):
        self.actions, self.log = list(actions), []

    def act(self, s):
        self.log.append(f"act({s})")
        return self.actions.pop(0)

    def learn(self, s, a, r, s_next, done):
        self.log.append(f"learn({s}, {a}, {r:g}, {s_next}, {bool(done)})")

    def plan(self):
        self.log.append("plan()")


def corridor_agent(student, n, seed=0):
    return student.dyna_q.DynaQ(3, 2, np.random.default_rng(seed), n=n, alpha=0.5, gamma=0.9)


@exercise("3.3")
def test_targets_by_hand(student):
    """target: 0.9 times the best value of s_next, and the reward; the reward alone at the end."""
    Q = np.array([[0.0, 0.0], [0.2, 0.5], [3.0, 4.0]])
    got = student.dyna_q.target(Q, 1.0, 1, False, 0.9)
    assert_close("dyna_q.target", got, 1.45, rtol=SINGLE, look="r + gamma max Q[s_next]", show=True)
    got = student.dyna_q.target(Q, 1.0, 2, True, 0.9)
    assert_close("dyna_q.target with done = True", got, 1.0, rtol=SINGLE, look="nothing follows", show=True)


@exercise("3.3")
def test_probabilities_by_hand(student):
    """epsilon_greedy: with epsilon = 0.2 and four actions each gets 0.05, and the best ones share 0.8."""
    Q = np.array([[0.0, 2.0, 1.0, -1.0], [3.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    wanted = np.array([[0.05, 0.85, 0.05, 0.05], [0.45, 0.05, 0.45, 0.05], [0.25, 0.25, 0.25, 0.25]])
    got = assert_shape("dyna_q.epsilon_greedy", student.dyna_q.epsilon_greedy(Q, 0.2), (3, 4), "[S, A]")
    assert_close("dyna_q.epsilon_greedy", got, wanted, rtol=SINGLE, look="rows with equal values", show=True)
    got = student.dyna_q.epsilon_greedy(Q[0], 0.2)
    assert_close("dyna_q.epsilon_greedy, one row", got, wanted[0], rtol=SINGLE, look="Q may be [A] too", show=True)


@exercise("3.3", weight=2)
def test_two_walks_through_the_corridor(student):
    """learn: after the first walk only Q[1, 1] is 0.5; after the second it is 0.75, and Q[0, 1] is 0.225."""
    agent = corridor_agent(student, n=0)
    for walk, wanted in ((1, [[0, 0], [0, 0.5], [0, 0]]), (2, [[0, 0.225], [0, 0.75], [0, 0]])):
        agent.learn(0, 1, 0.0, 1, False)
        agent.learn(1, 1, 1.0, 2, True)
        agent.plan()
        wanted = np.array(wanted, dtype=float)
        look = "the order: the first step of a walk is learned before the second"
        assert_close(f"dyna_q.DynaQ: Q after walk {walk}", agent.Q, wanted, rtol=SINGLE, look=look, show=True)
    if agent.updates != 4:
        raise Mismatch(f"dyna_q.DynaQ: updates is {agent.updates} after four steps with n = 0, expected 4")


@exercise("3.3", weight=2)
def test_a_single_pair_is_planned_n_times(student):
    """plan: the last step of the corridor, learned once and planned twice, is worth 0.875."""
    agent = corridor_agent(student, n=2)
    agent.plan()  # nothing was seen yet
    agent.learn(1, 1, 1.0, 2, True)
    agent.plan()
    wanted = np.array([[0, 0], [0, 0.875], [0, 0]], dtype=float)
    look = "1 + n updates, each of which halves the distance to 1"
    assert_close("dyna_q.DynaQ: Q", agent.Q, wanted, rtol=SINGLE, look=look, show=True)
    if agent.updates != 3:
        raise Mismatch(f"dyna_q.DynaQ: updates is {agent.updates} after one step with n = 2, expected 3")


@exercise("3.3")
def test_planning_from_one_walk_finds_the_way(student):
    """plan: from a single walk through the corridor, planning alone finds 0.9 and 1, and nothing for other pairs."""
    agent = corridor_agent(student, n=200)
    agent.learn(0, 1, 0.0, 1, False)
    agent.learn(1, 1, 1.0, 2, True)
    agent.plan()
    wanted = np.array([[0, 0.9], [0, 1], [0, 0]])
    look = "what is drawn: pairs that were seen, each anew"
    assert_close("dyna_q.DynaQ: Q after 200 planned updates", agent.Q, wanted, rtol=SINGLE, look=look, show=True)


@exercise("3.3")
def test_actions_are_drawn(student):
    """act: in a new agent all actions come up, with ints for actions; with epsilon = 0 the best one always does."""
    agent = student.dyna_q.DynaQ(3, 4, np.random.default_rng(1), n=0, epsilon=0.0)
    actions = [agent.act(2) for _ in range(200)]
    if sorted(set(actions)) != [0, 1, 2, 3]:
        raise Mismatch(f"dyna_q.DynaQ.act returned {sorted(set(actions))} in 200 calls, expected all of 0, 1, 2, 3")
    agent.learn(2, 3, 1.0, 0, True)
    if {agent.act(2) for _ in range(50)} != {3}:
        raise Mismatch("dyna_q.DynaQ.act does not return the best action, although epsilon is 0")


@exercise("3.3", weight=2)
def test_a_step_is_act_step_learn_plan(student):
    """run: every step is act, env.step, learn, plan; an episode ends with the goal, at a time limit or after steps."""
    for limit, steps, actions, wanted in [
        (None, 9, (1, 0, 1, 1, 1, 1), [4, 2]),
        (3, 9, (1, 0, 1, 1, 1), [3, 2]),
        (None, 3, (1, 0, 1, 1, 1), [3, 2]),
    ]:
        env, agent = Corridor(limit), Told(actions)
        lengths = student.dyna_q.run(env, agent, 2, steps)
        assert_close("dyna_q.run", lengths, np.array(wanted), rtol=0, look="the steps of each episode", show=True)
        if (env.resets, env.calls) != (2, sum(wanted)):
            raise Mismatch(f"dyna_q.run: {env.resets} resets and {env.calls} steps, expected 2 and {sum(wanted)}")
        last = ["act(1)", "learn(1, 1, 1, 2, True)", "plan()"]
        first = ["act(0)", "learn(0, 1, 0, 1, False)", "plan()"]
        back = ["act(1)", "learn(1, 0, 0, 0, False)", "plan()"]
        expected = first + back + first + (last if wanted[0] == 4 else []) + first + last
        if agent.log != expected:
            k = next((k for k, pair in enumerate(zip(agent.log, expected, strict=False)) if pair[0] != pair[1]), -1)
            raise Mismatch(f"dyna_q.run asked the agent for {agent.log[k]}, expected {expected[k]}")


@exercise("3.3")
def test_the_maze_is_solved_within_few_episodes(student):
    """DynaQ and run: with n = 20 the eighth walk through the maze takes fewer than 40 steps; 14 is the shortest."""
    env = Maze()
    agent = student.dyna_q.DynaQ(env.S, env.A, np.random.default_rng(3), n=20)
    lengths = student.dyna_q.run(env, agent, 8, 20_000)
    if not 14 <= int(lengths[-1]) < 40:
        raise Mismatch(f"dyna_q: the eighth episode took {int(lengths[-1])} steps, expected 14 ... 39")
