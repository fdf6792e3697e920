"""What every system and every environment promises. What each of them computes is in test_motion.py."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from course.envs import SystemEnv
from course.systems import System, all_systems

SYSTEMS = {system.name: system for system in all_systems()}
FUNCTIONS = ("step", "reward", "final")
each_system = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
each_function = pytest.mark.parametrize("function", FUNCTIONS)
finite = st.floats(-1e3, 1e3)


@pytest.fixture
def rng(request):
    return np.random.default_rng(sum(map(ord, request.node.name)))


def drawn(system, rng, *shape):
    """Return states [*shape, n] and actions [*shape, m], away from every bound and kink."""
    s = rng.uniform(-2.5, 2.5, size=(*shape, system.n))
    return s, rng.uniform(0.9 * system.low, 0.9 * system.high, size=(*shape, system.m))


def called(system, function, s, a):
    return system.final(s) if function == "final" else getattr(system, function)(s, a)


# every system


@each_system
def test_names_bounds_and_start_fit_together(system):
    assert system.n == len(system.states) == len(system.start) and system.m == len(system.actions)
    assert all(name.endswith(")") and "(" in name for name in system.states + system.actions)
    assert system.low.shape == system.high.shape == (system.m,) and (system.low < system.high).all()
    assert np.isfinite([*system.low, *system.high, *system.start, system.dt]).all() and system.dt > 0
    assert system.name.isidentifier() and len(SYSTEMS) == len(all_systems())


@each_system
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (0,)])
def test_shapes_follow_the_leading_axes(system, rng, shape):
    for kind in (np.asarray, torch.as_tensor):
        s, a = map(kind, drawn(system, rng, *shape))
        assert tuple(system.step(s, a).shape) == (*shape, system.n)
        assert tuple(system.reward(s, a).shape) == tuple(system.final(s).shape) == shape


@each_system
@each_function
def test_a_batch_is_its_rows_one_by_one(system, function, rng):
    s, a = drawn(system, rng, 4, 5)
    batch = called(system, function, s, a)
    for i, j in np.ndindex(4, 5):
        np.testing.assert_allclose(batch[i, j], called(system, function, s[i, j], a[i, j]), rtol=1e-13, atol=1e-14)


@each_system
def test_one_state_meets_many_actions_and_many_states_one_action(system, rng):
    s, a = drawn(system, rng, 6)
    for function in ("step", "reward"):
        f = getattr(system, function)
        np.testing.assert_array_equal(f(s[0], a), f(np.tile(s[0], (6, 1)), a))
        np.testing.assert_array_equal(f(s, a[0]), f(s, np.tile(a[0], (6, 1))))


@each_system
@pytest.mark.parametrize("shape", [(), (7,), (2, 3)])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_returns_add_up_what_steps_are_paid(system, rng, shape, kind):
    s, A = (
        kind(rng.normal(size=system.n)),
        kind(rng.uniform(1.2 * system.low, 1.2 * system.high, (*shape, 4, system.m))),
    )
    J, state = 0.0, s
    for t in range(4):
        J = J + system.reward(state, A[..., t, :])
        state = system.step(state, A[..., t, :])
    np.testing.assert_allclose(system.returns(A, s), J + system.final(state), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(system.returns(A), system.returns(A, kind(np.array(system.start))), rtol=1e-13)


@each_system
def test_returns_have_a_gradient_keep_single_precision_and_refuse_other_shapes(system, rng):
    A = torch.zeros(3, 4, system.m, requires_grad=True)
    s = torch.tensor(system.start + 0.1, dtype=torch.float32, requires_grad=True)
    J = system.returns(A, s)
    assert J.dtype == torch.float32 and system.returns(A.detach().numpy()).dtype == np.float32
    assert all(torch.isfinite(each).all() for each in torch.autograd.grad(J.sum(), (A, s)))
    for wrong in (np.zeros(system.m), np.zeros((4, system.m + 1)), np.zeros((0, system.m))):
        with pytest.raises(ValueError, match="returns: A has shape"):
            system.returns(wrong)
    with pytest.raises(ValueError, match="returns: s has shape"):
        system.returns(np.zeros((4, system.m)), np.zeros(system.n + 1))


@each_system
@each_function
def test_the_same_call_gives_the_same_and_leaves_its_arguments_alone(system, function, rng):
    s, a = drawn(system, rng, 6)
    before = s.copy(), a.copy()
    first = called(system, function, s, a)
    np.testing.assert_array_equal(first, called(system, function, s, a))
    np.testing.assert_array_equal(s, before[0])
    np.testing.assert_array_equal(a, before[1])
    assert not np.shares_memory(first, s) and not np.shares_memory(first, a)


@each_system
@each_function
def test_numpy_and_torch_agree(system, function, rng):
    s, a = drawn(system, rng, 50)
    ours, theirs = called(system, function, s, a), called(system, function, torch.tensor(s), torch.tensor(a))
    assert isinstance(ours, np.ndarray) and isinstance(theirs, torch.Tensor)
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-12, atol=1e-13)


@each_system
@each_function
def test_single_precision_stays_single_in_both_libraries(system, function, rng):
    s, a = drawn(system, rng, 20)
    exact = called(system, function, s, a)
    for single in (
        called(system, function, s.astype(np.float32), a.astype(np.float32)),
        called(system, function, torch.tensor(s, dtype=torch.float32), torch.tensor(a, dtype=torch.float32)),
    ):
        assert str(single.dtype).endswith("float32")
        np.testing.assert_allclose(np.asarray(single), exact, rtol=1e-4, atol=1e-5)
    if function != "final":
        assert called(system, function, s.astype(np.float32), a).dtype == np.float64


@each_system
@each_function
def test_whole_numbers_and_lists_are_taken_as_real_numbers(system, function):
    s, a = np.full(system.n, 100, dtype=np.int8), np.ones(system.m, dtype=np.int8)  # 100 squared is no int8
    real = called(system, function, s.astype(float), a.astype(float))
    np.testing.assert_array_equal(called(system, function, s, a), real)
    np.testing.assert_array_equal(called(system, function, s.tolist(), a.tolist()), real)
    np.testing.assert_allclose(called(system, function, torch.tensor(s), torch.tensor(a)).numpy(), real, rtol=1e-5)


@each_system
@each_function
def test_torchs_gradient_is_the_central_difference(system, function, rng):
    s, a = drawn(system, rng)
    weights = rng.normal(size=system.n) if function == "step" else np.ones(())

    def value(z):
        return np.sum(weights * called(system, function, z[: system.n], z[system.n :]))

    z, eps = np.concatenate([s, a]), 1e-5
    central = [(value(z + eps * e) - value(z - eps * e)) / (2 * eps) for e in np.eye(len(z))]
    tensor = torch.tensor(z, requires_grad=True)
    result = called(system, function, tensor[: system.n], tensor[system.n :])
    if result.requires_grad:  # a final reward of zeros hangs on nothing
        (torch.tensor(weights) * result).sum().backward()
        np.testing.assert_allclose(tensor.grad.numpy(), central, rtol=1e-6, atol=1e-7)
    else:
        assert not np.any(central)


@each_system
def test_gradients_are_finite_at_the_start_with_no_action(system):
    s = torch.tensor(system.start, requires_grad=True)
    a = torch.zeros(system.m, dtype=torch.float64, requires_grad=True)
    (system.step(s, a).sum() + system.reward(s, a)).backward()
    assert torch.isfinite(s.grad).all() and torch.isfinite(a.grad).all() and a.grad.abs().max() > 0


@each_system
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_more_than_the_bounds_allow_changes_nothing(system, data):
    s = np.array(data.draw(st.lists(finite, min_size=system.n, max_size=system.n)))
    a = np.array(data.draw(st.lists(st.floats(allow_nan=False), min_size=system.m, max_size=system.m)))
    within = np.clip(a, system.low, system.high)
    np.testing.assert_array_equal(system.step(s, a), system.step(s, within))
    np.testing.assert_array_equal(system.reward(s, a), system.reward(s, within))
    assert np.isfinite(system.step(s, a)).all() and np.isfinite(system.reward(s, a))


@each_system
def test_what_is_no_number_spoils_its_own_row_alone(system, rng):
    s, a = drawn(system, rng, 3)
    a[1, 0] = np.nan
    for kind in (np.asarray, torch.as_tensor):
        bad = np.isnan(np.asarray(system.step(kind(s), kind(a)))).any(axis=-1)
        assert bad.tolist() == np.isnan(np.asarray(system.reward(kind(s), kind(a)))).tolist() == [False, True, False]


@each_system
def test_no_state_pays_more_than_nothing(system, rng):
    s, a = drawn(system, rng, 200)
    assert (system.reward(s, a) <= 0).all() and (system.final(s) <= 0).all()
    rest, idle = np.zeros(system.n), np.zeros(system.m)  # every goal is the origin by default
    assert system.reward(rest, idle) == 0 and system.final(rest) == 0
    np.testing.assert_array_equal(system.step(rest, idle), rest)


@each_system
def test_wrong_shapes_and_mixed_libraries_are_refused_by_name(system, rng):
    s, a = drawn(system, rng, 3)
    with pytest.raises(ValueError, match=rf"{system.name}.step: s has shape \(3, {system.n + 1}\), expected \[..., "):
        system.step(np.zeros((3, system.n + 1)), a)
    with pytest.raises(ValueError, match=rf"{system.name}.reward: a has shape \(3,\), expected .* = \[..., m\]"):
        system.reward(s, a[:, 0])
    with pytest.raises(ValueError, match=rf"{system.name}.final: s has shape \(\)"):
        system.final(np.float64(1.0))
    with pytest.raises(TypeError, match="both to be NumPy arrays or both torch tensors"):
        system.step(s, torch.tensor(a))


@each_system
def test_a_system_cannot_be_changed_but_copied_with_a_change(system):
    for array in (system.start, system.low, system.high):
        with pytest.raises(ValueError, match="read-only"):
            array += 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        system.dt = 1.0
    moved = dataclasses.replace(system, start=system.start + 1, high=system.high / 2)
    s, a = np.zeros(system.n), system.high
    np.testing.assert_array_equal(moved.start, system.start + 1)
    np.testing.assert_array_equal(moved.step(s, a), system.step(s, a / 2))
    with pytest.raises(ValueError, match="start has shape"):
        dataclasses.replace(system, start=[0.0] * (system.n + 1))


def test_systems_load_without_torch_and_gymnasium():
    code = "import sys, course.systems as c; [s.step(s.start, s.low) for s in c.all_systems()]; print('torch' in sys.modules, 'gymnasium' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == (
        "False False\n"
    )


def test_a_system_of_ones_own_takes_a_dozen_lines():
    decay = System(
        "decay", ("level (1)",), ("inflow (1/s)",), 0.5, [0.0], [1.0], [2.0],
        motion=lambda xp, state, action: (0.5 * state[0] + action[0],),
        gain=lambda xp, state, action: -xp.cos(state[0]) - action[0],
    )  # fmt: skip
    np.testing.assert_array_equal(decay.step(np.array([[2.0], [4.0]]), np.array([9.0])), [[2.0], [3.0]])
    assert decay.final(torch.ones(3, 1)).tolist() == [0.0] * 3


# every environment


@each_system
@pytest.mark.filterwarnings("ignore:.*A Box observation space")  # a state has no bounds
@pytest.mark.filterwarnings("ignore:.*For Box action spaces")  # nor are actions scaled to [-1, 1]
def test_gymnasium_accepts_the_environment(system):
    check_env(SystemEnv(system, 10), skip_render_check=True)
    check_env(
        SystemEnv(system, 10, lambda t, s: 0.9 * s, lambda rng: rng.normal(size=system.n)), skip_render_check=True
    )


@each_system
def test_an_environment_plays_the_system_and_counts(system, rng):
    env = SystemEnv(system, 4)
    s, info = env.reset()
    np.testing.assert_array_equal(s, system.start)
    assert env.calls == 0 and info == {}
    for t in range(4):
        _, a = drawn(system, rng)
        after, reward, terminated, truncated, info = env.step(a)
        np.testing.assert_array_equal(after, system.step(s, a))
        assert isinstance(reward, float) and reward == system.reward(s, a)
        assert (terminated, truncated, info, env.calls) == (False, t == 3, {}, t + 1)
        s = after
    env.reset()
    env.step(np.zeros(system.m))
    assert env.calls == 5
    assert env.action_space.contains(system.low) and env.action_space.contains(system.high)


@each_system
def test_writing_into_an_observation_does_not_move_the_world(system):
    env, idle = SystemEnv(system, 4), np.zeros(system.m)
    first, _ = env.reset()
    first += 1
    second = env.step(idle)[0]
    np.testing.assert_array_equal(second, system.step(system.start, idle))
    kept = second.copy()
    second += 1
    np.testing.assert_array_equal(env.step(idle)[0], system.step(kept, idle))


@each_system
def test_a_disturbance_acts_after_the_step_and_knows_the_time(system):
    seen = []

    def push(t, s):
        seen.append(t)
        return s + (1.0 if t == 1 else 0.0)

    env, idle = SystemEnv(system, 3, disturbance=push), np.zeros(system.m)
    env.reset()
    states = [env.step(idle)[0] for _ in range(3)]
    np.testing.assert_array_equal(states[0], system.step(system.start, idle))
    np.testing.assert_array_equal(states[1], system.step(states[0], idle) + 1)
    np.testing.assert_array_equal(states[2], system.step(states[1], idle))
    env.reset()
    env.step(idle)
    assert seen == [0, 1, 2, 0]


@each_system
def test_a_seed_decides_the_starts_drawn(system):
    env = SystemEnv(system, 3, start=lambda rng: system.start + rng.normal(size=system.n))

    def starts(seed):
        return [env.reset(seed=seed)[0].tolist(), env.reset()[0].tolist()]

    assert starts(1) == starts(1) != starts(2) and starts(1)[0] != starts(1)[1]


@each_system
@pytest.mark.parametrize("garbage", [None, "left", [], np.zeros((1, 1)), object(), np.zeros(5), "nan"])
def test_a_garbled_action_or_disturbance_is_refused_and_not_counted(system, garbage):
    garbage = np.full(system.m, np.nan) if isinstance(garbage, str) and garbage == "nan" else garbage
    env = SystemEnv(system, 3)
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(np.zeros(system.m))
    env.reset()
    with pytest.raises(
        ValueError, match=rf"SystemEnv: action is .*, expected {system.m} numbers in an array of shape \({system.m},\)"
    ):
        env.step(garbage)
    assert env.calls == 0
    env = SystemEnv(system, 3, disturbance=lambda t, s: garbage)
    env.reset()
    with pytest.raises(ValueError, match="disturbance"):
        env.step(np.zeros(system.m))
