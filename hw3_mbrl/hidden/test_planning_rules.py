"""Hidden tests of monte_carlo, sarsa and q_learning, exercise 3.2. Everything but the last test is exact."""

from __future__ import annotations

import numpy as np
import planning_oracles as oracles

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise

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
