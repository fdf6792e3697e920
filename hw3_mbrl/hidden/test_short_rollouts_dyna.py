"""Hidden tests of exercise 3.8, last part: general Dyna, and what the learner is handed in it."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2
from short_rollouts_learners import Imagining, Learner
from short_rollouts_oracles import one_by_one, places, rows_of, same_bag
from short_rollouts_worlds import Finite

from course.testing import EXACT, SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise

WHO = "short_rollouts.dyna"


def imagine(student, world, D, seed, *, updates, N, k, own):
    """Let the student's dyna run on our model, policy and learner; judge how often it learnt, and what it returns."""
    Q = np.linspace(-1, 1, world.n * world.m).reshape(world.n, world.m)
    world.tables, world.updates, world.asked = [Q], [], []
    draw, options = np.random.default_rng(seed), {"updates": updates, "N": N, "k": k, "own": own}
    with complaints_of(world):
        got = student.short_rollouts.dyna(Q.copy(), D, world.model, world.steer, world.learn, draw, **options)
    if len(world.updates) != updates:
        raise Mismatch(f"{WHO} called learn {len(world.updates)} times, expected {updates} = updates")
    look = "what is carried from update to update: the Q that learn returned last"
    assert_shape(WHO, got, Q.shape, "like Q")
    assert_close(WHO, got, world.tables[-1], rtol=SINGLE, look=look)


def judged(student, world, D, seed, *, N, k, own, updates):
    """Do as `imagine`, and judge every batch that was learnt from as well."""
    imagine(student, world, D, seed, updates=updates, N=N, k=k, own=own)
    for Q, batch, asked in world.updates:
        judge_batch(world, D, Q, batch, asked, N, k, own)


def judge_batch(world, D, Q, batch, asked, N, k, own):
    """Judge one batch: N rows of the data, or all steps of N roll-outs from them."""
    if k == 0:
        if asked:
            raise Mismatch(f"{WHO} with k = 0 called the model, expected replay of the data alone")
        if len(batch.r) != N or np.any(places(rows_of(*batch), rows_of(*D)) < 0):
            raise Mismatch(
                f"{WHO} with k = 0: learn got {len(batch.r)} rows, expected {N} that stand in the data as they are"
            )
        return
    if not asked:
        raise Mismatch(f"{WHO} did not call the model before learn, expected k = {k} steps in every update")
    s, a = asked[0]
    if len(s) != N or np.any(places(s, D.s) < 0):
        raise Mismatch(
            f"{WHO}: the first step of the roll-outs begins in {len(s)} states, expected {N} states D.s of the data"
        )
    if own and np.any(places(rows_of(s, a), rows_of(D.s, D.a)) < 0):
        raise Mismatch(f"{WHO} with own: the first actions are not those that the data has with these states")
    runs = one_by_one(world.truth, lambda s: world.act(Q, s), s, k, a if own else None)
    expected = [np.array(column) for column in zip(*(step for run in runs for step in run), strict=True)]
    if not same_bag(rows_of(*batch), rows_of(*expected)):
        raise Mismatch(
            f"{WHO}: learn got {len(batch.r)} transitions that are not all steps of the {N} roll-outs, which "
            f"have {len(expected[0])}\n  look at: each step of each roll-out is trained on; the newest Q acts"
        )


@exercise("3.8", weight=0.75)
def test_learning_uses_every_step_of_the_rollouts(student, rng):
    """dyna: each update learns from all k steps of N new roll-outs from real states, by the policy of the newest Q."""
    for n, m, size, options in [
        (3, 2, 7, {"updates": 3, "N": 12, "k": 4, "own": False}),
        (2, 1, 30, {"updates": 4, "N": 8, "k": 2, "own": True}),
        (2, 3, 9, {"updates": 2, "N": 5, "k": 1, "own": False}),
    ]:
        world = Imagining(rng, n, m)
        judged(student, world, world.data(rng, size), rng.integers(1 << 62), **options)


@exercise("3.8", weight=0.5)
def test_without_imagined_steps_dyna_is_replay(student, rng):
    """dyna: with k = 0 the learner gets rows of the data, each whole and as it was, drawn anew in every update."""
    world = Imagining(rng, 3, 2)
    D = world.data(rng, 40)
    judged(student, world, D, rng.integers(1 << 62), updates=3, N=50, k=0, own=False)
    draws = [places(rows_of(*batch), rows_of(*D)) for _, batch, _ in world.updates]
    if any(np.array_equal(np.sort(draws[0]), np.sort(other)) for other in draws[1:]):
        raise Mismatch(f"{WHO} learns from the same rows in every update, expected a new draw for each")
    imagine(student, world, D, rng.integers(1 << 62), updates=1, N=50, k=0, own=False)
    if np.array_equal(draws[0], places(rows_of(*world.updates[0][1]), rows_of(*D))):
        raise Mismatch(f"{WHO} draws the same rows with another generator\n  look at: rng decides what is drawn")


