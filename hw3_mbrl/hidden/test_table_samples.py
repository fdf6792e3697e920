"""Hidden tests of sample_outcomes and sample_episode, exercise 3.1.

Frequencies are compared with z = (count - K p) / sqrt(K p (1 - p)), in which a correct solution is nearly normal: to
ask |z| < 8 fails it less than once in 10^10 for the K p of 20 and more that are used. Over 1000 seeds of the reference
the largest |z| was 3.5 (outcomes) and 3.6 (actions).
"""

from __future__ import annotations

import numpy as np
import table_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

DEVIATIONS = 8.0
OUTCOMES, EPISODE = "table_model.sample_outcomes", "table_model.sample_episode"


def transitions(who, got, K):
    """Check that `got` holds K transitions in whole numbers. Returns s, a, r, s_next, done as arrays."""
    parts = dict(zip("s a r s_next done".split(), fields(got, "s a r s_next done", who=who), strict=True))
    found = []
    for name, part in parts.items():
        array = assert_shape(f"{who}: {name}", part, (K,), "[K]", integer=name != "r")
        found.append(array)
    if np.any((found[4] != 0) & (found[4] != 1)):
        raise Mismatch(f"{who}: done has entries other than False and True")
    return found


def draw(student, reference, rng, columns, s, a, **unseen):
    """Call the student's sample_outcomes with a generator of its own. Returns r, s_next, done [K], checked."""
    D = reference.transitions.Transitions(*(np.array(column) for column in columns))
    generator = np.random.default_rng(rng.integers(1 << 62))
    answer = student.table_model.sample_outcomes(D, np.array(s), np.array(a), generator, **unseen)
    got = transitions(OUTCOMES, answer, len(s))
    if not (np.array_equal(got[0], s) and np.array_equal(got[1], a)):
        raise Mismatch(f"{OUTCOMES}: s and a of the result are not those asked for, expected them unchanged")
    return got[2:]


def rows_of(columns, s, a):
    """Return the outcomes (r, s_next, done) recorded for a pair, one tuple for each row."""
    return [row[2:] for row in zip(*columns, strict=True) if row[0] == s and row[1] == a]


def recorded(columns, s, a, r, s_next, done):
    """Return, for each draw, the row of D that it repeats; refuse an outcome that was never seen as a whole."""
    number = {(row[0], row[1], round(float(row[2]), 4)): i for i, row in enumerate(zip(*columns, strict=True))}
    found = []
    for k in range(len(s)):
        i = number.get((s[k], a[k], round(float(r[k]), 4)))
        if i is None:
            raise Mismatch(
                f"{OUTCOMES}: a reward was never paid for its pair in D, expected one of those recorded\n"
                "  look at: the rows of D with this s and this a; a mean of rewards is not an outcome"
            )
        if not done[k] and not columns[4][i] and s_next[k] != columns[3][i] or done[k] != columns[4][i]:
            raise Mismatch(
                f"{OUTCOMES}: a reward comes with another next state, or another done, than where it was recorded\n"
                "  look at: how many rows are drawn for a pair: reward, next state and done belong to one row"
            )
        found.append(i)
    return found


@exercise("3.1", weight=0.75)
def test_an_outcome_is_a_row_of_the_data(student, reference, rng):
    """sample_outcomes: each draw repeats reward, next state and done of one row of D with the same s and a."""
    for S, A in [(4, 2), (3, 3)]:
        data = oracles.counted(rng, S, A, most=4)
        pairs = np.argwhere(data.N > 0)
        s, a = pairs[rng.integers(len(pairs), size=60)].T
        recorded(data.columns, s, a, *draw(student, reference, rng, data.columns, s, a))


