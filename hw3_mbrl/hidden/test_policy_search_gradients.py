"""Hidden tests of exercise 3.7, first part: gradients. With the other parts the weights add up to its points.

Tensors that remember how they were made cannot travel, so policy, dynamics and reward are made where the student's code
runs, by classes that its file is given; what comes back is compared with NumPy and central differences (1e-9).
"""

from __future__ import annotations

import numpy as np
import policy_search_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields

WHO = "policy_search.J_and_gradient"


def ask(student, theta, policy, dynamics, reward, s0, T):
    """Have a policy rolled out and differentiated. Returns J and the gradient, unchecked."""
    answer = student.policy_search.J_and_gradient(np.array(theta), policy, dynamics, reward, np.array(s0), T)
    return fields(answer, "J gradient", who=WHO)


def judge(student, rng, n, m, N, T, *, gradient=True):
    """Compare J, and the gradient if wanted, on a small nonlinear problem."""
    toy, s0 = oracles.Toy(rng, n, m), rng.normal(size=(N, n))
    J, g = ask(student, toy.theta, *toy.of(student), s0, T)
    look = "the mean over starts of the sum over t of r(s_t, a_t): the reward of a step belongs to the state before it"
    assert_close(f"{WHO}: J with T = {T}, N = {N}", J, toy.J(toy.theta[None], s0, T)[0], rtol=SINGLE, look=look)
    if gradient:
        g = assert_shape(f"{WHO}: gradient", g, toy.theta.shape, "[P]")
        look = "where the graph is cut (.detach, .item, NumPy) or whose derivative this is: of J, uphill, in theta"
        assert_close(
            f"{WHO}: gradient with T = {T}, N = {N}", g, toy.gradient(toy.theta, s0, T), rtol=SINGLE, look=look
        )


@exercise("3.7", weight=0.75)
def test_J_is_the_mean_return_of_the_policy(student, rng):
    """J_and_gradient: J is the mean over the starts of the sum of T rewards, paid for the states before the steps."""
    for n, m, N, T in [(3, 2, 4, 5), (2, 3, 1, 1)]:
        judge(student, rng, n, m, N, T, gradient=False)


@exercise("3.7", weight=1)
def test_the_gradient_is_the_slope_of_J(student, rng):
    """J_and_gradient: the gradient agrees with differences of J, through policy, dynamics and reward."""
    for n, m, N, T in [(3, 2, 4, 6), (2, 1, 5, 3), (2, 3, 1, 1)]:
        judge(student, rng, n, m, N, T)


@exercise("3.7", weight=0.5)
def test_the_gradient_keeps_its_digits_where_J_is_large(student, rng):
    """J_and_gradient: however large J is otherwise, what theta does not move takes nothing from the gradient."""
    n, m, N, T = 3, 2, 4, 4
    toy, s0 = oracles.Toy(rng, n, m), rng.normal(size=(N, n))
    toy.weights[2][-1], toy.weights[3][-1] = 0.0, 0.0  # the last number of the state never changes ...
    expected = toy.gradient(toy.theta, s0, T)
    toy.c[n - 1] += 1e10  # ... and pays a lot
    _, g = ask(student, toy.theta, *toy.of(student), s0, T)
    look = "how it is computed: by differentiation, step by step; differences of J lose all their digits here"
    assert_close(f"{WHO}: gradient where J is large", g, expected, rtol=SINGLE, look=look)


@exercise("3.7", weight=0.5)
def test_the_model_gets_no_gradient(student, rng):
    """J_and_gradient: the weights of the dynamics are as before, and nothing has been left in their `.grad`."""
    toy, s0 = oracles.Toy(rng, 2, 1), rng.normal(size=(3, 2))
    policy, dynamics, reward = toy.of(student)
    _, g = ask(student, toy.theta, policy, dynamics, reward, s0, 3)
    left = dynamics.left_behind()
    if left != 0:
        raise Mismatch(
            f"{WHO} left a gradient in the parameters of the dynamics: whoever fits the model next may add it to "
            "theirs\n  look at: torch.autograd.grad(J, theta), which writes nothing anywhere; J.backward() does"
        )
    assert_close(f"{WHO}: gradient", g, toy.gradient(toy.theta, s0, 3), rtol=SINGLE)
    J, _ = ask(student, toy.theta, policy, dynamics, reward, s0, 3)
    look = "the weights of the dynamics: a second call with the same arguments has the same answer"
    assert_close(f"{WHO}: J of a second call", J, toy.J(toy.theta[None], s0, 3)[0], rtol=SINGLE, look=look)