# The distance is chi-square with 7 degrees of freedom, and a right answer fails in the outermost 1e-7 on either side.
# Drawing states instead of rows is off by more than 150; drawing every row equally often is off by nothing.
@exercise("3.8", weight=0.25)
def test_every_row_of_the_data_is_drawn_as_often(student, rng):
    """dyna: rows of the data are drawn uniformly and with replacement, however often their state was visited."""
    world, N = Imagining(rng, 2, 2), 2000
    D = world.data(rng, 8)
    s = D.s.copy()
    s[:5] = s[0]  # a state that was visited five times
    r, s_next, done = world.truth(s, D.a)
    D = D._replace(s=s, r=r, s_next=s_next, done=done)
    imagine(student, world, D, rng.integers(1 << 62), updates=1, N=N, k=1, own=True)
    batch = world.updates[0][1]
    counts = np.bincount(places(rows_of(batch.s, batch.a), rows_of(D.s, D.a)), minlength=8)
    far = ((counts - N / 8) ** 2).sum() / (N / 8)
    if not chi2.ppf(1e-7, 7) <= far <= chi2.isf(1e-7, 7):
        raise Mismatch(
            f"{WHO}: where a state stands in several rows of the data, some rows are drawn too often, or all of them "
            "more evenly than chance allows\n"
            "  look at: rows are drawn, not states, each with the same probability and independently of the others"
        )


@exercise("3.8", weight=0.5)
def test_one_step_of_an_exact_model_from_the_data_is_replay(student, rng):
    """dyna: with an exact model, k = 1 and the data's own actions, Q is that of replay with the same generator."""
    world, learner = Finite(rng, 13, 3), Learner(13, 3, 0.3, 0.9)
    D, seed, tables = world.data(rng, 60), rng.integers(1 << 62), []

    def greedy(Q=None, s=None):
        return world.policy(s)

    for k in (0, 1):
        world.moved = 0
        draw = np.random.default_rng(seed)
        options = {"updates": 20, "N": 25, "k": k, "own": True}
        with complaints_of(world, learner):
            Q = student.short_rollouts.dyna(np.zeros((13, 3)), D, world.model, greedy, learner.learn, draw, **options)
        tables.append(assert_shape(WHO, Q, (13, 3), "like Q"))
        if world.moved != k * 20 * 25:
            raise Mismatch(f"{WHO} with k = {k}: the model made {world.moved} steps, expected k N in each update")
    if not learner.rows >= 1000 or not np.any(tables[0]):
        raise Mismatch(f"{WHO} learnt from {learner.rows} transitions, expected N in each update; or Q is all 0")
    look = "which action the first step takes, and that the rows are drawn in the same way for k = 0 and k = 1"
    assert_close(f"{WHO} with k = 1", tables[1], tables[0], rtol=EXACT, look=look)
    judge_support(world, D, tables[0])


def judge_support(world, D, Q):
    """Refuse a Q that replay of D cannot have: it moves at the pairs of D that earn something, and nowhere else."""
    seen = np.zeros(Q.shape, bool)
    seen[D.s, D.a] = True
    if np.any(Q[~seen]):
        raise Mismatch(f"{WHO} with k = 0 changed Q at pairs that the data does not have")


# Largest error of Q over the largest entry of the optimum, 400 seeds of the reference: median 0, 99 % below 1e-10,
# largest 0.00005; it fails at 0.1. The probability that a pair is never reached in the 1500 roll-outs, computed for
# 100,000 of these worlds, is below 4e-7 on average.
@exercise("3.8", weight=0.5)
def test_imagined_steps_reach_what_the_data_does_not_show(student, rng):
    """dyna: with an exact model, long roll-outs from a single state lead to the optimal Q everywhere."""
    S, A, gamma = 8, 2, 0.8
    world, learner = Finite(rng, S, A, ends=0.1), Learner(S, A, 1.0, gamma)
    pick = np.random.default_rng(rng.integers(1 << 62))
    world.next[:, 0] = (np.arange(S) + 1) % S  # a ring, so that every state can be reached
    world.done[:, 0] = False

    def wander(Q=None, s=None):
        pair = world.pairs("policy(Q, s) was called", s)
        return np.zeros(1, int) if pair is None else pick.integers(A, size=len(pair[0]))

    s, a = np.zeros(1, int), np.zeros(1, int)
    D = type(world.data(rng, 1))(s, a, *world.truth(s, a))
    options = {"updates": 25, "N": 60, "k": 12}
    draw = np.random.default_rng(rng.integers(1 << 62))
    with complaints_of(world, learner):
        Q = student.short_rollouts.dyna(np.zeros((S, A)), D, world.model, wander, learner.learn, draw, **options)
    look = "where each step begins, and that learn gets all of them"
    assert_close(f"{WHO} with an exact model", Q, world.optimum(gamma), rtol=0.1, look=look)
