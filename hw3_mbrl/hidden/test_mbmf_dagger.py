"""Hidden tests of exercise 3.9: DAgger. Environment, expert and fit are ours; what is asked of them is written down."""

from __future__ import annotations

import numpy as np
from mbmf_oracles import Expert, Fits, World

from course.testing import Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "mbmf.dagger"


def labelled(student, rng, *, rounds, N, n, m, L, K0, ends="truncated"):
    """Let the student's loop collect labels; return them with those who took part."""
    world, expert, fits = World(rng, WHO, N, n, m, L, ends), Expert(rng, n, m), Fits(rng, n, m)
    s, a = rng.normal(size=(K0, n)), rng.normal(size=(K0, m))
    with complaints_of(world, expert, fits):
        answer = student.mbmf.dagger(world, expert.answer, fits.answer, s.copy(), a.copy(), rounds)
    world.check(rounds)
    return fields(answer, "s a returns", who=WHO), world, expert, fits, (s, a)


@exercise("3.9", weight=0.5)
def test_labels_are_the_experts_for_the_states_that_were_visited(student, rng):
    """dagger: what it returns are the first labels, then each visited state with what the EXPERT does there."""
    sizes = [(2, 2, 3, 2, 4, 5, "truncated"), (3, 1, 2, 1, 3, 2, "terminated")]
    for rounds, N, n, m, L, K0, ends in sizes:
        (s, a, returns), world, expert, _, first = labelled(
            student, rng, rounds=rounds, N=N, n=n, m=m, L=L, K0=K0, ends=ends
        )
        visited = np.concatenate([world.states(k).reshape(-1, n) for k in range(rounds)])
        K = K0 + rounds * L * N
        assert_shape(f"{WHO}: s", s, (K, n), "[K, n]", look="K: the first labels, and one for each state acted in")
        look = "which states: those in which the policy acted, in the order of time, not where the episode ended"
        assert_close(f"{WHO}: s", s, np.concatenate([first[0], visited]), rtol=1e-6, look=look)
        assert_shape(f"{WHO}: a", a, (K, m), "[K, m]")
        wanted = np.concatenate([first[1], expert.act(visited)])
        look = "whose actions: labels are what the expert would have done, not what the policy did"
        assert_close(f"{WHO}: a", a, wanted, rtol=1e-6, look=look)
        assert_shape(f"{WHO}: returns", returns, (rounds,), "[rounds]")
        look = "one number a round: the sum over the episode of the rewards, which are means over the copies"
        assert_close(f"{WHO}: returns", returns, world.returns(), rtol=1e-6, look=look)


@exercise("3.9", weight=0.75)
def test_the_newest_policy_acts_and_was_fitted_to_all_labels(student, rng):
    """dagger: every round fits ALL labels there are, and the policy that comes out acts in the environment."""
    rounds, N, n, m, L, K0 = 3, 2, 2, 3, 3, 4
    (got, _, _), world, expert, fits, first = labelled(student, rng, rounds=rounds, N=N, n=n, m=m, L=L, K0=K0)
    if len(fits.labels) != rounds:
        raise Mismatch(f"{WHO} called fit {len(fits.labels)} times in {rounds} rounds, expected once at each beginning")
    s, a = first
    for k in range(rounds):
        look = "the labels in use: all of them, those to begin with as well"
        who = f"{WHO}: s that fit gets in round {k}"
        assert_shape(who, fits.labels[k][0], s.shape, "[K, n]", look=look)
        assert_close(who, fits.labels[k][0], s, rtol=1e-6, look=look)
        who = f"{WHO}: a that fit gets in round {k}"
        assert_close(who, fits.labels[k][1], a, rtol=1e-6, look=look)
        visited = world.states(k)
        played = np.array(world.path[k][1])
        look = "who acts: the policy of this round's fit, in the states that the environment returned"
        wanted = fits.policy(fits.gain(k), visited)
        assert_close(f"{WHO}: actions in round {k}", played, wanted, rtol=1e-6, look=look)
        flat = visited.reshape(-1, n)
        s, a = np.concatenate([s, flat]), np.concatenate([a, expert.act(flat)])
    assert_shape(f"{WHO}: s", got, s.shape, "[K, n]")
    assert_close(f"{WHO}: s", got, s, rtol=1e-6, look="the states in which the policy acted, in the order of time")
    if len(expert.asked) != rounds * L:
        raise Mismatch(
            f"{WHO} asked the expert {len(expert.asked)} times in {rounds * L} steps, expected once in each: "
            "an expert who plans is expensive, and one who remembers must see the states in their order"
        )
