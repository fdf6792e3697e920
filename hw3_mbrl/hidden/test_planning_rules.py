"""Hidden tests of greedy, monte_carlo, sarsa, q_learning and control, exercise 3.2. With those of
test_planning_tables.py, the weights add up to its points. Everything but the last test is exact.
"""

from __future__ import annotations

import numpy as np
import planning_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise

MODULE = "sample_planning"
SIZES = [(5, 3), (3, 4)]


def transitions(reference, columns):
    """Return columns as a fresh Transitions."""
    return reference.transitions.Transitions(*(np.array(column) for column in columns))


def apply(student, reference, rule, Q, columns, gamma, alpha):
    """Call one of the student's rules on copies. Returns the new Q, checked for shape."""
    function = getattr(student.sample_planning, rule)
    got = function(np.array(Q), transitions(reference, columns), float(gamma), float(alpha))
    return assert_shape(f"{MODULE}.{rule}: Q", got, Q.shape, "[S, A]")


def judge(student, reference, rule, Q, columns, gamma, alpha, expected, look):
    """Compare the Q of a rule with the one expected."""
    got = apply(student, reference, rule, Q, columns, gamma, alpha)
    assert_close(f"{MODULE}.{rule}: Q", got, expected, rtol=SINGLE, look=look)


@exercise("3.2", weight=0.6)
def test_the_best_actions_share_what_is_left_of_epsilon(student, rng):
    """greedy: every action gets epsilon / A, and the best actions of a row share 1 - epsilon equally."""
    for (S, A), epsilon in zip([(5, 3), (3, 5)], (0.0, rng.uniform(0.2, 0.8)), strict=True):
        Q = 3 * rng.normal(size=(S, A))
        Q[1, :2] = Q[1].max() + 1.0  # two that are equally good
        Q[2] = rng.normal()  # all equally good
        pi = student.sample_planning.greedy(Q.copy(), float(epsilon))
        assert_shape(f"{MODULE}.greedy: pi", pi, (S, A), "[S, A]")
        look = "a row with one best action, one with two, one where all are equal; every row of pi sums to 1"
        assert_close(f"{MODULE}.greedy: pi", pi, oracles.shared_greedy(Q, epsilon), rtol=SINGLE, look=look)


@exercise("3.2", weight=0.15)
def test_greedy_without_epsilon_never_explores(student, rng):
    """greedy: called with Q alone, it takes the best action with probability 1."""
    Q = rng.normal(size=(6, 3)) - 5.0
    pi = student.sample_planning.greedy(Q.copy())
    assert_shape(f"{MODULE}.greedy: pi", pi, (6, 3), "[S, A]")
    look = "the largest entry of each row, also where all are negative"
    assert_close(f"{MODULE}.greedy: pi", pi, np.eye(3)[Q.argmax(axis=1)], rtol=SINGLE, look=look)


@exercise("3.2", weight=1.25)
def test_monte_carlo_moves_first_visits_towards_their_returns(student, reference, rng):
    """monte_carlo: each pair moves once, by alpha, towards the discounted rewards that followed its first visit."""
    for (S, A), ended, gamma in zip(SIZES, (True, False), (0.8, 0.95), strict=True):
        Q, episode = 3 * rng.normal(size=(S, A)), oracles.draw_episode(rng, S, A, 9, ended)
        alpha = rng.uniform(0.3, 0.7)
        look = "a pair that comes twice in the episode, and the powers of gamma in its return"
        expected = oracles.after_returns(Q, episode, gamma, alpha)
        judge(student, reference, "monte_carlo", Q, episode, gamma, alpha, expected, look)


@exercise("3.2", weight=1.25)
def test_sarsa_uses_the_action_that_was_taken_next(student, reference, rng):
    """sarsa: along an episode, Q of each pair moves towards its reward plus gamma times Q of the pair after it."""
    for (S, A), gamma in zip(SIZES, (0.8, 0.95), strict=True):
        Q, episode = 3 * rng.normal(size=(S, A)), oracles.draw_episode(rng, S, A, 9, True)
        alpha = rng.uniform(0.3, 0.7)
        look = "the pair (s[t+1], a[t+1]), the Q that the updates before have left, and the step that is done"
        expected = oracles.after_episode(Q, episode, gamma, alpha)
        judge(student, reference, "sarsa", Q, episode, gamma, alpha, expected, look)


@exercise("3.2", weight=0.25)
def test_sarsa_leaves_out_a_last_step_that_is_not_done(student, reference, rng):
    """sarsa: where an episode was cut off, the action after its last step is unknown, and that step moves nothing."""
    Q, episode = 3 * rng.normal(size=(4, 2)), oracles.draw_episode(rng, 4, 2, 6, False)
    look = "the last row: it is not done, and no row follows it"
    expected = oracles.after_episode(Q, episode, 0.9, 0.5)
    judge(student, reference, "sarsa", Q, episode, 0.9, 0.5, expected, look)


