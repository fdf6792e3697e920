"""Hidden tests of the agent of exercise 3.3: what it learns, plans and does.

Expected values are closed forms of repeated updates, and the values of small worlds in which every policy was tried.
"""

from __future__ import annotations

import numpy as np
from dyna_q_oracles import World, after_updates, chi_square, counts_of, exact_policy

from course.mazes import is_action
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise


def fresh(rng):
    """A generator from which nothing about the test's own draws follows."""
    return np.random.default_rng(rng.integers(1 << 62))


def expect_updates(agent, expected, when):
    updates = agent.updates
    if type(updates) is not int and not isinstance(updates, np.integer):
        raise Mismatch("dyna_q.DynaQ: updates is not a whole number, expected how many updates of Q were made")
    if updates != expected:
        raise Mismatch(
            f"dyna_q.DynaQ: updates is {updates} {when}, expected {expected}\n"
            "  look at: that every update of Q is counted, one in learn and n in plan, and nothing else"
        )


def agent_value(agent, S, A):
    """Return Q of the last action in the last state."""
    return assert_shape("dyna_q.DynaQ: Q", agent.Q, (S, A), "[S, A]")[-1, -1]


@exercise("3.3", weight=0.5)
def test_a_new_agent_knows_nothing(student, rng):
    """DynaQ: Q is [S, A] zeros in floats, plan does nothing before the first step, which is the first update."""
    for S, A, n in [(5, 3, 4), (2, 4, 0)]:
        agent = student.dyna_q.DynaQ(S, A, fresh(rng), n=n)
        assert_close("dyna_q.DynaQ: Q at first", agent.Q, np.zeros((S, A)), rtol=SINGLE, look="Q [S, A]: zeros")
        expect_updates(agent, 0, "before the first step")
        agent.plan()
        expect_updates(agent, 0, "after plan() without any real step")
        look = "plan: with an empty model there is nothing to learn from"
        assert_close("dyna_q.DynaQ: Q after plan() at first", agent.Q, np.zeros((S, A)), rtol=SINGLE, look=look)
        agent.learn(S - 1, A - 1, 1.0, 0, True)
        expect_updates(agent, 1, "after the first step")
        if not agent_value(agent, S, A) > 0:
            raise Mismatch("dyna_q.DynaQ: Q does not grow by the first step although it was paid 1")


@exercise("3.3", weight=1.5)
def test_learning_removes_a_share_of_the_error(student, rng):
    """learn: k real steps with the same outcome leave (1 - alpha)^k of the error, and count k updates."""
    for alpha, gamma, k in [(0.1, 0.9, 1), (0.25, 0.95, 4), (1.0, 0.5, 2)]:
        r, other = rng.uniform(1, 4, size=2)
        agent = student.dyna_q.DynaQ(4, 3, fresh(rng), n=3, alpha=alpha, gamma=gamma)
        for _ in range(k):
            agent.learn(2, 1, float(r), 0, True)
        expect_updates(agent, k, f"after {k} calls of learn")
        wanted = np.zeros((4, 3))
        wanted[2, 1] = after_updates(r, alpha, k)
        look = "learn: one update of Q[s, a] by alpha times (target - Q[s, a]), and of nothing else"
        assert_close("dyna_q.DynaQ: Q after learn", agent.Q, wanted, rtol=SINGLE, look=look)
        agent.learn(3, 2, float(other), 2, False)
        wanted[3, 2] = alpha * other + alpha * gamma * wanted[2, 1]
        look = "learn: the value of s_next enters with the agent's own gamma"
        assert_close("dyna_q.DynaQ: Q after learn, one state earlier", agent.Q, wanted, rtol=SINGLE, look=look)
        agent.update(0, 2, float(other), 1, True)
        wanted[0, 2] = alpha * other
        look = "update: the same step towards the target, whoever calls it"
        assert_close("dyna_q.DynaQ: Q after update", agent.Q, wanted, rtol=SINGLE, look=look)
        expect_updates(agent, k + 2, f"after {k + 1} calls of learn and one of update")