@exercise("3.1", weight=0.5)
def test_all_rows_of_a_pair_are_equally_likely(student, reference, rng):
    """sample_outcomes: every recorded row of a pair comes up equally often, also rows with the same outcome."""
    # Pair (1, 2) was seen seven times, with rewards 2 2 2 2 5 5 7; the other rows must never come up.
    r = np.array([2.0, 2.0, 2.0, 2.0, 5.0, 5.0, 7.0, 9.0, 8.0])
    s, a = np.array([1] * 7 + [0, 1]), np.array([2] * 7 + [2, 0])
    order = rng.permutation(9)
    columns = [part[order] for part in (s, a, r, np.array([0] * 4 + [2] * 2 + [1] * 3), r == 7.0)]
    K = 600
    paid, _, _ = draw(student, reference, rng, columns, np.full(K, 1), np.full(K, 2))
    for reward, share in [(2.0, 4 / 7), (5.0, 2 / 7), (7.0, 1 / 7)]:
        came = np.mean(np.abs(paid - reward) < 1e-4)
        if not abs(came - share) < DEVIATIONS * np.sqrt(share * (1 - share) / K):
            raise Mismatch(
                f"{OUTCOMES}: an outcome came up in {came:.2f} of many draws, expected its share of the pair's rows\n"
                "  look at: all rows of the pair, equally likely"
            )
    K, zeros = 24, np.zeros(24, dtype=int)
    found, _, _ = draw(student, reference, rng, [zeros, zeros, np.arange(K) + 0.5, zeros, zeros == 0], zeros, zeros)
    if len(np.unique(found)) == K:  # by chance 24! / 24^24 = 5e-10
        raise Mismatch(
            f"{OUTCOMES}: as many draws as a pair has rows took each row once, expected every draw to be made anew\n"
            "  look at: draws with replacement"
        )
    repeats = np.mean(np.abs(np.diff(paid)) < 1e-4)
    if repeats > 0.8:  # 0.43 is expected, with a deviation of 0.02
        raise Mismatch(f"{OUTCOMES}: draw after draw is the same, expected each of the K draws to be made anew")


@exercise("3.1", weight=0.5)
def test_a_pair_without_rows_ends_with_the_reward_unseen(student, reference, rng):
    """sample_outcomes: a pair that is not in D ends at once with the reward `unseen`, in any mixture with others."""
    data = oracles.counted(rng, 4, 2, most=4)
    missing, known = np.argwhere(data.N == 0)[0], np.argwhere(data.N > 0)[0]
    s, a = np.array([missing, known, missing]).T
    unseen = float(rng.uniform(11.0, 15.0))
    r, s_next, done = draw(student, reference, rng, data.columns, s, a, unseen=unseen)
    recorded(data.columns, s[1:2], a[1:2], r[1:2], s_next[1:2], done[1:2])
    look = "a pair without a row: its reward is `unseen`"
    assert_close(f"{OUTCOMES}: r of a pair never seen", r[[0, 2]], np.full(2, unseen), rtol=SINGLE, look=look)
    if not done[0] or not done[2] or s_next[0] != s[0]:
        raise Mismatch(f"{OUTCOMES}: a pair never seen should be done, with s_next = s")


class Walk:
    """A model on the grader's side: what follows was drawn before. It counts, keeps what it was asked, never raises.

    paths: next[t] and reward[t] of the t-th step, whatever is asked; done at step `ends`, or never.
    """

    def __init__(self, reference, rng, S, A, ends, most):
        self.Transitions = reference.transitions.Transitions
        self.S, self.A, self.ends, self.most = S, A, ends, most
        self.next, self.reward = rng.integers(S, size=most + 1), 5 * rng.normal(size=most + 1)
        self.asked, self.complaint = [], ""

    def answer(self, s=None, a=None):
        """Return the outcome of one step. This is the `model` that the student is given."""
        t = len(self.asked)
        try:
            s = int(assert_shape("s", s, (1,), "[K]", integer=True)[0])
            a = int(assert_shape("a", a, (1,), "[K]", integer=True)[0])
            if not (0 <= s < self.S and 0 <= a < self.A):
                raise Mismatch("a pair outside of the S states and A actions")
            if t >= self.most:
                raise Mismatch(f"more than the {self.most} steps allowed")
        except Mismatch as problem:
            self.complaint = self.complaint or f"{EPISODE} asked model(s, a) for an outcome: {problem}"
            s, a, t = 0, 0, self.most
        self.asked.append((s, a))
        row = self.next[t : t + 1], np.array([t == self.ends])
        return self.Transitions(np.array([s]), np.array([a]), self.reward[t : t + 1].copy(), row[0].copy(), row[1])


