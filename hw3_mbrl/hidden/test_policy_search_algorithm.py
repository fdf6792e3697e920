"""Hidden tests of exercise 3.7, third part: Algorithm 4. With the other parts the weights add up to its points.

Environment, policy, fit and improvement are ours: what the student's loop asks, and in which order, is written down.
"""

from __future__ import annotations

import numpy as np
from policy_search_benches import Parts, World, columns, random_data
from policy_search_pendulum import Laboratory

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise, fields

WHO = "policy_search.algorithm4"


def judge_columns(who, got, expected):
    """Compare two lists of columns s, a, r, s_next, done."""
    looks = {
        "s": "the order: what was there first stands first; s is the state BEFORE the step",
        "a": "the action that was executed in s",
        "r": "what the environment paid for a in s",
        "s_next": "the state that the step led to",
        "done": "terminated, and not truncated: a time limit ends no task",
    }
    for (name, look), mine, theirs in zip(looks.items(), got, expected, strict=True):
        wanted = theirs.astype(int) if name == "done" else theirs
        assert_close(f"{who}: {name}", mine, wanted, rtol=SINGLE, look=look)


@exercise("3.7", weight=1)
def test_collect_records_one_episode(student, rng):
    """collect: state, action, reward and next state of every step, in order; done is terminated, not truncated."""
    for length, terminated in [(5, True), (4, False), (1, True)]:
        world, K = World(rng, 3, 2, [(length, terminated)]), rng.normal(size=(2, 3))

        def act(s=None, world=world, K=K):
            s = world.numbers("policy_search.collect called act(s)", "s", s, (3,), "[n]")
            return np.tanh(K @ s) if s is not None else np.full(2, np.nan)

        with complaints_of(world):
            D = student.policy_search.collect(world, act)
        got = columns("policy_search.collect", D, length, 3, 2)
        if len(world.episodes) != 1 or len(world.episodes[0]) != length:
            raise Mismatch("policy_search.collect did not play exactly one episode to its end")
        judge_columns("policy_search.collect", got, world.data(0))
        look = "the state in use: act is asked at the state that the environment returned last"
        expected = np.tanh(world.data(0)[0] @ K.T)
        assert_close("policy_search.collect: a", got[1], expected, rtol=SINGLE, look=look)


def run(student, rng, aggregate, rounds=3, n=3, m=2, P=4):
    """Run the student's loop on made-up parts. Returns parts, world, theta, first data and the answer."""
    world = World(rng, n, m, [(int(length), bool(rng.random() < 0.5)) for length in rng.integers(2, 6, rounds)])
    parts, theta, first = Parts(rng, world, P, rounds), rng.normal(size=P), random_data(rng, 5, n, m)
    D = student.policy_search.Transitions(*(np.array(column) for column in first))
    with complaints_of(parts, world):
        answer = student.policy_search.algorithm4(
            world, parts.act, np.array(theta), D, parts.fit, parts.climb, rounds, aggregate
        )
    return parts, world, theta, first, fields(answer, "theta returns D", who=WHO)


def expect_order(world, rounds, fits):
    """Judge in which order the parts were asked."""
    wanted = [event for k in range(rounds) for event in (["fit"] if k < fits else []) + ["climb", "reset"]]
    if world.events != wanted:
        shown = ", ".join(world.events[:12])
        raise Mismatch(
            f"{WHO}: the order of the parts is {shown}; expected {', '.join(wanted)} (reset begins an episode)"
        )
    if [len(episode) for episode in world.episodes] != [length for length, _ in world.ends]:
        raise Mismatch(f"{WHO}: an episode was not played to its end, that is until terminated or truncated")


