"""Hidden tests of exercise 1.1. The weights add up to its points.

Problems are drawn (see `open_closed_oracles`) with S, A and T that differ. Where the best is searched for, looking at
the state, planning ahead and changing the action all pay: then a short cut shows in the values. Ties are welcome: a
list or a policy is judged by what it earns, never by which one it is.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import open_closed_oracles as oracles

from course.systems.exams import exams
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

SIZES = [(4, 3, 3), (3, 2, 5), (5, 2, 4)]  # S, A, T
# 729 to 2187 lists: who tries a tenth of them finds the best list of all five problems once in 100,000 times.
MANY_LISTS = [(4, 3, 6), (3, 3, 7), (5, 2, 10), (2, 3, 6), (3, 4, 5)]


def problems(rng, sizes=SIZES):
    """Draw a telling problem of each size."""
    return [oracles.telling_problem(rng, S, A, T) for S, A, T in sizes]


def copies(*arrays):
    """Copy what a student's function gets, which may overwrite it."""
    return [np.array(array) for array in arrays]


def whole(name, got, shape, dims, A):
    """Check that a result holds actions 0 … A-1; a list or tuple of them is as good as an array of one axis."""
    if type(got) in (list, tuple) and all(isinstance(entry, int | np.integer) for entry in got):
        got = np.array([min(max(int(entry), -1), A) for entry in got], dtype=int)
    actions = assert_shape(name, got, shape, dims, integer=True)
    if np.any((actions < 0) | (actions >= A)):
        raise Mismatch(f"{name} has entries outside 0 … {A - 1}, expected the number of an action in every entry")
    return actions


def judge_value(name, got, expected, look):
    """Compare a value to `SINGLE` of the size of a reward, which is 1: the value itself may be next to zero."""
    got = float(assert_shape(name, got, ()))
    if not abs(got - expected) <= SINGLE:
        assert_close(name, got, expected, rtol=SINGLE, look=look)


@exercise("1.1", weight=1.5)
def test_a_list_is_worth_its_expected_rewards(student, rng):
    """open_loop_value: the value of a list is the expected sum of its rewards, over all states that may come."""
    for size in SIZES:
        P, R, d, T = oracles.draw(rng, *size)
        for _ in range(3):
            actions = rng.integers(R.shape[1], size=T)
            value = student.open_closed.open_loop_value(*copies(P, R, d, actions))
            expected = oracles.list_value(P, R, d, actions)
            look = "the distribution of s_t: it is d at t = 0, and sum_s p(s) P[s, a, s'] after a step"
            judge_value("open_closed.open_loop_value", value, expected, look)


@exercise("1.1", weight=0.5)
def test_a_list_of_one_action_is_paid_in_the_first_state(student, rng):
    """open_loop_value: with T = 1 only the first states count, as each reward is paid before the step."""
    P, R, d, _ = oracles.draw(rng, S=4, A=3, T=1)
    for start in (np.eye(4)[2], d):
        value = student.open_closed.open_loop_value(*copies(P, R, start, [1]))
        expected = sum(start[s] * R[s, 1] for s in range(4))
        look = "which state is paid: s_0, drawn from d, before any step is taken"
        judge_value("open_closed.open_loop_value for T = 1", value, expected, look)


def judge_best_list(student, P, R, d, T, values):
    """Compare with `values` {list: what it earns} of all lists.

    A wrong `open_loop_value` is charged where it is tested: the best list by a student's own values will do, too,
    unless these say nothing (all equal, or no numbers).
    """
    answer = student.open_closed.best_open_loop(*copies(P, R, d), T)
    actions, value = fields(answer, "actions value", who="open_closed.best_open_loop")
    actions = whole("open_closed.best_open_loop: actions", actions, (T,), "[T]", R.shape[1])
    try:
        judge_list(actions, value, values)
    except Mismatch:
        own = own_values(student, P, R, d, values)
        if own is None:
            raise
        judge_list(actions, value, own)


def judge_list(actions, value, values):
    """Demand that a list earns the largest of `values` {list: value}, and that `value` says so."""
    best, earned = max(values.values()), values[tuple(actions.tolist())]
    look = "all A^T lists: the value of the best one, in expectation over the states"
    judge_value("open_closed.best_open_loop: value", value, best, look)
    if not earned >= best - SINGLE * max(abs(best), 1.0):
        raise Mismatch(
            f"open_closed.best_open_loop: another list earns {best - earned:.3g} more than the actions returned\n"
            "  look at: which list goes with the largest value, and that every list of T actions is tried"
        )


def own_values(student, P, R, d, lists):
    """Return {list: what the student's open_loop_value says of it}; None where that is no guide."""
    own = {}
    for actions in lists:
        value = student.open_closed.open_loop_value(*copies(P, R, d, actions))
        try:
            own[actions] = float(assert_shape("open_closed.open_loop_value", value, ()))
        except Mismatch:
            return None
    return own if np.ptp(list(own.values())) > oracles.CLEAR else None


@exercise("1.1", weight=1.5)
def test_no_list_earns_more_than_the_best_one(student, rng, once):
    """best_open_loop: its list earns as much in expectation as any of the A^T lists, and its value says how much."""
    for problem, values in once(lambda: [(p, oracles.list_values(*p)) for p in problems(rng, MANY_LISTS)]):
        judge_best_list(student, *problem, values)


