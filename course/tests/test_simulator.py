"""Imagined futures are those that the environment would have had."""

import gc
import threading

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("mujoco")

from course.simulator import Simulator  # noqa: E402, after it is known that MuJoCo is there

NAMES = ("Reacher-v5", "HalfCheetah-v5")


@pytest.fixture(params=NAMES)
def env(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MuJoCo writes down that HalfCheetah's XML is old
    env = gymnasium.make(request.param, max_episode_steps=10_000)
    env.reset(seed=0)
    yield env
    env.close()


@pytest.fixture
def simulator(env):
    with Simulator(env, threads=2) as simulator:
        yield simulator


def plans(env, N, T, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (N, T, env.action_space.shape[0]))


def test_a_rollout_is_what_the_environment_does(env, simulator):
    """From the start and from the middle of an episode, where the solver's first guess is another one."""
    for part in range(3):
        A = plans(env, 1, 40, part)
        after = simulator.rollout(simulator.state(), A)
        seen = []
        for action in A[0]:
            env.step(action)
            seen.append(simulator.state())
        assert np.abs(after[0] - seen).max() < 1e-10
        assert np.array_equal(simulator.qpos(after[0, -1]), after[0, -1, 1 : 1 + simulator.nq])
        assert simulator.qvel(seen[-1]) == pytest.approx(env.unwrapped.data.qvel, abs=0)
        assert simulator.qpos(seen[-1]) == pytest.approx(env.unwrapped.data.qpos, abs=0)


def test_actions_out_of_range_act_as_in_the_environment(env, simulator):
    state, A = simulator.state(), 5 * plans(env, 1, 10)
    after = simulator.rollout(state, A)
    assert np.array_equal(after, simulator.rollout(state, np.clip(A, -1, 1)))
    for action in A[0]:
        env.step(action)
    assert np.abs(after[0, -1] - simulator.state()).max() < 1e-10


@pytest.mark.parametrize("threads", [1, 3, None])
def test_the_number_of_threads_changes_no_number(env, simulator, threads):
    state, A = simulator.state(), plans(env, 23, 7)
    first = simulator.rollout(state, A)
    with Simulator(env, threads) as other:
        assert np.array_equal(other.rollout(state, A), first)
        assert np.array_equal(other.rollout(state, A), first)  # nothing is left over in a thread's memory
        assert np.array_equal(other.rollout(state, A[11:12]), first[11:12])
    assert first.shape == (23, 7, simulator.k) and first.flags.c_contiguous


def test_a_rollout_leaves_the_environment_alone_and_counts(env, simulator):
    before, A = simulator.state(), plans(env, 6, 5)
    simulator.rollout(before, A)
    simulator.rollout(before, A.astype(np.float32))
    assert np.array_equal(simulator.state(), before)
    assert simulator.steps == 60
    assert simulator.rollout(before, A[:0]).shape == (0, 5, simulator.k) and simulator.steps == 60


def test_a_state_can_be_set_again(env, simulator):
    start, A = simulator.state(), plans(env, 1, 5)[0]
    runs = []
    for _ in range(2):
        simulator.set_state(start)
        runs.append([env.step(action)[1] for action in A] + list(simulator.state()))
    assert runs[0] == runs[1]
    simulator.set_state(start)
    assert np.array_equal(simulator.state(), start)


def test_what_cannot_be_simulated_is_refused_in_one_line(env, simulator):
    state, A = simulator.state(), plans(env, 4, 5)
    bad = A.copy()
    bad[2, 3, 0] = np.nan
    cases = [
        (state, A[0]),
        (state, A[..., :1]),
        (state[:-1], A),
        (state, bad),
        (np.full_like(state, np.inf), A),
        (state, None),
        (state, "A"),
        (state, [[1], [1, 2]]),
        (None, A),
    ]
    for at, plan in cases:
        with pytest.raises(ValueError, match="^Simulator.rollout: (A|state) ?(has shape|is NaN|.*expected)") as refused:
            simulator.rollout(at, plan)
        assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="Simulator.set_state: state has shape"):
        simulator.set_state(state[1:])
    assert simulator.steps == 0


def test_only_a_mujoco_environment_will_do():
    with pytest.raises(TypeError, match="Simulator: got PendulumEnv, expected a MuJoCo environment"):
        Simulator(gymnasium.make("Pendulum-v1"))


def test_a_closed_simulator_says_so_and_a_forgotten_one_closes_itself(env):
    simulator = Simulator(env, threads=4)
    simulator.close()
    simulator.close()
    with pytest.raises(RuntimeError, match="closed"):
        simulator.rollout(simulator.state(), plans(env, 1, 1))
    forgotten = Simulator(env, threads=4)
    finalizer = forgotten.close
    del forgotten
    gc.collect()
    assert not finalizer.alive and threading.active_count() < 20