@exercise("3.3", weight=0.5)
def test_a_state_that_leads_to_itself(student, rng):
    """learn: where a step leads back to the same state, Q goes to r / (1 - gamma) step by step."""
    for alpha, gamma, k in [(0.5, 0.5, 3), (0.2, 0.9, 12)]:
        r = float(rng.uniform(1, 4))
        agent = student.dyna_q.DynaQ(3, 1, fresh(rng), n=0, alpha=alpha, gamma=gamma)
        for _ in range(k):
            agent.learn(1, 0, r, 1, False)
            agent.plan()
        wanted = np.zeros((3, 1))
        wanted[1, 0] = after_updates(r / (1 - gamma), alpha, k, 1 - gamma)
        look = "the target: r + gamma max Q[s_next]; with n = 0 plan does nothing"
        assert_close("dyna_q.DynaQ: Q", agent.Q, wanted, rtol=SINGLE, look=look)
        expect_updates(agent, k, f"after {k} steps with n = 0")


@exercise("3.3", weight=1.5)
def test_a_step_makes_n_plus_one_updates(student, rng):
    """plan: with a single pair in the model, learn and plan together are 1 + n updates of it."""
    for n, alpha, done in [(1, 0.3, True), (7, 0.1, True), (4, 0.2, False)]:
        r = float(rng.uniform(1, 4))
        agent = student.dyna_q.DynaQ(4, 2, fresh(rng), n=n, alpha=alpha, gamma=0.9)
        agent.learn(3, 1, r, 0, done)
        agent.plan()
        wanted = np.zeros((4, 2))
        wanted[3, 1] = after_updates(r, alpha, n + 1)
        look = "plan: n updates, each from r, s_next and done as they were observed after (s, a)"
        assert_close("dyna_q.DynaQ: Q after learn and plan", agent.Q, wanted, rtol=SINGLE, look=look)
        expect_updates(agent, n + 1, f"after one step with n = {n}")
        agent.learn(3, 1, r, 0, done)
        agent.plan()
        expect_updates(agent, 2 * n + 2, f"after two steps with n = {n}")


@exercise("3.3", weight=1.5)
def test_the_model_keeps_the_last_outcome_of_a_pair(student, rng):
    """learn: a new outcome of a pair replaces the old one, reward, next state and end."""
    for n in (3, 6):
        first, last, future = rng.uniform(1, 4, size=3)
        agent = student.dyna_q.DynaQ(3, 2, fresh(rng), n=n, alpha=1.0, gamma=0.5)
        agent.learn(0, 1, float(first), 2, True)
        agent.learn(0, 1, float(last), 1, False)
        agent.plan()
        wanted = np.zeros((3, 2))
        wanted[0, 1] = last
        look = "the model: Model[s, a] is what followed the LAST time; with alpha = 1, Q shows it"
        assert_close("dyna_q.DynaQ: Q after plan", agent.Q, wanted, rtol=SINGLE, look=look)
        agent.learn(0, 1, float(first), 0, True)
        agent.learn(1, 0, float(future), 2, True)
        agent.learn(0, 1, float(last), 1, False)
        agent.learn(1, 0, 2 * float(future), 2, True)
        for _ in range(10):
            agent.plan()
        wanted[1, 0] = 2 * future
        wanted[0, 1] = last + future
        look = "the model: s_next and done of the last time, and the newest Q of s_next"
        assert_close("dyna_q.DynaQ: Q after plan", agent.Q, wanted, rtol=SINGLE, look=look)


