"""Hidden tests of exercise 3.3: the loop around agent and environment, and what it learns in the maze."""

from __future__ import annotations

import numpy as np
from dyna_q_benches import Bench, WatchedMaze, unjudged

from course.testing import Mismatch, assert_close, assert_shape, complaints_of, exercise


def judge(student, rng, ends, steps):
    """Let the student's loop drive an agent of ours through episodes that end as told."""
    bench = Bench(rng, ends, steps)
    with complaints_of(bench):
        lengths = student.dyna_q.run(bench, bench.agent, len(ends), steps)
        wild = Bench(rng, [(12, how) for how in ("terminated", "truncated") * 5], 9, wild=True)
        unjudged(student.dyna_q.run, wild, wild.agent, 10, 9)
    bench.judge("dyna_q.run")
    look = "one entry for each episode: how many real steps it took, the last one included"
    assert_close("dyna_q.run", lengths, np.array([min(steps, length) for length, _ in ends]), rtol=0, look=look)


@exercise("3.3", weight=1)
def test_a_step_is_act_step_learn_plan(student, rng):
    """run: in every step act, env.step, learn and plan once each, with what was returned just before."""
    judge(student, rng, [(5, "terminated"), (1, "terminated"), (3, "terminated")], 9)


@exercise("3.3", weight=0.5)
def test_only_a_terminal_state_is_the_end(student, rng):
    """run: a time limit ends the episode, but done is True only where the environment says terminated."""
    judge(student, rng, [(4, "truncated"), (3, "terminated"), (2, "terminated truncated")], 9)
    judge(student, rng, [(7, "terminated"), (2, "truncated"), (3, "terminated")], 3)


# Mean steps of an episode, the first one left out. The reference, over seeds:    mean   SD   99 %   largest
#   n = 0,  episodes 2 to 50,  150 seeds                                           82.6  19.2  134    149
#   n = 5,  episodes 2 to 20,  300 seeds                                           27.8   3.6   36.6   38.3
#   n = 50, episodes 2 to 12,  120 seeds                                           19.1   1.8   24.0   25.3
# The logarithms are close to normal with SD 0.23, 0.13 and 0.09: the limits are 5.7, 7.2 and 6.6 of these above their
# mean, each passed with a chance below 1e-8. Walking at random takes 869 steps an episode, Q-learning (n = 0)
# 181 +- 48 in episodes 2 to 20, n = 5 36 +- 6 in episodes 2 to 12. The first episode has an exponential tail: beyond
# 20,000 steps with a chance of exp(-23).
# The best actions of Q after n = 50 need 14 (443 of 700 seeds), 16 (221), 18 (28), 20 (6) or 22 (2) steps to the goal:
# two more are at least three times as rare, more than 40 rarer than 1e-6.
MOST = 20_000
TARGETS = ((0, 50, 300), (5, 20, 70), (50, 12, 35))  # n, episodes, limit


@exercise("3.3", weight=1)
def test_planning_shortens_the_way_through_the_maze(student, rng):
    """DynaQ and run: few episodes suffice in the maze, and fewer real steps the more is planned."""
    for n, episodes, limit in TARGETS:
        env = WatchedMaze(rng, MOST)
        with complaints_of(env):
            agent = student.dyna_q.DynaQ(env.S, env.A, np.random.default_rng(rng.integers(1 << 62)), n=n)
            lengths = student.dyna_q.run(env, agent, episodes, MOST)
        if len(env.lengths) != episodes or min(env.lengths) < 14:
            raise Mismatch(f"dyna_q.run did not play {episodes} episodes to the goal, which is 14 steps away at least")
        assert_close("dyna_q.run", lengths, np.array(env.lengths), rtol=0, look="the steps of each episode")
        mean = float(np.mean(env.lengths[1:]))
        if not mean <= limit:
            raise Mismatch(
                f"dyna_q: with n = {n}, episodes 2 to {episodes} took {mean:.0f} real steps on average, expected far "
                "fewer (the handout says how many)\n  look at: first at the tests of learn and plan"
            )
        if n == 50 and not finds_the_goal(env, assert_shape("dyna_q.DynaQ: Q", agent.Q, (env.S, env.A), "[S, A]")):
            raise Mismatch(
                "dyna_q: what the agent has learned does not lead to the goal, although it was there in every episode\n"
                "  look at: whether run lets the agent act, learn and plan"
            )


def finds_the_goal(env, Q, steps=40):
    """Tell whether the best actions of Q lead from the start of a maze to its goal."""
    P, _, end = env.table()
    s = env.start
    for _ in range(steps):
        a = Q[s].argmax()
        if end[s, a]:
            return True
        s = P[s, a].argmax()
    return False
