"""Visible tests of 3.9: the handout's examples by hand, what is asked of environment and expert, the edges.

In the example a ball stands at s on a line and is moved by s' = s + a; the reward is -s^2 for the state before the step.
"""

from __future__ import annotations

import numpy as np

from course.envs import BatchEnv
from course.systems import System
from course.testing import EXACT, SINGLE, Mismatch, assert_close, exercise, fields


def line():
    """The ball of the example, which starts at 4."""
    return System(
        "line", ("place (m)",), ("move (m)",), 1.0, [-9.0], [9.0], [4.0],
        motion=lambda xp, state, action: (state[0] + action[0],),
        gain=lambda xp, state, action: -state[0] * state[0] + 0 * action[0],
    )  # fmt: skip


@exercise("3.9", weight=2)
def test_a_clone_of_a_linear_expert(student):
    """clone: from labels of a = 40 - 3 s, a linear policy does the same elsewhere, and the one handed over is as before."""
    s = np.linspace(5, 15, 30)[:, None]
    start = student.mbmf.Policy(1, 1, hidden=())
    before = np.array(start.act(s))
    policy = student.mbmf.clone(start, s, 40 - 3 * s, np.random.default_rng(0), steps=300, size=20, rate=0.1)
    new = np.array([[0.0], [20.0]])
    look = "the formula of the handout, and what it says about Adam and about scales"
    assert_close("mbmf.clone: what it does in 0 and 20", policy.act(new), 40 - 3 * new, rtol=1e-3, look=look, show=True)
    assert_close("mbmf.clone: the policy handed over", start.act(s), before, rtol=EXACT, look="train the copy")


@exercise("3.9", weight=2)
def test_the_table_of_the_handout(student):
    """dagger: two rounds of two steps from the handout, with a fit that knows two policies."""
    asked = []

    def fit(s, a):
        asked.append((np.array(s), np.array(a)))
        return (lambda s: 0 * s - 1) if len(asked) == 1 else (lambda s: -s / 2)

    env = BatchEnv(line(), 1, 2)
    answer = student.mbmf.dagger(env, lambda s: -s, fit, np.array([[1.0]]), np.array([[-1.0]]), 2)
    s, a, returns = fields(answer, "s a returns", who="mbmf.dagger")
    look = "the table: states in which a policy acted, and what the expert would have done there"
    assert_close("mbmf.dagger: s", s, np.array([[1.0], [4], [3], [4], [2]]), rtol=SINGLE, look=look, show=True)
    assert_close("mbmf.dagger: a", a, np.array([[-1.0], [-4], [-3], [-4], [-2]]), rtol=SINGLE, look=look, show=True)
    look = "a sum over the episode: -16 - 9, then -16 - 4"
    assert_close("mbmf.dagger: returns", returns, np.array([-25.0, -20.0]), rtol=SINGLE, look=look, show=True)
    if [len(labels) for labels, _ in asked] != [1, 3]:
        raise Mismatch(f"mbmf.dagger: fit got {[len(labels) for labels, _ in asked]} labels, expected all: [1, 3]")


@exercise("3.9", weight=2)
def test_fine_tuning_counts_episodes_and_warms_up(student):
    """fine_tune: 11 episodes are 2 batches of 4 and not 3; the first of them trains the critic only."""
    policy = student.mbmf.Policy(1, 1, hidden=())
    s, rng = np.array([[4.0], [-1.0]]), np.random.default_rng(0)
    for episodes, batches in ((7, 1), (11, 2)):
        env = BatchEnv(line(), 4, 3)
        answer = student.mbmf.fine_tune(env, policy, 0.5, episodes, rng)
        better, used, returns = fields(answer, "policy used returns", who="mbmf.fine_tune")
        if env.calls != batches * 12:
            raise Mismatch(f"mbmf.fine_tune made {env.calls} steps for {episodes} episodes, expected {batches * 12}")
        look = "4 episodes a batch"
        wanted = 4 * np.arange(1, batches + 1)
        assert_close("mbmf.fine_tune: used", used, wanted, rtol=EXACT, look=look, show=True)
        if np.shape(returns) != (batches,):
            raise Mismatch(f"mbmf.fine_tune: returns has shape {np.shape(returns)}, expected {(batches,)}")
        same = np.allclose(better.act(s), policy.act(s), rtol=0, atol=1e-12)
        if same != (batches == 1):
            raise Mismatch(f"mbmf.fine_tune: with warmup = 1 the policy is {'the same' if same else 'another one'} "
                           f"after {batches} batches")  # fmt: skip


@exercise("3.9")
def test_counting_by_hand(student):
    """episodes_to: the example of the handout, with 6 episodes before; and None where the level is lost again."""
    used, returns = np.array([10, 20, 30, 40]), np.array([-500.0, -400.0, -450.0, -410.0])
    got = student.mbmf.episodes_to(-420.0, used, returns, 6)
    assert_close("mbmf.episodes_to", got, np.array(46), rtol=EXACT, look="for good: -450 comes after -400", show=True)
    got = student.mbmf.episodes_to(-450.0, used, returns)
    assert_close("mbmf.episodes_to", got, np.array(20), rtol=EXACT, look="equal is enough", show=True)
    if student.mbmf.episodes_to(-405.0, used, returns) is not None:
        raise Mismatch("mbmf.episodes_to does not return None although the last batch is below the level")