def episode(student, reference, rng, pi, s0, steps, ends, length):
    """Run the student's sample_episode on a Walk. Returns the states and actions of an episode of `length` steps."""
    S, A = pi.shape
    walk = Walk(reference, rng, S, A, ends, steps)
    generator = np.random.default_rng(rng.integers(1 << 62))
    with complaints_of(walk):
        got = student.table_model.sample_episode(walk.answer, np.array(pi), int(s0), int(steps), generator)
    names = fields(got, "s a r s_next done", who=EPISODE)
    if type(names[0]) is np.ndarray and names[0].shape != (length,):
        raise Mismatch(
            f"{EPISODE}: the episode has shape {names[0].shape}, expected {length} transitions\n"
            "  look at: the step that is done is the last and belongs to the episode; `steps` is the most"
        )
    s, a, r, s_next, done = transitions(EPISODE, got, length)
    if len(walk.asked) != length or walk.asked != list(zip(s.tolist(), a.tolist(), strict=True)):
        raise Mismatch(
            f"{EPISODE}: the episode's s and a are not what the model was asked, expected one row a question"
        )
    expected = np.concatenate([[s0], walk.next[: length - 1]])
    if not np.array_equal(s, expected):
        raise Mismatch(
            f"{EPISODE}: the states are not s0 and then each next state of the model\n"
            "  look at: s of a step is s_next of the step before"
        )
    last = np.arange(length) == ends
    if not (np.array_equal(s_next, walk.next[:length]) and np.array_equal(done, last)):
        raise Mismatch(f"{EPISODE}: s_next or done is not what the model answered")
    assert_close(f"{EPISODE}: r", r, walk.reward[:length], rtol=SINGLE, look="the rewards that the model answered")
    return s, a


@exercise("3.1", weight=0.75)
def test_an_episode_goes_on_until_the_model_says_done(student, reference, rng):
    """sample_episode: each step begins where the last one led, from s0 on, and it ends with done or after `steps`."""
    for S, A, steps, ends, length in [(5, 3, 9, 4, 5), (3, 4, 6, 6, 6), (4, 2, 5, 0, 1), (4, 2, 7, 6, 7)]:
        pi = oracles.draw_policy(rng, S, A)
        episode(student, reference, rng, pi, rng.integers(S), steps, ends, length)


@exercise("3.1", weight=0.25)
def test_actions_are_drawn_from_the_policy(student, reference, rng):
    """sample_episode: in state s, action a is taken with probability pi[s, a]."""
    S, A, steps = 3, 3, 400
    pi = np.array([[0.2, 0.3, 0.5], [0.6, 0.0, 0.4], [0.25, 0.75, 0.0]])[:, rng.permutation(3)]
    s, a = episode(student, reference, rng, pi, 1, steps, steps, steps)
    for state in range(S):
        visits = np.sum(s == state)
        for action in range(A):
            p, count = pi[state, action], np.sum((s == state) & (a == action))
            if abs(count - visits * p) > DEVIATIONS * np.sqrt(visits * p * (1 - p)):
                raise Mismatch(
                    f"{EPISODE}: an action was taken in {count / visits:.2f} of the visits of a state, expected "
                    "pi[s, a] of them\n  look at: which row of pi is used, and that actions are drawn"
                )


@exercise("3.1", weight=0.25)
def test_draws_come_from_the_generator_that_is_given(student, reference, rng):
    """sample_outcomes, sample_episode: the same generator gives the same draws, another one gives other draws."""
    seed, K = int(rng.integers(1 << 62)), 40
    data = oracles.counted(rng, 3, 2, most=5)
    D = reference.transitions.Transitions(*data.columns)
    pair = np.argwhere(data.N == data.N.max())[0]
    s, a = np.full(K, pair[0]), np.full(K, pair[1])
    walk_seed, pi = int(rng.integers(1 << 62)), np.full((3, 2), 0.5)
    draws = []
    for generator in (seed, seed, seed + 1):
        answer = student.table_model.sample_outcomes(D, s.copy(), a.copy(), np.random.default_rng(generator))
        outcomes = transitions(OUTCOMES, answer, K)
        recorded(data.columns, *outcomes)
        walk = Walk(reference, np.random.default_rng(walk_seed), 3, 2, K, K)
        with complaints_of(walk):
            answer = student.table_model.sample_episode(walk.answer, pi, 0, K, np.random.default_rng(generator))
        steps = transitions(EPISODE, answer, K)
        if walk.asked != list(zip(steps[0].tolist(), steps[1].tolist(), strict=True)):
            raise Mismatch(f"{EPISODE}: the episode's s and a are not what the model was asked")
        draws.append((outcomes[2], steps[1]))
    # Forty draws agree by chance once in 2^40 (two actions), and less often among the rows of a pair.
    for who, first, again, other in zip((OUTCOMES, EPISODE), *draws, strict=True):
        if not np.allclose(first, again, rtol=1e-4) or np.allclose(first, other, rtol=1e-4):
            raise Mismatch(
                f"{who}: expected the same draws from the same generator, and other draws from another one\n"
                "  look at: rng, from which every draw is to be made"
            )
