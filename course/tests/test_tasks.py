"""What every task promises, and its steps against an independent calculation."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from course.systems import euler_cartpole, mujoco_acrobot, mujoco_cartpole, pendulum_a, pendulum_b
from course.systems.task import on_columns

OURS = {build.__name__: build for build in (pendulum_a, pendulum_b, euler_cartpole)}
SIMULATED = {build.__name__: build for build in (mujoco_cartpole, mujoco_acrobot)}
STILL = {"pendulum_a": 789.57, "pendulum_b": 4934.8, "euler_cartpole": 5378.93, "mujoco_cartpole": 986.96}


@pytest.fixture(params=OURS | SIMULATED)
def task(request):
    if request.param in SIMULATED:
        pytest.importorskip("mujoco")
    return (OURS | SIMULATED)[request.param]()


@pytest.fixture(params=OURS)
def ours(request):
    return OURS[request.param]()


@pytest.fixture(params=SIMULATED)
def simulated(request):
    pytest.importorskip("mujoco")
    return SIMULATED[request.param]()


@pytest.fixture
def rng(request):
    return np.random.default_rng(sum(map(ord, request.node.name)))


def drawn(task, rng, *shape):
    return 2 * rng.normal(size=(*shape, task.n)), 3 * rng.normal(size=(*shape, task.m))


def called(task, function, x, u):
    return task.final(x) if function == "final" else getattr(task, function)(x, u)


def test_names_and_start_fit_together(task):
    assert task.n == len(task.states) == len(task.x0) and task.m == len(task.controls) == 1
    assert all(name.endswith(")") and "(" in name for name in task.states + task.controls)
    assert task.name in OURS | SIMULATED and task.dt > 0 and (task.xml is None) == (task.name in OURS)
    assert (OURS | SIMULATED)[task.name](7).T == 7
    with pytest.raises(ValueError, match="read-only"):
        task.x0[0] = 1.0


@pytest.mark.parametrize("name", STILL)
def test_doing_nothing_costs_what_was_published(name):
    if name in SIMULATED:
        pytest.importorskip("mujoco")
    task = (OURS | SIMULATED)[name]()
    u = np.zeros((task.T, task.m))
    x = task.rollout(u)
    assert x.shape == (task.T + 1, task.n) and np.abs(x - task.x0).max() < 1e-6
    assert task.cost(x, u) == pytest.approx(STILL[name], rel=1e-5)


@pytest.mark.parametrize("function", ["step", "stage", "final"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,)])
def test_a_batch_is_its_rows_one_by_one_and_stays_as_it_was(task, function, shape, rng):
    x, u = drawn(task, rng, *shape)
    before = x.copy(), u.copy()
    together = called(task, function, x, u)
    assert np.shape(together) == (*shape, task.n) if function == "step" else np.shape(together) == shape
    for index in np.ndindex(shape):
        np.testing.assert_allclose(together[index], called(task, function, x[index], u[index]), rtol=1e-13, atol=1e-13)
    assert np.array_equal(called(task, function, x, u), together)
    assert np.array_equal(x, before[0]) and np.array_equal(u, before[1])


def test_one_state_meets_many_controls_and_many_states_one_control(task, rng):
    x, u = drawn(task, rng, 4)
    for function in ("step", "stage"):
        one = np.array([called(task, function, x[0], control) for control in u])
        np.testing.assert_allclose(called(task, function, x[0], u), one, atol=1e-12)
        one = np.array([called(task, function, state, u[0]) for state in x])
        np.testing.assert_allclose(called(task, function, x, u[0]), one, atol=1e-12)
    assert task.step(x[:, None], u[None]).shape == (4, 4, task.n)


@pytest.mark.parametrize("function", ["step", "stage", "final"])
def test_numpy_and_torch_agree_and_single_precision_stays_single(ours, function, rng):
    x, u = drawn(ours, rng, 3, 4)
    theirs = called(ours, function, torch.tensor(x), torch.tensor(u))
    assert theirs.dtype == torch.float64
    np.testing.assert_allclose(theirs.numpy(), called(ours, function, x, u), rtol=1e-13, atol=1e-13)
    for kind in (torch.tensor, np.asarray):
        single = called(ours, function, kind(np.float32(x)), kind(np.float32(u)))
        assert str(single.dtype).endswith("float32")
        np.testing.assert_allclose(np.asarray(single), theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_torchs_gradient_of_a_whole_roll_out_is_the_central_difference(ours, rng):
    u, h = 0.5 * rng.normal(size=(5, ours.m)), 1e-6
    tensor = torch.tensor(u, requires_grad=True)
    x = ours.rollout(tensor)
    (ours.stage(x[:-1], tensor).sum() + ours.final(x[-1])).backward()
    for t in range(5):
        e = h * np.eye(5)[:, [t]]
        slope = (ours.cost(ours.rollout(u + e), u + e) - ours.cost(ours.rollout(u - e), u - e)) / (2 * h)
        assert tensor.grad[t, 0].item() == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_costs_are_half_the_squares_added_up(task, rng):
    u = rng.normal(size=(6, task.m))
    x = task.rollout(u, x0=rng.normal(size=task.n))
    J = 0.0
    for state, control in zip(x, u, strict=False):
        off = state - task.goal
        J += 0.5 * off @ np.diag(task.Q) @ off + 0.5 * control @ np.diag(task.R) @ control
    off = x[-1] - task.goal
    assert task.cost(x, u) == pytest.approx(J + 0.5 * off @ np.diag(task.Q_final) @ off, rel=1e-12)
    for t in range(6):
        np.testing.assert_array_equal(x[t + 1], task.step(x[t], u[t]))


def test_the_cart_poles_step_obeys_lagranges_equations(rng):
    """(M + m) p'' + m l (theta'' cos - theta'^2 sin) = u and l theta'' + p'' cos + g sin = 0, theta from below."""
    task = euler_cartpole()
    x, u = drawn(task, rng, 50)
    (position, theta, velocity, speed), force = x.T, u[:, 0]
    after = task.step(x, u).T
    np.testing.assert_allclose(after[0] - position, 0.1 * velocity, atol=1e-12)
    np.testing.assert_allclose(after[1] - theta, 0.1 * speed, atol=1e-12)
    push, turn = (after[2] - velocity) / 0.1, (after[3] - speed) / 0.1
    np.testing.assert_allclose(12 * push + 2 * (turn * np.cos(theta) - speed**2 * np.sin(theta)), force, atol=1e-9)
    np.testing.assert_allclose(turn + push * np.cos(theta) + 9.81 * np.sin(theta), 0, atol=1e-9)


def test_the_pendulums_step_is_eulers():
    after = pendulum_a().step(np.array([0.5, -1.0]), np.array([2.0]))
    np.testing.assert_allclose(after, [0.5 - 0.05, -1.0 + 0.05 * (9.81 * np.sin(0.5) + 2.0)], atol=1e-14)


def test_a_simulated_step_is_mujocos_own_loop(simulated, rng):
    import mujoco

    model = mujoco.MjModel.from_xml_string(simulated.xml)
    assert model.opt.timestep == simulated.dt and model.nq == model.nv == simulated.n // 2 and model.nu == simulated.m
    data = mujoco.MjData(model)
    u = 2 * rng.normal(size=(50, simulated.m))
    simulated.step(*drawn(simulated, rng))  # another call before leaves nothing behind
    x = simulated.rollout(u)
    data.qpos[:] = simulated.x0[: model.nq]
    for t, control in enumerate(u):
        data.ctrl[:], data.qacc_warmstart[:] = control, 0.0
        mujoco.mj_step(model, data)
        np.testing.assert_array_equal(x[t + 1], np.concatenate([data.qpos, data.qvel]))
    assert np.ptp(x, axis=0).min() > 0.01


def test_a_simulated_row_out_of_this_world_is_nan_and_alone(simulated, rng, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MuJoCo would write a log of its warnings
    x, u = drawn(simulated, rng, 6)
    good = simulated.step(x, u)
    x[1, 0], x[2, 3], u[3, 0], u[4, 0] = np.nan, 1e9, np.inf, -1e12
    after = simulated.step(x, u)
    assert np.isnan(after[1:5]).all() and np.array_equal(after[[0, 5]], good[[0, 5]])
    edge = simulated.step(np.full(simulated.n, 9e3) * rng.choice([-1, 1], (200, simulated.n)), np.full((200, 1), 9e5))
    assert np.isfinite(edge).all()
    assert not list(tmp_path.iterdir())


def test_simulated_steps_are_numpy_only(simulated, rng):
    x, u = map(torch.tensor, drawn(simulated, rng))
    with pytest.raises(TypeError, match="got torch tensors, expected NumPy arrays"):
        simulated.step(x, u)


def test_wrong_shapes_and_mixed_libraries_are_refused_by_name(task, rng):
    x, u = drawn(task, rng, 3)
    n = task.n
    for method, arguments, wanted in [
        ("step", (x[:, :1], u), rf"x has shape \(3, 1\), expected \[..., {n}\]"),
        ("stage", (x, u[:, :0]), r"u has shape \(3, 0\), expected \[..., 1\]"),
        ("final", (1.0,), r"x has shape \(\), expected"),
        ("cost", (x, u), r"x has shape \(3, \d\) and u \(3, 1\), expected \[T\+1"),
        ("rollout", (u[0],), r"u has shape \(1,\), expected \[T, 1\]"),
        ("rollout", (u, x), rf"x0 has shape \(3, {n}\), expected \[{n}\]"),
    ]:
        with pytest.raises(ValueError, match=rf"^{task.name}\.{method}: {wanted}"):
            getattr(task, method)(*arguments)
    with pytest.raises(TypeError, match=f"^{task.name}.step: x is of type ndarray and u of type Tensor"):
        task.step(x, torch.tensor(u))
    with pytest.raises(ValueError, match=f"Task {task.name}: R has shape"):
        type(task)(**{**{f: getattr(task, f) for f in task.__dataclass_fields__}, "R": [1.0, 2.0]})


def test_a_formula_without_the_control_has_all_leading_axes_too():
    move = on_columns(lambda xp, state, control: (state[0], xp.cos(state[1])))
    assert move(np.zeros(2), np.zeros((5, 1))).shape == (5, 2)


def test_tasks_load_without_torch_and_mujoco():
    code = "import course.systems, sys; print([m for m in ('torch', 'mujoco') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
