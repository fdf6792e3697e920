"""Hidden tests of exercise 3.9: the clone, and counting. The weights of all three modules add up to its points.

The policies are made of the given class Policy, which stays in the worker; labels and judgements come from this side.

A clone's error is relative to the largest label. Over 40 seeds of the reference, in units of the tolerance: the linear
expert 0.0001 in the median and 0.0006 at worst; the expert who varies 0.08 and 0.25, standard deviation 0.055: the
tolerance is 16 of them away. The estimated rate of false failures is below 1e-6 for both.
"""

from __future__ import annotations

import numpy as np
import torch  # noqa: F401  (loading it takes a second, which no test should be charged for)

from course.testing import Mismatch, assert_close, assert_shape, exercise

WHO = "mbmf.clone"


def acts(who, policy, s, m):
    """Ask a policy of the worker's what it does in the states s [N, n]; return [N, m]."""
    act = getattr(policy, "act", None)
    if not callable(act):
        raise Mismatch(f"{who} returned something that cannot act, expected a Policy: is a `return` missing?")
    return assert_shape(f"{who}: what the policy does", act(s.copy()), (len(s), m), "[N, m]")


def judge(who, got, expected, tolerance, look):
    """Compare actions [N, m], each column relative to its own largest entry."""
    size = np.max(np.abs(expected), axis=0)
    error = np.max(np.abs(got - expected) / size)
    if not error <= tolerance:
        raise Mismatch(
            f"{who} is off by {100 * error:.3g} % of the largest action, expected {100 * tolerance:.3g} %\n"
            f"  look at: {look}"
        )


@exercise("3.9", weight=0.5)
def test_a_linear_expert_is_recovered(student, rng):
    """clone: labels of a linear expert make a linear policy the expert, whatever the units of states and actions."""
    n, m = 3, 2
    shift, unit = 10 * rng.normal(size=n), 10.0 ** rng.uniform(-2, 2, size=n)
    small = np.array([1e-7, 5e-7])  # of the actions: in raw units, nothing would be learned of them
    K, k = rng.normal(size=(n, m)) / unit[:, None] * small, 5 * rng.normal(size=m) * small
    s, new = (shift + unit * rng.normal(size=(count, n)) for count in (60, 20))
    s[:20] = s[0]  # what comes first does not tell enough
    start = student.mbmf.Policy(n, m, hidden=(), seed=int(rng.integers(99)))
    draws = np.random.default_rng(rng.integers(1 << 62))
    policy = student.mbmf.clone(start, s, (s - shift) @ K + k, draws, steps=250, size=20, rate=0.1)
    look = (
        "fit_scales before training; the error in units of a_scale; labels that belong to their states, drawn from all"
    )
    judge(f"{WHO} of a linear expert", acts(WHO, policy, new, m), (new - shift) @ K + k, 1e-3, look)


@exercise("3.9", weight=0.25)
def test_steps_are_those_of_adam_with_a_falling_rate(student, rng):
    """clone: `steps` steps of Adam, the first with `rate`, the rate falling linearly to 0 after the last."""
    s = rng.normal() + rng.uniform(0.5, 2) * np.array([[-1.0], [1.0], [1.0], [-1.0]])
    start = student.mbmf.Policy(1, 1, hidden=(), seed=int(rng.integers(99)))
    first = np.asarray(start.numbers()[4]).ravel()[0]
    # Scaled states and actions are -1 and 1: the best weight is 1, and each step of Adam goes there by the full rate.
    for steps, way in ((1, 1.0), (4, 1 + 0.75 + 0.5 + 0.25), (2, 1.5)):
        draws = np.random.default_rng(rng.integers(1 << 62))
        policy = student.mbmf.clone(start, s, 5 + 3 * s, draws, steps=steps, size=4, rate=1e-4)
        acts(WHO, policy, s, 1)
        weight = np.array([float(np.asarray(policy.numbers()[4]).ravel()[0])])
        moved = assert_shape(f"{WHO}: the weight of a linear policy", weight, (1,))[0] - first
        if not abs(moved / 1e-4 - way) <= 0.05:
            raise Mismatch(
                f"{WHO}: {steps} steps move a far-off weight by {moved / 1e-4:.2f} rates, expected {way:.2f}\n"
                "  look at: the rate of step k = 0, 1, ...: rate (1 - k / steps), and how many steps are made"
            )


@exercise("3.9", weight=0.25)
def test_a_clone_does_what_the_expert_does_on_average(student, rng):
    """clone: where the expert does now this and now that, the clone does the mean of it, not the middle one."""
    s = np.repeat(np.array([[-1.0], [2.0]]) * rng.uniform(1, 3), 10, axis=0)
    a = np.where(np.arange(20)[:, None] % 10 < 8, 1.0, 6.0) * np.sign(s) + rng.normal()
    order = rng.permutation(20)
    start, draws = student.mbmf.Policy(1, 1, hidden=()), np.random.default_rng(rng.integers(1 << 62))
    policy = student.mbmf.clone(start, s[order], a[order], draws, steps=300, size=100, rate=0.1)
    means = np.array([[a[:10].mean()], [a[10:].mean()]])
    look = "the loss: the mean of squares, over labels drawn from all there are"
    judge(f"{WHO} of an expert who varies", acts(WHO, policy, s[[0, 10]], 1), means, 0.25, look)