@exercise("3.2", weight=1)
def test_q_learning_uses_the_best_next_action(student, reference, rng):
    """q_learning: one transition after the other, Q moves towards the reward plus gamma times the best Q of s_next."""
    for (S, A), gamma in zip(SIZES, (0.8, 0.95), strict=True):
        Q, D = 3 * rng.normal(size=(S, A)), oracles.draw_stream(rng, S, A, 40)
        alpha = rng.uniform(0.3, 0.7)
        look = "the row of s_next, the Q that the updates before have left, and the transitions that are done"
        judge(student, reference, "q_learning", Q, D, gamma, alpha, oracles.after_stream(Q, D, gamma, alpha), look)


@exercise("3.2", weight=0.5)
def test_one_pass_backwards_solves_a_chain(student, reference, rng):
    """q_learning: with alpha = 1, a corridor's transitions from end to start give the best values in one pass."""
    S, A, gamma = 6, 3, 0.9
    to = np.array([[rng.integers(s + 1, S + 1) for _ in range(A)] for s in range(S)])  # S: the end
    R = 4 * rng.normal(size=(S, A))
    P = np.zeros((S, A, S + 1))
    P[np.arange(S)[:, None], np.arange(A), to] = 1.0
    expected, _ = oracles.optimal_values(P[:, :, :S], R, gamma)
    s, a = np.repeat(np.arange(S)[::-1], A), np.tile(np.arange(A), S)
    D = s, a, R[s, a], np.minimum(to[s, a], S - 1), to[s, a] == S
    look = "the targets: with alpha = 1 an entry becomes its target, made of entries that are right already"
    # Whole numbers: entries that are stored as such lose their fractions.
    judge(student, reference, "q_learning", np.zeros((S, A), dtype=int), D, gamma, 1.0, expected, look)


class Loop:
    """The `sample` and the `rule` of one run of control, on the grader's side. They count, keep, and never raise.

    Both answer with what follows from what they were asked, so that the last Q depends on every request.
    """

    def __init__(self, reference, rng, S, A, K):
        self.Transitions, self.S, self.A, self.K = reference.transitions.Transitions, S, A, K
        self.weights = rng.normal(size=(K + 1, S, A))
        self.log, self.complaint = [], ""

    def sample(self, pi=None):
        """Return an episode of one step, whose reward tells pi and the number of the episode apart."""
        k = sum(kind == "sample" for kind, _ in self.log)
        try:
            if k >= self.K:
                raise Mismatch(f"it was called more often than there are epsilons, {self.K}")
            pi = assert_shape("pi", pi, (self.S, self.A), "[S, A]")
            if not np.allclose(pi.sum(axis=1), 1.0, atol=1e-4) or pi.min() < -1e-6:
                raise Mismatch("pi has rows that are no probabilities")
        except Mismatch as problem:
            self.complaint = self.complaint or f"{MODULE}.control called sample(pi): {problem}"
            pi = np.full((self.S, self.A), np.nan)
        self.log.append(("sample", pi))
        return self.episode(pi, min(k, self.K))

    def episode(self, pi, k):
        """Return the k-th episode for a policy."""
        r = np.array([float(np.sum(self.weights[k] * pi))])
        return self.Transitions(np.array([k % self.S]), np.array([k % self.A]), r, np.array([0]), np.array([True]))

    def rule(self, Q=None, episode=None, gamma=None, alpha=None):
        """Return a Q that follows from all four. This is the `rule` that the student is given."""
        k = sum(kind == "rule" for kind, _ in self.log)
        try:
            if k >= self.K:
                raise Mismatch(f"it was called more often than there are alphas, {self.K}")
            Q = assert_shape("Q", Q, (self.S, self.A), "[S, A]")
            r = float(assert_shape("the episode's r", getattr(episode, "r", None), (1,), "[T]")[0])
            gamma, alpha = (float(assert_shape(n, v, ())) for n, v in (("gamma", gamma), ("alpha", alpha)))
        except Mismatch as problem:
            self.complaint = self.complaint or f"{MODULE}.control called rule(Q, episode, gamma, alpha): {problem}"
            self.log.append(("rule", None))
            return np.full((self.S, self.A), np.nan)
        self.log.append(("rule", (Q, r, gamma, alpha)))
        return self.moved(Q, r, gamma, alpha, k)

    def moved(self, Q, r, gamma, alpha, k):
        """Return the Q of the k-th update."""
        return 0.5 * Q + alpha * (np.sin(r) + gamma) * self.weights[k]

    def expected(self, Q, gamma, epsilons, alphas, greedy):
        """Return all Q of a right loop with this `greedy`: the first, and one for every episode."""
        path = [Q]
        for k, (epsilon, alpha) in enumerate(zip(epsilons, alphas, strict=True)):
            episode = self.episode(greedy(path[-1], epsilon), k)
            path.append(self.moved(path[-1], float(episode.r[0]), gamma, alpha, k))
        return path