@exercise("3.3", weight=0.75)
def test_planning_alone_finds_the_optimal_values(student, rng):
    """plan: once every pair was tried, updates from the model lead to Q*, and never above it on the way."""
    gamma = 0.8
    world = World(rng, 4, 3)
    Q_best = world.optimal(gamma)
    # With alpha = 1 the error shrinks by gamma whenever all 12 pairs came up: 0.8^100 = 2e-10 after 100 such rounds;
    # 6000 draws hold 150 to 180 of them.
    agent = student.dyna_q.DynaQ(4, 3, fresh(rng), n=60, alpha=1.0, gamma=gamma)
    for pair in rng.permutation(12):
        s, a = world.pairs()[pair]
        agent.learn(s, a, *world.outcome(s, a))
    for k in range(100):
        agent.plan()
        if k in (0, 2):
            Q = assert_shape("dyna_q.DynaQ: Q", agent.Q, (4, 3), "[S, A]")
            if np.any(Q > Q_best * (1 + SINGLE)):
                raise Mismatch("dyna_q.DynaQ: with rewards above 0, Q exceeds the optimal value, which it never can")
    look = "plan: r, s_next and done that the model returns for the pair that was drawn"
    assert_close("dyna_q.DynaQ: Q after much planning", agent.Q, Q_best, rtol=SINGLE, look=look)


@exercise("3.3", weight=0.25)
def test_an_update_sees_those_before_it(student, rng):
    """plan: within one call of plan, values travel along a chain that was walked only once."""
    gamma, r = 0.8, float(rng.uniform(1, 3))
    agent = student.dyna_q.DynaQ(5, 1, fresh(rng), n=600, alpha=1.0, gamma=gamma)
    for s in range(4):
        agent.learn(s, 0, r, s + 1, False)
    agent.plan()  # 600 draws of 4 pairs hold the last three in the order backwards, but for a chance below 1e-60
    wanted = r * np.array([[sum(gamma**k for k in range(4 - s))] for s in range(5)])
    look = "plan: each update uses the Q that those before it have left, not a copy made at the beginning"
    assert_close("dyna_q.DynaQ: Q after one call of plan", agent.Q, wanted, rtol=SINGLE, look=look)


# 20,000 draws over 6 pairs. The statistic of the reference is chi-square with 5 degrees of freedom: above 45 with a
# chance of 1.4e-8. Drawing in proportion to visits gives more than 5,000, always the newest pair infinity, a walk
# through all pairs in turn 0 (and passes: its share of each pair is the same).
DRAWS, MOST_UNEVEN = 20_000, 45.0
VISITS = {(0, 0): 1, (1, 0): 9, (1, 1): 1, (1, 3): 3, (4, 2): 1, (4, 0): 6}


@exercise("3.3", weight=1)
def test_pairs_are_drawn_evenly_and_only_those_seen(student, rng):
    """plan: it draws among the pairs that were seen, however often each was visited, and never another one."""
    alpha = 1e-3
    agent = student.dyna_q.DynaQ(5, 4, fresh(rng), n=DRAWS, alpha=alpha, gamma=0.9)
    order = [pair for pair, visits in VISITS.items() for _ in range(visits)]
    for k in rng.permutation(len(order)):
        agent.learn(*order[k], 1.0, 2, True)
    agent.plan()
    Q = assert_shape("dyna_q.DynaQ: Q after plan", agent.Q, (5, 4), "[S, A]")
    counts = counts_of(Q, alpha)
    seen = np.zeros((5, 4), dtype=bool)
    seen[tuple(np.array(list(VISITS)).T)] = True
    if np.any(counts[~seen] > 0.5):
        raise Mismatch("dyna_q.DynaQ.plan updated a pair that was never seen\n  look at: what it draws from")
    counts = counts[seen] - np.array([VISITS[pair] for pair in sorted(VISITS)])
    if abs(counts.sum() - DRAWS) > 0.01 * DRAWS:
        raise Mismatch(
            f"dyna_q.DynaQ.plan changed Q as {counts.sum():.0f} updates of the pairs seen would, expected n = {DRAWS}\n"
            "  look at: whether all n updates go to pairs that were seen"
        )
    of_state = seen.sum(axis=1)
    by_state = np.array([1 / 3 / of_state[s] for s, _ in sorted(VISITS)])  # a state, then one of its actions
    if min(chi_square(counts, by_state), chi_square(counts, np.full(6, 1 / 6))) > MOST_UNEVEN:
        raise Mismatch(
            "dyna_q.DynaQ.plan does not draw evenly: neither from all pairs seen, nor first from the states seen and "
            "then from the actions taken there\n  look at: what is drawn from; visits do not count"
        )


