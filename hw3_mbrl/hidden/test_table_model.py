"""Hidden tests of fit_table, evaluate and mc_values, exercise 3.1.

Data are made from a table that was chosen first, so nothing is counted twice in the same way.
"""

from __future__ import annotations

import numpy as np
import table_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

FIT, EVALUATE, VALUES = "table_model.fit_table", "table_model.evaluate", "table_model.mc_values"
LOOKS = {
    "N": "how often each pair (s, a) stands in D, also where it comes up many times",
    "P": "steps with done lead nowhere: they are counted in N and in end, but not in P",
    "R": "the mean of the rewards in the rows of (s, a): their sum over N[s, a]",
    "end": "the share of the visits of (s, a) that are done; 1 for a pair that was never seen",
}


def fit(student, reference, columns, S, A, **unseen):
    """Call the student's fit_table on copies. Returns N, P, R, end, checked for shape."""
    D = reference.transitions.Transitions(*(np.array(column) for column in columns))
    got = fields(student.table_model.fit_table(D, S, A, **unseen), "N P R end", who=FIT)
    whole = not (type(got[0]) is np.ndarray and got[0].dtype.kind == "f")  # counts are welcome as floats, too
    N = assert_shape(f"{FIT}: N", got[0], (S, A), "[S, A]", integer=whole)
    shapes = {"P": ((S, A, S), "[S, A, S]"), "R": ((S, A), "[S, A]"), "end": ((S, A), "[S, A]")}
    rest = {name: assert_shape(f"{FIT}: {name}", got[i + 1], *shapes[name]) for i, name in enumerate(shapes)}
    return {"N": N, **rest}


def judge_table(got, expected, names, seen=None, where=""):
    """Compare fields of a table; seen: [S, A], the pairs to look at, or None for all."""
    for name in names.split():
        wanted = np.asarray(getattr(expected, name), dtype=float)
        pairs = np.ones(expected.N.shape, dtype=bool) if seen is None else seen
        have = np.where(pairs[:, :, None] if wanted.ndim == 3 else pairs, got[name], 0.0)
        wanted = np.where(pairs[:, :, None] if wanted.ndim == 3 else pairs, wanted, 0.0)
        assert_close(f"{FIT}: {name}{where}", have, wanted, rtol=SINGLE, look=LOOKS[name])


@exercise("3.1", weight=1)
def test_the_rewards_of_a_pair_are_averaged(student, reference, rng):
    """fit_table: N counts the visits of each pair of state and action, and R is the mean reward of its own visits."""
    for S, A in [(5, 3), (3, 4)]:
        data = oracles.counted(rng, S, A)
        got = fit(student, reference, data.columns, S, A)
        judge_table(got, data, "N R", seen=data.N > 0, where=" of the pairs in D")


@exercise("3.1", weight=1.25)
def test_frequencies_stand_for_probabilities(student, reference, rng):
    """fit_table: P and end are the shares of a pair's visits that go on to each state, and that end the episode."""
    for S, A in [(5, 3), (3, 4)]:
        data = oracles.counted(rng, S, A)
        got = fit(student, reference, data.columns, S, A)
        judge_table(got, data, "P end", seen=data.N > 0, where=" of the pairs in D")


@exercise("3.1", weight=0.75)
def test_a_pair_never_seen_ends_at_once(student, reference, rng):
    """fit_table: a pair that is not in the data has N = 0, a row of zeros in P, end = 1 and the reward `unseen`."""
    for unseen in (rng.uniform(2.0, 5.0), -rng.uniform(2.0, 5.0)):
        data = oracles.counted(rng, 4, 2, unseen=unseen)
        got = fit(student, reference, data.columns, 4, 2, unseen=float(unseen))
        judge_table(got, data, "N P R end", seen=data.N == 0, where=" of the pairs never seen")


@exercise("3.1", weight=1.25)
def test_a_policy_is_worth_what_it_collects_in_the_table(student, reference, rng):
    """evaluate: V[s] is the expected discounted sum of rewards from s, if pi acts and the table is the world."""
    for S, A, gamma in [(5, 3, 0.9), (3, 4, 0.7), (4, 2, 0.97)]:
        N, P, R, end = oracles.draw_table(rng, S, A, least_end=0.05)
        pi = oracles.draw_policy(rng, S, A)
        judge_values(student, reference, (N, P, R, end), pi, gamma)


