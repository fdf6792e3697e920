"""Visible tests of 3.7: the example of the handout by hand, one property of each function, the edges.

In the example a ball at s is moved by s' = s + a. The policy is a = k s + b, theta = (k, b), and the reward is
r = -1/2 s² - 1/2 a².
"""

from __future__ import annotations

import gymnasium
import numpy as np

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


class Line(gymnasium.Env):
    """The ball of the example, starting at 2; terminated once |s| < 1/2, cut off after `limit` steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)

    def __init__(self, limit):
        self.limit, self.episodes, self.steps, self.s = limit, 0, 0, np.zeros(1)

    def reset(self, seed=None, options=None):
        self.episodes += 1
        self.steps, self.s = 0, np.array([2.0])
        return self.s.copy(), {}

    def step(self, action):
        a = np.asarray(action, dtype=float).reshape(1)
        reward = float(-0.5 * self.s[0] ** 2 - 0.5 * a[0] ** 2)
        self.s, self.steps = self.s + a, self.steps + 1
        return self.s.copy(), reward, bool(abs(self.s[0]) < 0.5), self.steps >= self.limit, {}


def ball(student):
    """Return policy, dynamics (of weights that add the action, nearly) and reward of the example, as torch functions."""
    made = student.policy_search
    tiny = 1e-5  # tanh(tiny a) / tiny is a, up to 1e-10
    dynamics = made.NetworkDynamics(np.array([[0.0, tiny]]), np.zeros(1), np.array([[1 / tiny]]), np.zeros(1))
    return made.LinearPolicy(1, 1), dynamics, made.QuadraticReward(np.eye(2), np.zeros(2))


@exercise("3.7")
def test_the_example_rolled_out_and_differentiated(student):
    """The handout's example: T = 2, k = b = -1/2, from s = 3: J = -7.5, gradient (5/2, 3/2)."""
    answer = student.policy_search.J_and_gradient(np.array([-0.5, -0.5]), *ball(student), np.array([[3.0]]), 2)
    J, g = fields(answer, "J gradient", who="policy_search.J_and_gradient")
    look = "the handout's table: r_t is paid for s_t and a_t, and J is the sum over t = 0, 1"
    assert_close("policy_search.J_and_gradient: J", J, -7.5, rtol=SINGLE, look=look, show=True)
    look = "the graph: theta acts in every step, and through the states; nothing may be detached on the way"
    assert_close("policy_search.J_and_gradient: gradient", g, np.array([2.5, 1.5]), rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_the_example_by_the_recursion(student):
    """The same gradient from the derivatives of the handout's table."""
    ones = np.ones((2, 1, 1))
    pi_theta, r_s, r_a = np.array([[[3.0, 1.0]], [[1.0, 1.0]]]), np.array([[-3.0], [-1.0]]), np.array([[2.0], [1.0]])
    g = student.policy_search.pathwise_gradient(ones, ones, -0.5 * ones, pi_theta, r_s, r_a)
    look = "the order in a step: da_t from ds_t, then what both earn, then ds_{t+1}; the handout's table has each"
    assert_close("policy_search.pathwise_gradient", g, np.array([2.5, 1.5]), rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_two_starts_are_averaged(student):
    """With two starts, J and its gradient are the means of what each start gives alone."""
    theta, parts, alone = np.array([-0.3, 0.2]), ball(student), []
    for s in (1.0, -2.0):
        alone.append(student.policy_search.J_and_gradient(theta, *parts, np.array([[s]]), 3))
    together = student.policy_search.J_and_gradient(theta, *parts, np.array([[1.0], [-2.0]]), 3)
    for i, name in enumerate(("J", "gradient")):
        each = [fields(answer, "J gradient", who="policy_search.J_and_gradient")[i] for answer in (*alone, together)]
        each = [assert_shape(f"policy_search.J_and_gradient: {name}", value, (2,) if i else ()) for value in each]
        look, who = "s0 [N, n]: the mean over its rows, not their sum", f"policy_search.J_and_gradient: {name}"
        assert_close(who, each[2], (each[0] + each[1]) / 2, rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_the_example_of_the_likelihood_ratio(student):
    """The handout's two episodes: rewards (1, 2) and (0, 4), scores 1, 0 and 0, 1: the estimate is 1/2."""
    scores, rewards = np.array([[[1.0], [0.0]], [[0.0], [1.0]]]), np.array([[1.0, 2.0], [0.0, 4.0]])
    g = student.policy_search.likelihood_ratio(scores, rewards)
    look = "G_t: rewards from t on, r_t among them; b_t: that of the OTHER episode; the mean over both episodes"
    assert_close("policy_search.likelihood_ratio", g, np.array([0.5]), rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_clip_keeps_the_direction(student):
    """(3, 4) clipped to 1 is (0.6, 0.8), to 10 it is (3, 4); with a NaN in it, it is zeros."""
    for g, max_norm, expected in [([3, 4], 1.0, [0.6, 0.8]), ([3, 4], 10.0, [3, 4]), ([np.nan, 1], 1.0, [0, 0])]:
        got = student.policy_search.clip(np.array(g, dtype=float), max_norm)
        look = f"clip({g}, {max_norm:g}): one factor for all entries, at most 1; zeros if any entry is not finite"
        assert_close("policy_search.clip", got, np.array(expected, dtype=float), rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_improve_finds_the_top_of_a_hill(student):
    """J = -1/2 (theta - 3)²: from 0, Adam's first step has length `rate`, and 200 steps end at the top."""

    def hill(theta=None):
        theta = np.asarray(theta, dtype=float)
        return float(-0.5 * np.sum((theta - 3) ** 2)), 3 - theta

    answer = student.policy_search.improve(hill, np.zeros(1), 1, 0.1, 1.0)
    theta, J, norms = fields(answer, "theta J norms", who="policy_search.improve")
    look = "Adam, uphill: in step 1 both averages are divided by 1 - 0.9 and 1 - 0.999, so that mean / sqrt(square) = 1"
    assert_close("policy_search.improve: theta after 1 step", theta, np.array([0.1]), rtol=SINGLE, look=look, show=True)
    look = "steps + 1 values: at the start, and after every step"
    assert_close("policy_search.improve: J", J, np.array([-4.5, -4.205]), rtol=SINGLE, look=look, show=True)
    look = "the lengths of the gradients BEFORE they are clipped"
    assert_close("policy_search.improve: array norms", norms, np.array([3.0, 2.9]), rtol=SINGLE, look=look, show=True)
    theta, _, _ = fields(student.policy_search.improve(hill, np.zeros(1), 200, 0.1, 1.0), "theta J norms")
    theta = assert_shape("policy_search.improve: theta", theta, (1,), "[P]")
    if not abs(theta[0] - 3) < 0.1:
        raise Mismatch(f"policy_search.improve: after 200 steps theta is {theta[0]:.3f}, the top is at 3")


@exercise("3.7")
def test_improve_returns_the_best_and_not_the_last(student):
    """J = -|theta - 2.5|: with rate = 2 it visits 0, 2 and 4, and 2 is the best of them."""

    def roof(theta=None):
        theta = np.asarray(theta, dtype=float)
        return -float(np.sum(np.abs(theta - 2.5))), np.sign(2.5 - theta)

    answer = student.policy_search.improve(roof, np.zeros(1), 2, 2.0, 1.0)
    theta, J, _ = fields(answer, "theta J norms", who="policy_search.improve")
    look = "steps: as long as all gradients are alike, each step of Adam has the length `rate`"
    assert_close("policy_search.improve: J", J, np.array([-2.5, -0.5, -1.5]), rtol=SINGLE, look=look, show=True)
    look = "theta: the one with the largest J; `theta += …` also changes what `best = theta` has kept"
    assert_close("policy_search.improve: theta", theta, np.array([2.0]), rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_one_episode_of_the_ball(student):
    """a = -s/2 from 2: states 2, 1, 0.5, 0.25, then terminated; with a limit of 2 steps nothing is done."""
    for limit, done in [(9, [False, False, True]), (2, [False, False])]:
        D = student.policy_search.collect(Line(limit), lambda s=None: -0.5 * np.asarray(s, dtype=float))
        s, a, r, s_next, got = fields(D, "s a r s_next done", who="policy_search.collect")
        states = 2.0 * 0.5 ** np.arange(len(done) + 1)[:, None]
        rows = [
            ("s", s, states[:-1], "the state BEFORE the step, up to the step that ended the episode"),
            ("a", a, -states[:-1] / 2, "act is asked in each step, about the newest state"),
            ("r", r, -0.625 * states[:-1, 0] ** 2, "what the environment paid for that step"),
            ("s_next", s_next, states[1:], "the state that the step led to"),
            (
                "done",
                got,
                np.array(done, dtype=int),
                "True where the environment said terminated; truncated is not done",
            ),
        ]
        for name, mine, wanted, look in rows:
            assert_close(f"policy_search.collect: {name}", mine, wanted, rtol=SINGLE, look=look, show=True)


@exercise("3.7")
def test_two_rounds_of_algorithm_4(student):
    """v1 fits to 3, then to 5 transitions; v0 fits once; both play every policy that they have improved."""
    for aggregate, sizes, last in [(True, [3, 5], 7), (False, [3], 3)]:
        seen, env = [], Line(2)

        def fit(D=None, seen=seen):
            seen.append(np.size(fields(D, "s a r s_next done", who="algorithm4 called fit(D), which")[2]))
            return np.array([0.5])

        D = student.policy_search.Transitions(
            np.ones((3, 1)), np.ones((3, 1)), np.ones(3), np.ones((3, 1)), np.zeros(3, dtype=bool)
        )
        answer = student.policy_search.algorithm4(
            env,
            lambda theta=None, s=None: np.asarray(theta, dtype=float) * np.asarray(s, dtype=float),
            np.zeros(1),
            D,
            fit,
            lambda f=None, theta=None: np.asarray(theta, dtype=float) - np.asarray(f, dtype=float) / 2,
            2,
            aggregate,
        )
        theta, returns, D = fields(answer, "theta returns D", who="policy_search.algorithm4")
        if seen != sizes:
            raise Mismatch(f"algorithm4, aggregate={aggregate}: fit got {seen} transitions, expected {sizes}")
        look = "theta: each round goes on from where the last one ended; here each of two takes off 1/4"
        assert_close("policy_search.algorithm4: theta", theta, np.array([-0.5]), rtol=SINGLE, look=look, show=True)
        # a = -s/4: 2, 1.5; then a = -s/2: 2, 1
        expected = np.array([-0.53125 * (4 + 2.25), -0.625 * (4 + 1)])
        look = "sums of rewards; each episode is played by the policy that its round has just improved"
        name = "policy_search.algorithm4: array returns"
        assert_close(name, returns, expected, rtol=SINGLE, look=look, show=True)
        r = fields(D, "s a r s_next done", who="policy_search.algorithm4: D")[2]
        look = "D: with aggregate every episode is appended; without, it stays as it was given"
        assert_shape("policy_search.algorithm4: r of D", r, (last,), "[N]", look=look)