@exercise("1.1", weight=0.5)
def test_the_best_list_for_exams_attends_all_or_none(student, rng):
    """best_open_loop: of n exams, each hard with probability p, a list can earn n (1 - 2p) or nothing."""
    for n, hard in [(9, rng.uniform(0.1, 0.4)), (2, rng.uniform(0.6, 0.9)), (1, rng.uniform(0.1, 0.4))]:
        P, R, d, _, _ = exams(hard)
        lists = product(range(2), repeat=n + 1)
        judge_best_list(student, P, R, d, n + 1, {actions: sum(actions[1:]) * (1 - 2 * hard) for actions in lists})


@exercise("1.1", weight=2)
def test_a_policy_is_worth_what_following_it_earns(student, rng):
    """policy_value: V[t, s] is the expected sum of the rewards of times t … T-1 that the policy collects from s on."""
    for size in SIZES:
        P, R, _, T = oracles.draw(rng, *size)
        S, A = R.shape
        policy = rng.integers(A, size=(T, S))
        policy[0], policy[-1] = np.arange(S) % A, (np.arange(S) + 1) % A  # it depends on time and on the state
        V = student.open_closed.policy_value(*copies(P, R, policy))
        assert_shape("open_closed.policy_value: V", V, (T + 1, S), "[T+1, S]")
        assert_close(
            "open_closed.policy_value: V",
            V,
            oracles.policy_value(P, R, policy),
            rtol=SINGLE,
            look="one step: in state s at time t the action is policy[t, s], and what follows is worth V[t+1]",
        )


@exercise("1.1", weight=0.5)
def test_the_last_step_is_worth_its_reward(student, rng):
    """policy_value: with T = 1, V[0] is the reward of the action taken in each state, and V[1] is zero."""
    P, R, _, _ = oracles.draw(rng, S=4, A=3, T=1)
    policy = np.array([[2, 0, 1, 1]])
    V = student.open_closed.policy_value(*copies(P, R, policy))
    V = assert_shape("open_closed.policy_value: V for T = 1", V, (2, 4), "[T+1, S]")
    if np.any(V[1]):
        raise Mismatch("open_closed.policy_value: V[T] is not zero; no reward follows the step of time T-1")
    expected = np.array([R[0, 2], R[1, 0], R[2, 1], R[3, 1]])
    look = "when the reward is paid: for the state and action of time t, before the step"
    assert_close("open_closed.policy_value: V[0] for T = 1", V[0], expected, rtol=SINGLE, look=look)


def plan(student, P, R, T):
    """Call the student's dynamic programming. Returns its policy and V as handed back."""
    return fields(student.open_closed.best_policy(*copies(P, R), T), "policy V", who="open_closed.best_policy")


@exercise("1.1", weight=1.5)
def test_the_value_of_the_best_policy_is_the_largest_possible(student, rng, once):
    """best_policy: V[t, s] is the largest expected sum of rewards that any policy reaches from s at time t."""
    for (P, R, _, T), expected in once(lambda: [(p, oracles.optimal_values(p.P, p.R, p.T)) for p in problems(rng)]):
        _, V = plan(student, P, R, T)
        assert_shape("open_closed.best_policy: V", V, expected.shape, "[T+1, S]")
        assert_close(
            "open_closed.best_policy: V",
            V,
            expected,
            rtol=SINGLE,
            look="Q[s, a] = R[s, a] + sum_s' P[s, a, s'] V[t+1, s'], and its largest entry for each s; V[T] = 0",
        )


@exercise("1.1", weight=1.5)
def test_no_policy_earns_more_than_the_best_one(student, rng, once):
    """best_policy: following its policy earns, from every time and state on, as much as any policy can."""
    for (P, R, _, T), expected in once(lambda: [(p, oracles.optimal_values(p.P, p.R, p.T)) for p in problems(rng)]):
        policy, _ = plan(student, P, R, T)
        policy = whole("open_closed.best_policy: policy", policy, (T, len(R)), "[T, S]", R.shape[1])
        lost = expected - oracles.policy_value(P, R, policy)
        if not lost.max() <= SINGLE * max(np.abs(expected).max(), 1.0):
            t, s = np.unravel_index(lost.argmax(), lost.shape)
            raise Mismatch(
                f"open_closed.best_policy: from time t = {t} and state {s} on, another policy earns "
                f"{lost.max():.3g} more\n  look at: which action has the largest Q[s, a], and at which t it is stored"
            )


@exercise("1.1", weight=0.5)
def test_the_best_policy_attends_the_easy_exams(student, rng):
    """best_policy: of n exams, each hard with probability p, who looks first earns n (1 - p)."""
    for n, hard in [(4, rng.uniform(0.2, 0.8)), (1, 0.5)]:
        P, R, d, states, _ = exams(hard)
        policy, V = plan(student, P, R, n + 1)
        policy = whole("open_closed.best_policy: policy", policy, (n + 1, 3), "[T, S]", A=2)
        V = assert_shape("open_closed.best_policy: V", V, (n + 2, 3), "[T+1, S]")
        if np.any(policy[:, 1] != 1) or np.any(policy[:, 2] != 0):
            raise Mismatch("open_closed.best_policy: it should attend every easy exam and no hard one, at every time")
        look = "the first reward comes at time 1, and each of the n exams is worth 1 - p to who sees it first"
        assert_close("open_closed.best_policy: d @ V[0]", float(d @ V[0]), n * (1 - hard), rtol=SINGLE, look=look)