def unstable(rng):
    """Draw a weak linear policy and a start near upright; the gradient for T = 160 is 50 times that for 20 or longer.

    Of 150 draws 69 % are so (median ratio 117, 10 % above 650): 60 tries all fail once in 1e30.
    """
    for _ in range(60):
        K, s0 = 0.02 * rng.normal(size=3), 0.3 * rng.normal(size=2)
        short, long = (oracles.pendulum_gradient(K, s0, T, 2.0) for T in (20, 160))
        if 50 < np.linalg.norm(long) / np.linalg.norm(short) < 1e5:
            return K, s0, short, long
    raise AssertionError("no draw of 60 explodes")


@exercise("3.7", weight=0.75)
def test_the_gradient_explodes_with_the_horizon(student, rng):
    """J_and_gradient: on the exact pendulum it is right for T = 20 and for T = 160, where it is 50 times as long."""
    K, s0, short, long = unstable(rng)
    made = student.policy_search
    models = made.LinearPolicy(2, 1), made.PendulumStep(2.0), made.PendulumReward(2.0)
    for T, expected in ((20, short), (160, long)):
        _, g = ask(student, K, *models, s0[None], T)
        look = "the graph over all T steps: it is not cut anywhere, however long it is"
        assert_close(f"{WHO}: gradient on the pendulum, T = {T}", g, expected, rtol=SINGLE, look=look)


@exercise("3.7", weight=1.5)
def test_the_pathwise_gradient_counts_every_way_to_a_reward(student, rng):
    """pathwise_gradient: it agrees with all states and actions of the path solved for at once."""
    for T, n, m, P in [(6, 3, 2, 5), (4, 2, 3, 1)]:
        path = oracles.draw_path(rng, T, n, m, P)
        g = student.policy_search.pathwise_gradient(*(np.array(each) for each in path))
        g = assert_shape("policy_search.pathwise_gradient", g, (P,), "[P]")
        look = "the ways on which theta acts: on a_t at once, and by s_t, which earlier actions and states have moved"
        assert_close(
            f"policy_search.pathwise_gradient, T = {T}", g, oracles.path_gradient(*path), rtol=SINGLE, look=look
        )


@exercise("3.7", weight=0.5)
def test_one_step_earns_by_its_action_alone(student, rng):
    """pathwise_gradient: with T = 1 only r_a times da_0/dtheta is left, as nothing moves s_0."""
    path = oracles.draw_path(rng, 1, 3, 2, 4)
    g = student.policy_search.pathwise_gradient(*(np.array(each) for each in path))
    expected = path[5][0] @ path[3][0]
    assert_close("policy_search.pathwise_gradient with T = 1", g, expected, rtol=SINGLE, look="r_a: actions pay too")


def ask_ratio(student, scores, rewards):
    who = "policy_search.likelihood_ratio"
    g = student.policy_search.likelihood_ratio(np.array(scores), np.array(rewards))
    return assert_shape(who, g, (scores.shape[2],), "[P]")


@exercise("3.7", weight=1)
def test_a_score_is_weighed_by_what_came_after_it(student, rng):
    """likelihood_ratio: each score counts the rewards from its step on, less their mean in the other episodes."""
    for N, T, P in [(5, 4, 3), (2, 6, 4), (1, 3, 2), (4, 1, 1)]:
        scores, rewards = rng.normal(size=(N, T, P)), 3.0 + 2.0 * rng.normal(size=(N, T))
        look = "G_t, the sum from t on with r_t in it; b_t, the mean of G_t over the other N - 1 episodes; 1/N in front"
        expected = oracles.episodes_gradient(scores, rewards)
        assert_close(
            "policy_search.likelihood_ratio", ask_ratio(student, scores, rewards), expected, rtol=SINGLE, look=look
        )


@exercise("3.7", weight=0.75)
def test_the_estimate_is_right_on_average(student, rng):
    """likelihood_ratio: averaged over every pair of episodes that can happen, it is the gradient: it has no bias."""
    coins = oracles.Coins(rng)
    mean, outcomes = np.zeros(3), list(coins.episodes(coins.theta))
    for chance, scores, rewards in outcomes:
        for chance_2, scores_2, rewards_2 in outcomes:
            g = ask_ratio(student, np.stack([scores, scores_2]), np.stack([rewards, rewards_2]))
            mean += chance * chance_2 * g
    look = "the baseline: it may not contain the episode's own reward, or it takes back a part of the gradient"
    name = "policy_search.likelihood_ratio, mean over all pairs of episodes"
    assert_close(name, mean, coins.gradient(), rtol=SINGLE, look=look)