# 1200 actions over 4 kinds, chi-square with 3 degrees of freedom: above 45 with a chance of 9e-10.
CALLS = 1200


@exercise("3.3", weight=0.75)
def test_actions_are_drawn_with_these_probabilities(student, rng):
    """act: actions come as often as epsilon-greedy says; equal values take turns."""
    epsilon = 0.4
    agent = student.dyna_q.DynaQ(3, 4, fresh(rng), n=0, alpha=1.0, epsilon=epsilon)
    values = rng.permutation(4) + 1.0
    for a in range(4):
        agent.learn(1, a, float(values[a]), 0, True)
        agent.learn(2, a, float(max(values[a], 3.0)) - 3.0, 0, True)  # one is 1, three are 0
    greedy = student.dyna_q.DynaQ(2, 3, fresh(rng), n=0, epsilon=0.0)
    Q = assert_shape("dyna_q.DynaQ: Q", agent.Q, (3, 4), "[S, A]")
    for who, act, s, p, calls in [
        ("its values are different", agent.act, 1, exact_policy(Q[1].tolist(), epsilon), CALLS),
        ("its values are all zero", agent.act, 0, exact_policy(Q[0].tolist(), epsilon), CALLS // 4),
        ("all values are zero and epsilon is 0", greedy.act, 1, np.full(3, 1 / 3), CALLS // 4),
    ]:
        actions = [act(s) for _ in range(calls)]
        if not all(is_action(action, len(p)) for action in actions):
            raise Mismatch(f"dyna_q.DynaQ.act returned no whole number 0 ... {len(p) - 1}, expected an int")
        counts = np.bincount(np.array(actions, dtype=int), minlength=len(p))
        own = student.dyna_q.epsilon_greedy(Q[s] if len(p) == 4 else np.zeros(3), epsilon if len(p) == 4 else 0.0)
        if chi_square(counts, p) > MOST_UNEVEN and not agrees(counts, own):
            raise Mismatch(
                f"dyna_q.DynaQ.act in a state where {who}: actions come too often or too rarely\n"
                "  look at: the draw: with epsilon any action, else one of the best, drawn evenly among equal ones"
            )


def agrees(counts, p) -> bool:
    """A wrong epsilon_greedy costs its own marks and not these: drawing what it says is right too."""
    if type(p) is not np.ndarray or p.shape != counts.shape or p.dtype.kind != "f":
        return False
    return bool(np.all(p >= 0)) and abs(float(p.sum()) - 1) < 1e-3 and chi_square(counts, p) <= MOST_UNEVEN


@exercise("3.3", weight=0.25)
def test_draws_come_from_the_generator_that_is_given(student, rng):
    """DynaQ: agents with the same generator act and plan alike, one with another generator does not."""
    seed, found = int(rng.integers(1 << 62)), []
    for generator in (seed, seed, seed + 1):
        agent = student.dyna_q.DynaQ(4, 4, np.random.default_rng(generator), n=60, alpha=0.01, epsilon=1.0)
        for pair in range(16):
            agent.learn(pair // 4, pair % 4, 1.0, 0, True)
        actions = np.array([agent.act(0) for _ in range(60)], dtype=float)
        agent.plan()
        found.append((actions, assert_shape("dyna_q.DynaQ: Q", agent.Q, (4, 4), "[S, A]")))
    # By chance 60 actions agree once in 4^60, and the counts of 60 draws among 16 pairs less often than once in 10^10.
    for who, first, again, other in zip(("act", "plan"), *found, strict=True):
        if not np.allclose(first, again, rtol=1e-6) or np.allclose(first, other, rtol=1e-6):
            raise Mismatch(
                f"dyna_q.DynaQ.{who}: expected the same draws from the same generator, and other draws from another "
                "one\n  look at: rng, from which every draw is to be made"
            )
