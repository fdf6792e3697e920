"""Hidden tests of epsilon_greedy and control, exercise 3.2: the policies that act, and the loop in which they do."""

from __future__ import annotations

import numpy as np
import planning_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, complaints_of, exercise

POLICY, CONTROL = "sample_planning.epsilon_greedy", "sample_planning.control"
SIZES = [(5, 3), (3, 4)]


@exercise("3.2", weight=0.6)
def test_the_best_actions_share_what_is_left_of_epsilon(student, rng):
    """epsilon_greedy: every action gets epsilon / A, and the best actions of a row share 1 - epsilon equally."""
    for (S, A), epsilon in zip([(5, 3), (3, 5)], (0.0, rng.uniform(0.2, 0.8)), strict=True):
        Q = 3 * rng.normal(size=(S, A))
        Q[1, :2] = Q[1].max() + 1.0  # two that are equally good
        Q[2] = rng.normal()  # all equally good
        pi = student.sample_planning.epsilon_greedy(Q.copy(), float(epsilon))
        assert_shape(f"{POLICY}: pi", pi, (S, A), "[S, A]")
        look = "a row with one best action, one with two, one where all are equal; every row of pi sums to 1"
        assert_close(f"{POLICY}: pi", pi, oracles.shared_greedy(Q, epsilon), rtol=SINGLE, look=look)


@exercise("3.2", weight=0.15)
def test_policies_without_epsilon_never_explore(student, rng):
    """epsilon_greedy: called with Q alone, it takes the best action with probability 1."""
    Q = rng.normal(size=(6, 3)) - 5.0
    pi = student.sample_planning.epsilon_greedy(Q.copy())
    assert_shape(f"{POLICY}: pi", pi, (6, 3), "[S, A]")
    look = "the largest entry of each row, also where all are negative"
    assert_close(f"{POLICY}: pi", pi, np.eye(3)[Q.argmax(axis=1)], rtol=SINGLE, look=look)


class Loop:
    """The `sample` and the `rule` of one run of control, on the grader's side. They count, keep, and never raise.

    Both answer with what follows from what they were asked, so that the last Q depends on every request.
    """

    def __init__(self, reference, rng, S, A, K):
        self.Transitions, self.S, self.A, self.K = reference.transitions.Transitions, S, A, K
        self.weights = rng.normal(size=(K + 1, S, A))
        self.log, self.complaint = [], ""

    def sample(self, pi=None):
        """Return an episode of one step, whose reward tells pi and the number of the episode apart.

        Whether pi is a right policy is not judged: control has it from another function of the student's.
        """
        k = sum(kind == "sample" for kind, _ in self.log)
        try:
            if k >= self.K:
                raise Mismatch(f"it was called more often than there are epsilons, {self.K}")
            pi = assert_shape("pi", pi, (self.S, self.A), "[S, A]")
        except Mismatch as problem:
            self.complaint = self.complaint or f"{CONTROL} called sample(pi): {problem}"
            pi = np.full((self.S, self.A), np.nan)
        self.log.append(("sample", pi))
        return self.episode(pi, min(k, self.K))

    def episode(self, pi, k):
        """Return the k-th episode for a policy."""
        r = np.array([float(np.sum(self.weights[k] * np.clip(pi, -9, 9)))])  # finite, whatever a wrong policy says
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
            self.complaint = self.complaint or f"{CONTROL} called rule(Q, episode, gamma, alpha): {problem}"
            self.log.append(("rule", None))
            return np.full((self.S, self.A), np.nan)
        self.log.append(("rule", (Q, r, gamma, alpha)))
        return self.moved(Q, r, gamma, alpha, k)

    def moved(self, Q, r, gamma, alpha, k):
        """Return the Q of the k-th update."""
        return 0.5 * Q + alpha * (np.sin(r) + gamma) * self.weights[k]

    def expected(self, Q, gamma, epsilons, alphas, policy):
        """Return the last Q of a right loop whose policies are policy(Q, epsilon)."""
        for k, (epsilon, alpha) in enumerate(zip(epsilons, alphas, strict=True)):
            r = float(self.episode(policy(Q, epsilon), k).r[0])
            Q = self.moved(Q, r, gamma, alpha, k)
        return Q


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
        got = assert_shape(f"{CONTROL}: Q", got, (S, A), "[S, A]")
        if [kind for kind, _ in loop.log] != ["sample", "rule"] * K:
            raise Mismatch(f"{CONTROL}: expected sample, then rule, in turns, {K} times for {K} epsilons")
        schedule = Q, gamma, epsilons, alphas
        expected = loop.expected(*schedule, oracles.shared_greedy)
        if not np.allclose(got, expected, rtol=0, atol=SINGLE * np.max(np.abs(expected))):
            expected = loop.expected(*schedule, own_policy(student))  # what is wrong with it is charged elsewhere
        look = "which Q the policy is made of, which epsilon and alpha belong to the episode, what the next one gets"
        assert_close(f"{CONTROL}: Q", got, expected, rtol=SINGLE, look=look)


def own_policy(student):
    """Return the student's epsilon_greedy as a function whose answers are checked for shape."""

    def policy(Q, epsilon):
        pi = student.sample_planning.epsilon_greedy(Q.copy(), float(epsilon))
        return assert_shape(f"{POLICY}: pi", pi, Q.shape, "[S, A]")

    return policy