def judge_values(student, reference, parts, pi, gamma):
    """Compare evaluate with a sum over times."""
    table = reference.table_model.Table(*(np.array(part) for part in parts))
    V = student.table_model.evaluate(table, np.array(pi), float(gamma))
    S = len(pi)
    assert_shape(f"{EVALUATE}: V", V, (S,), "[S]")
    look = "V = r + gamma P V, where r and P are those of the policy: means over the actions with weights pi[s, a]"
    expected = oracles.occupancy_values(parts[1], parts[2], pi, gamma)
    assert_close(f"{EVALUATE}: V for gamma = {gamma}", V, expected, rtol=SINGLE, look=look)


@exercise("3.1", weight=0.5)
def test_without_discount_the_ends_bound_the_sum(student, reference, rng):
    """evaluate: gamma may be 1 where episodes end, as rows of P sum to less than 1; gamma = 0 leaves one reward."""
    for gamma in (1.0, 0.0):
        parts = oracles.draw_table(rng, 4, 3, least_end=0.2)
        judge_values(student, reference, parts, oracles.draw_policy(rng, 4, 3), gamma)


def episodes_for(reference, data):
    """Return episodes [(states, rewards), …] as a list of Transitions."""
    return [reference.transitions.Transitions(*oracles.as_columns(s, r)) for s, r in data]


def judge_returns(student, reference, episodes, S, gamma, look):
    """Compare mc_values with sums of powers; states without a visit must be NaN, the others must not."""
    V = student.table_model.mc_values(episodes_for(reference, episodes), S, float(gamma))
    expected = oracles.first_returns([(np.array(s), np.array(r)) for s, r in episodes], S, gamma)
    missing = np.isnan(expected)
    if type(V) is np.ndarray and V.dtype.kind == "f" and V.shape == (S,):
        if wrong := [int(s) for s in np.flatnonzero(missing & ~np.isnan(V))]:
            raise Mismatch(f"{VALUES}: V{wrong} is a number, expected NaN: no episode visits this state")
        V = np.where(missing, 0.0, V)
    expected = np.where(missing, 0.0, expected)
    assert_close(f"{VALUES}: V of the states that are visited", V, expected, rtol=SINGLE, look=look)


@exercise("3.1", weight=1.5)
def test_returns_after_first_visits_are_averaged(student, reference, rng):
    """mc_values: V[s] is the mean, over the episodes that visit s, of the discounted rewards after the first visit."""
    for S, gamma in [(4, 0.8), (6, 1.0), (3, 0.5)]:
        lengths = rng.integers(3, 9, size=5)
        # State S-1 is never visited, state 0 often, and all lengths differ from state to state.
        paths = [rng.choice(S - 1, size=length, p=_crowded(S - 1)) for length in lengths]
        episodes = [(path, 3 * rng.normal(size=len(path))) for path in paths]
        look = "an episode in which a state comes twice, and where the sum of its rewards begins and ends"
        judge_returns(student, reference, episodes, S, gamma, look)


def _crowded(S):
    weights = 1.0 / np.arange(1, S + 1)
    return weights / weights.sum()


@exercise("3.1", weight=0.75)
def test_the_ab_example_has_three_answers(student, reference, rng):
    """AB: with other numbers for the states and another reward c, the table is worth 3/4 c in both, the data's returns
    0 and 3/4 c, those of the lecture's draw c and 3/4 c.
    """
    number, c = rng.permutation(2), rng.uniform(2.0, 5.0)
    told, drawn = (
        [(number[list(s)], c * np.array(r)) for s, r in data] for data in (oracles.AB_DATA, oracles.AB_DRAWN)
    )
    for episodes in (told, drawn):
        look = "which states an episode visits, and the sum of the rewards from there on"
        judge_returns(student, reference, episodes, 2, 1.0, look)
    columns = [np.concatenate(column) for column in zip(*(oracles.as_columns(*e) for e in told), strict=True)]
    got = fit(student, reference, columns, 2, 1)
    N, P, R = np.array([[1], [8]]), np.array([[[0.0, 1.0]], [[0.0, 0.0]]]), np.array([[0.0], [0.75 * c]])
    order = np.argsort(number)  # the row of the table of A and B that belongs to each number
    parts = N[order], P[order][:, :, order], R[order], 1.0 - P[order].sum(axis=2)
    expected = reference.table_model.Table(*parts)
    judge_table(got, expected, "N P R end", where=" of the AB example")
    V = student.table_model.evaluate(expected, np.ones((2, 1)), 1.0)
    look = "A leads to B in every case that was seen, so the table gives A what B is worth"
    assert_close(f"{EVALUATE}: V of the AB example", V, np.full(2, 0.75 * c), rtol=SINGLE, look=look)