# The gradient of one label is 2 or -2, so the first step of Adam goes up or down by the full rate, and the second, at
# half the rate, goes on by as much (the labels agree) or by 1/19 of it back (they do not). Three labels in five say up:
# 30 runs all begin alike one time in 4 million, and labels disagree in none of them one time in 300 million. Of 2000
# labels the majority is wrong with probability 1e-19.
@exercise("3.9", weight=0.25)
def test_each_step_is_on_as_many_labels_as_size_says(student, rng):
    """clone: each step draws `size` labels by rng: single labels that disagree pull to and fro, many do not."""
    s = np.repeat([[-1.0], [1.0]], 10, axis=0)
    a = np.where(np.arange(20)[:, None] % 10 < 6, 1.0, -1.0) * s
    start, rate = student.mbmf.Policy(1, 1, hidden=()), 1e-4
    start.load([0 * np.asarray(x) if k >= 4 else np.asarray(x) for k, x in enumerate(start.numbers())])

    def moved(seed, size):
        draws = np.random.default_rng(seed)
        policy = student.mbmf.clone(start, s * unit, a * unit, draws, steps=2, size=size, rate=rate)
        acts(WHO, policy, s, 1)
        weight = np.array([float(np.asarray(policy.numbers()[4]).ravel()[0])])
        return assert_shape(f"{WHO}: the weight of a linear policy", weight, (1,))[0] / rate

    unit, seeds = rng.uniform(0.5, 2), rng.integers(1 << 62, size=30)
    ways = np.array([moved(seed, 1) for seed in seeds])
    agree, differ = (np.abs(np.abs(ways) - way) < 0.02 for way in (1.5, 1 - 0.5 / 19))
    if not (np.all(agree | differ) and np.any(ways > 0) and np.any(ways < 0)):
        raise Mismatch(f"{WHO}: with size = 1 a step is not that of one label drawn by rng\n  look at: size, and rng")
    if not np.any(differ):
        raise Mismatch(f"{WHO}: with size = 1 all steps are on the same label, expected a new draw in each")
    if not all(moved(seed, 2000) > 1 for seed in seeds[:3]):
        raise Mismatch(f"{WHO}: with a large `size` a step does not go the way of most labels\n  look at: size")
    again = np.array([moved(seed, 1) for seed in seeds[:3]])
    assert_close(f"{WHO} with the same generator once more", again, ways[:3], rtol=1e-6, look="all is drawn by rng")


@exercise("3.9", weight=0.25)
def test_the_policy_to_begin_with_stays_as_it_is(student, rng):
    """clone: the policy handed over does afterwards what it did before."""
    s, a = rng.normal(size=(9, 2)), 3 + rng.normal(size=(9, 1))
    start = student.mbmf.Policy(2, 1, hidden=(4,), seed=int(rng.integers(99)))
    before = acts("mbmf.Policy", start, s, 1)
    policy = student.mbmf.clone(start, s, a, np.random.default_rng(rng.integers(1 << 62)), steps=5)
    after = acts(f"{WHO}'s argument", start, s, 1)
    assert_close(f"{WHO}: the policy handed over, afterwards", after, before, rtol=1e-9, look="train the copy")
    if not np.max(np.abs(acts(WHO, policy, s, 1) - before)) > 1e-3:
        raise Mismatch(f"{WHO}: the policy returned does what the one handed over did: was it trained?")


def first_for_good(level, used, returns):
    """Try the batches one by one, from the first on."""
    for k in range(len(used)):
        if all(value >= level for value in returns[k:]):
            return int(used[k])
    return None


@exercise("3.9", weight=0.5)
def test_episodes_are_counted_until_the_level_is_kept(student, rng):
    """episodes_to: the first batch from which on no return is below the level, and what was used before it."""
    for k in range(12):
        B = int(rng.integers(4, 9))
        used, returns = np.cumsum(rng.integers(3, 50, size=B)), rng.normal(size=B).cumsum() - 50
        level = [np.sort(returns)[B // 2], returns[-1], returns.min(), returns[-1] + 0.1, returns[-2]][k % 5]
        before = int(rng.integers(1, 90))
        expected = first_for_good(level, used, returns)
        got = student.mbmf.episodes_to(float(level), used, returns, before)
        who = "mbmf.episodes_to"
        if expected is None:
            if got is not None:
                raise Mismatch(f"{who} does not return None although the last batch is below the level")
            continue
        if got is None:
            raise Mismatch(f"{who} returns None although the last batch is not below the level (equal is enough)")
        look = "the batch right after the last one below the level; its episodes, and those used before"
        assert_close(who, got, np.array(before + expected), rtol=1e-9, look=look)
    got = student.mbmf.episodes_to(-9.0, np.array([7, 14]), np.array([-8.0, -9.0]))
    assert_close("mbmf.episodes_to where no batch is below", got, np.array(7), rtol=1e-9, look="the first batch")
