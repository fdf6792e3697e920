"""Hidden tests of exercise 1.6, second part: the student's objective at work in MuJoCo, under a planner of ours.

Environment, simulator, planner and the planner's random numbers are on this side and the same for everybody, so a
right objective leads through exactly our roll-outs. Those are kept, and cost their time once. What a wrong objective
would do is not played: each test looks at a few plans first.
"""

from __future__ import annotations

import numpy as np
from model_oracles import environment, paid_by
from planner_oracles import cem

from course.simulator import Simulator
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise

WHO = "known_models.simulated_returns"
MOST = 400  # roll-outs of one test that are kept, 50 to 90 kB each


class Objective:
    """Scores plans by the student's functions. Simulates before it asks, so that no time of the student's runs."""

    def __init__(self, student, reward, simulator, memory):
        self.student, self.reward, self.simulator, self.memory = student, reward, simulator, memory

    def __call__(self, A):
        """Return what the student's functions say that the plans A: [N, T, m] earn from the present state: [N]."""
        state, functions = self.simulator.state(), self.student.known_models
        after = self.simulate(state, A)
        left = [len(A)]  # plans that may still be asked about: all of them, once
        J = functions.simulated_returns(state, A, lambda s=None, A=None: self.answer(s, A, after, left), self.reward)
        return assert_shape(WHO, J, (len(A),), "[N]")

    def simulate(self, state, A):
        key = state.tobytes() + A.tobytes()
        after = self.memory.get(key)
        if after is None:
            after = self.simulator.rollout(state, A)
            if len(self.memory) < MOST:
                self.memory[key] = after
        return after

    def answer(self, state, A, after, left):
        """Serve the roll-out that was made beforehand, or a part of it; simulate no more than was handed out."""
        who, (N, T, _) = f"{WHO} called rollout(state, A): A", after.shape
        if type(A) is not np.ndarray or A.ndim != 3 or not 0 < len(A) <= N:
            raise Mismatch(f"{who} is something else than the {N} plans [N, T, m] that were to be scored")
        A = assert_shape(who, A, (len(A), T, self.simulator.m), "[N, T, m]")
        left[0] -= len(A)
        if left[0] < 0:
            raise Mismatch(f"{WHO} asked the simulator for more than {N} plans of {T} steps: one roll-out has them all")
        try:
            return after if len(A) == N else self.simulator.rollout(state, A)
        except (ValueError, TypeError) as problem:
            raise Mismatch(f"{WHO} called rollout(state, A) with something else than a state and plans") from problem


def look_first(objective, env, simulator, rng):
    """Compare the scores of a few short plans with what the environment pays for them; it is put back afterwards."""
    state, A = simulator.state(), rng.uniform(-1, 1, (4, 3, simulator.m))
    J = objective(A)
    paid = []
    for plan in A:
        simulator.set_state(state)
        paid.append(sum(paid_by(env, simulator, a) for a in plan))
    simulator.set_state(state)
    look = "simulated_returns and the reward together: this is what the environment pays for these very actions"
    assert_close(f"{WHO} with your reward", J, np.array(paid), rtol=SINGLE, look=look)


def play(student, reward, memory, name, seed, *, steps, H, **options):
    """Let our CEM drive an environment by the student's objective for one episode. Returns its return."""
    env = environment(name)
    env.reset(seed=seed)
    with Simulator(env, threads=1) as simulator:
        objective, rng = Objective(student, reward, simulator, memory), np.random.default_rng(seed)
        look_first(objective, env, simulator, rng)
        env.reset(seed=seed)
        mean, total = np.zeros((H, simulator.m)), 0.0
        for _ in range(steps):
            mean = cem(objective, mean, -1.0, 1.0, rng, **options)
            total += env.step(mean[0])[1]
            mean = np.vstack([mean[1:], np.zeros_like(mean[:1])])
    return total


def idle(name, seed, steps):
    """Return what doing nothing earns."""
    env = environment(name)
    env.reset(seed=seed)
    nothing = np.zeros(env.action_space.shape)
    return sum(env.step(nothing)[1] for _ in range(steps))


# Reacher, 112,500 simulated steps an episode of 50. With the planner's seeds used here the reference returns -4.67 and
# -6.72, on average -5.70. With 20 other seeds of the planner: -4.67 to -3.79 and -7.11 to -6.45. Doing nothing returns
# -9.52 and -18.55, random actions -45 and -44.
REACHER = {"steps": 50, "H": 15, "N": 50, "M": 5, "iterations": 3, "std": 0.3, "std_min": 0.01}


@exercise("1.6")
def test_reacher_reaches_by_simulating(student, once):
    """simulated_returns and reacher_reward: planning with them brings the fingertip to its target."""
    memory, earned = once(dict), []
    for seed in (0, 3):
        value = play(student, student.known_models.reacher_reward, memory, "Reacher-v5", seed, **REACHER)
        nothing = idle("Reacher-v5", seed, REACHER["steps"])
        if not value >= nothing + 3:
            raise Mismatch(
                f"Reacher, planned with your objective, returns {value:.1f}, expected 3 or more above the "
                f"{nothing:.1f} of doing nothing\n  look at: both parts of the reward, distance and action"
            )
        earned.append(value)
    if not np.mean(earned) >= -6.5:
        raise Mismatch(
            f"Reacher, planned with your objective, returns {np.mean(earned):.1f} on average, expected -6.5 or more\n"
            "  look at: both parts of the reward, distance and action"
        )


# HalfCheetah, 120,000 simulated steps an episode of 100. With the planner's seed used here the reference returns 176.8,
# with 60 other seeds of the planner 147 to 339, median 198. Doing nothing returns 0.2, random actions -49.
CHEETAH = {"steps": 100, "H": 10, "N": 60, "M": 6, "iterations": 2, "std": 0.5, "std_min": 0.05}


@exercise("1.6", weight=0.5)
def test_half_cheetah_runs_by_simulating(student, once):
    """simulated_returns and half_cheetah_reward: planning with them makes the cheetah run."""
    reward = student.known_models.half_cheetah_reward
    value = play(student, reward, once(dict), "HalfCheetah-v5", 0, **CHEETAH)
    if not value >= 120:
        raise Mismatch(
            f"HalfCheetah, planned with your objective, returns {value:.0f} in 100 steps, expected 120 or more\n"
            "  look at: both parts of the reward, speed and action"
        )
