"""BatchEnv: N copies of a System that move together, each as it would alone."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from course.envs import BatchEnv, SystemEnv
from course.systems import all_systems

each_system = pytest.mark.parametrize("system", all_systems(), ids=lambda system: system.name)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@each_system
@pytest.mark.filterwarnings("ignore:.*A Box observation space")  # a state has no bounds
@pytest.mark.filterwarnings("ignore:.*For Box action spaces")  # nor are actions scaled to [-1, 1]
def test_gymnasium_accepts_the_environment(system):
    check_env(BatchEnv(system, 3, 10), skip_render_check=True)
    check_env(BatchEnv(system, 2, 10, lambda rng: rng.normal(size=system.n)), skip_render_check=True)


@each_system
def test_each_copy_moves_as_it_would_alone(system, rng):
    starts = iter(rng.normal(size=(4, system.n)))
    batch = BatchEnv(system, 4, 3, lambda _: next(starts))
    s, info = batch.reset()
    assert info == {} and s.shape == (4, system.n)
    alone = [SystemEnv(system, 3, start=lambda _, first=first: first) for first in s.copy()]
    for env in alone:
        env.reset()
    for t in range(3):
        a = rng.uniform(system.low, system.high, size=(4, system.m))
        after, reward, terminated, truncated, info = batch.step(a)
        answers = [env.step(action) for env, action in zip(alone, a, strict=True)]
        np.testing.assert_allclose(after, [answer[0] for answer in answers], rtol=1e-12)
        np.testing.assert_allclose(info["rewards"], [answer[1] for answer in answers], rtol=1e-12)
        assert isinstance(reward, float) and reward == pytest.approx(np.mean(info["rewards"]))
        assert (terminated, truncated) == (False, t == 2)


@each_system
def test_steps_and_episodes_are_counted_in_copies(system):
    env = BatchEnv(system, 5, 2)
    for _ in range(3):
        env.reset()
        env.step(np.zeros((5, system.m)))
    assert (env.calls, env.episodes) == (15, 15)
    np.testing.assert_array_equal(env.reset()[0], np.tile(system.start, (5, 1)))


@each_system
def test_a_seed_decides_the_starts_and_copies_differ(system):
    env = BatchEnv(system, 2, 3, lambda rng: rng.normal(size=system.n))
    first, again, other = env.reset(seed=1)[0], env.reset(seed=1)[0], env.reset(seed=2)[0]
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other) and not np.allclose(first[0], first[1])


@each_system
def test_writing_into_an_observation_does_not_move_the_world(system):
    env, idle = BatchEnv(system, 2, 4), np.zeros((2, system.m))
    kept, _ = env.reset()
    spoilt = kept.copy()
    kept += 1
    np.testing.assert_array_equal(env.step(idle)[0], system.step(spoilt, idle))


@each_system
@pytest.mark.parametrize("garbage", [None, "left", [], np.zeros((1, 1)), object(), np.zeros(5), np.nan])
def test_a_garbled_action_is_refused_and_not_counted(system, garbage):
    garbage = np.full((3, system.m), np.nan) if isinstance(garbage, float) else garbage
    env = BatchEnv(system, 3, 3)
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(np.zeros((3, system.m)))
    env.reset()
    with pytest.raises(ValueError, match=rf"BatchEnv: action is .*, expected .* numbers .*\(3, {system.m}\)"):
        env.step(garbage)
    assert env.calls == 0
    with pytest.raises(ValueError, match="BatchEnv: start"):
        BatchEnv(system, 3, 3, lambda _: np.full(system.n, np.nan)).reset()