@exercise("3.2", weight=1)
def test_planning_alternates_episodes_and_updates(student, reference, rng):
    """control: each episode follows the policy of the newest Q with its own epsilon, and is learned with its alpha."""
    for (S, A), K in zip(SIZES, (4, 3), strict=True):
        Q, gamma = 3 * rng.normal(size=(S, A)), rng.uniform(0.6, 0.9)
        epsilons, alphas = rng.permutation(np.linspace(0.1, 0.9, K)), rng.permutation(np.linspace(0.2, 0.8, K))
        loop = Loop(reference, rng, S, A, K)
        with complaints_of(loop):
            got = student.sample_planning.control(
                loop.sample, loop.rule, Q.copy(), float(gamma), epsilons.copy(), alphas.copy()
            )
        got = assert_shape(f"{MODULE}.control: Q", got, (S, A), "[S, A]")
        if [kind for kind, _ in loop.log] != ["sample", "rule"] * K:
            raise Mismatch(f"{MODULE}.control: expected sample, then rule, in turns, {K} times for {K} epsilons")
        judge_loop(student, loop, got, Q, gamma, epsilons, alphas)


def judge_loop(student, loop, got, Q, gamma, epsilons, alphas):
    """Compare the last Q with that of a right loop; with the student's own greedy, too: that is charged elsewhere."""
    expected = loop.expected(Q, gamma, epsilons, alphas, oracles.shared_greedy)[-1]
    look = "which Q the policy is made of, which epsilon and alpha belong to the episode, and what the next one gets"
    try:
        assert_close(f"{MODULE}.control: Q", got, expected, rtol=SINGLE, look=look)
    except Mismatch:
        asked = [np.array(pi) for kind, pi in loop.log if kind == "sample"]
        path, own = [Q], iter(asked)
        path = loop.expected(Q, gamma, epsilons, alphas, lambda Q, epsilon: next(own))
        for before, epsilon, pi in zip(path, epsilons, asked, strict=False):
            mine = assert_shape(
                f"{MODULE}.greedy: pi", student.sample_planning.greedy(before, float(epsilon)), pi.shape, "[S, A]"
            )
            if np.array_equal(mine, oracles.shared_greedy(before, epsilon)) or not np.allclose(mine, pi, atol=1e-4):
                raise
        assert_close(f"{MODULE}.control: Q", got, path[-1], rtol=SINGLE, look=look)


# Calibration. Mean over three problems of what the policy has over chance, as a share of what the best one has, in 300
# seeds of the reference: Monte Carlo 0.95 ± 0.06, least 0.75; Sarsa 0.94 ± 0.06, least 0.74; Q-learning 0.998 ± 0.01,
# least 0.92. The threshold is nine of these deviations below the mean; of single problems, with 300 episodes, the least
# of 400 was 0.46. False-fail rate: below 1e-6. A rule with the wrong sign ends below 0.
LEAST_SHARE = 0.4


def planned(student, reference, rng, rule, problem, gamma, episodes):
    """Plan by the student's rule with episodes of our own. Returns the last Q."""
    S, A = problem.R.shape
    Q = np.zeros((S, A))
    for k in range(episodes):
        pi = oracles.shared_greedy(Q, 1.0 - 0.9 * k / episodes)
        episode = oracles.play(rng, problem, pi, int(rng.integers(S)), 30)
        Q = apply(student, reference, rule, Q, episode, gamma, 0.5 / (1 + 10 * k / episodes))
    return Q


def share_of_best(student, reference, rng, rule, problem, gamma):
    """Plan, and return what the greedy policy has over chance, as a share of what the best policy has."""
    S, A = problem.R.shape
    best = oracles.optimal_values(problem.P, problem.R, gamma)[1].mean()
    chance = oracles.policy_values(problem.P, problem.R, np.full((1, S, A), 1 / A), gamma).mean()
    Q = planned(student, reference, rng, rule, problem, gamma, 200)
    earned = oracles.policy_values(problem.P, problem.R, Q.argmax(axis=1)[None], gamma).mean()
    return (earned - chance) / (best - chance)


@exercise("3.2", weight=0.5)
def test_all_three_rules_plan_as_value_iteration_does(student, reference, rng):
    """monte_carlo, sarsa, q_learning: a few hundred episodes drawn from a table lead each of them to good policies."""
    gamma = 0.8
    problems = [oracles.clear_problem(rng, 4, 3, gamma) for _ in range(3)]
    for rule in ("monte_carlo", "sarsa", "q_learning"):
        share = np.mean([share_of_best(student, reference, rng, rule, problem, gamma) for problem in problems])
        if not share >= LEAST_SHARE:
            raise Mismatch(
                f"{MODULE}.{rule}: after 200 episodes the policy earns {share:.2f} of what the best one has over "
                f"chance, expected {LEAST_SHARE} at least\n  look at: the rule's target, and its sign"
            )