def judge_chain(parts, world, theta, models):
    """Judge what was improved, on which model, and what was played."""
    for k, (f, before, _) in enumerate(parts.improved):
        look = "f: the model of this round" if len(parts.models) > 1 else "f: without aggregation the first model stays"
        assert_close(f"{WHO}: f of climb in round {k}", f, models[k], rtol=SINGLE, look=look)
        look = "theta: each round goes on from where the last one ended"
        wanted = parts.improved[k - 1][2] if k else theta
        assert_close(f"{WHO}: theta of climb in round {k}", before, wanted, rtol=SINGLE, look=look)
    played = [better for k, (_, _, better) in enumerate(parts.improved) for _ in world.episodes[k]]
    look = "theta of act: the episode of a round is played by the policy that this round has just improved"
    got = np.array([each[0] for each in parts.played])
    assert_shape(
        f"{WHO}: thetas that act got", got, np.shape(played), "[steps, P]", look="one call of act in each step"
    )
    assert_close(f"{WHO}: theta of act", got, np.array(played), rtol=SINGLE, look=look)
    look = "the state in use: act is asked at the state that the environment returned last"
    states = np.concatenate([world.data(k)[0] for k in range(len(world.episodes))])
    assert_close(f"{WHO}: s of act", np.array([each[1] for each in parts.played]), states, rtol=SINGLE, look=look)


def judge_answer(parts, world, answer, data):
    theta, returns, D = answer
    look = "theta: the parameters after the last round"
    assert_close(f"{WHO}: theta", theta, parts.improved[-1][2], rtol=SINGLE, look=look)
    expected = np.array([world.data(k)[2].sum() for k in range(len(world.episodes))])
    look = "returns[k]: the SUM of the rewards of the real episode of round k"
    assert_close(f"{WHO}: the array returns", returns, expected, rtol=SINGLE, look=look)
    judge_columns(f"{WHO}: D", columns(f"{WHO}: D", D, len(data[2]), world.n, world.m), data)


def joined(*parts):
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


@exercise("3.7", weight=1.75)
def test_every_round_learns_from_all_data(student, rng):
    """algorithm4 (v1): fit to all data, improve on that model, one real episode by the new policy, append it."""
    rounds = 3
    parts, world, theta, first, answer = run(student, rng, aggregate=True, rounds=rounds)
    expect_order(world, rounds, fits=rounds)
    for k, got in enumerate(parts.fitted):
        data, who = joined(first, *(world.data(j) for j in range(k))), f"{WHO}: D of fit in round {k}"
        judge_columns(who, columns(who, tuple(got), len(data[2]), world.n, world.m), data)
    judge_chain(parts, world, theta, parts.models)
    judge_answer(parts, world, answer, joined(first, *(world.data(k) for k in range(rounds))))


@exercise("3.7", weight=1)
def test_without_aggregation_the_first_model_stays(student, rng):
    """algorithm4 (v0, aggregate=False): one fit, to the first data; the episodes are played, and forgotten."""
    rounds = 3
    parts, world, theta, first, answer = run(student, rng, aggregate=False, rounds=rounds)
    expect_order(world, rounds, fits=1)
    judge_columns(f"{WHO}: D of fit", parts.fitted[0], first)
    judge_chain(parts, world, theta, parts.models * rounds)
    judge_answer(parts, world, answer, first)


@exercise("3.7", weight=0.75)
def test_v1_learns_to_swing_up(student, rng):
    """algorithm4 on the pendulum: within 8 real episodes v1 is as good as if it had known the exact model."""
    best, rounds = -np.inf, 8
    for _ in range(5):
        laboratory = Laboratory(rng, rounds)
        D = student.policy_search.Transitions(*laboratory.random_data())
        with complaints_of(laboratory):
            answer = student.policy_search.algorithm4(
                laboratory, laboratory.act, laboratory.theta.copy(), D, laboratory.fit, laboratory.climb, rounds
            )
        fields(answer, "theta returns D", who=WHO)
        best = max(best, laboratory.returns()[-1])
        if best >= Laboratory.ENOUGH:
            return
    raise Mismatch(
        f"{WHO}: the last of {rounds} real episodes earned {best:.1f} in the best of 5 runs; expected about "
        "what the exact model leads to, -93.5\n  look at: whether each model has seen all episodes"
    )
