"""The contract of every system, and its physics against an independent calculation."""

import subprocess
import sys

import numpy as np
import pytest

from course.systems import (
    LQProblem,
    Pendulum,
    pendulum,
    pendulum_dynamics,
    pendulum_problem,
    random_problem,
    satellite,
    satellite_problem,
    total_cost,
    trolley,
    trolley_problem,
    zero_order_hold,
)

PROBLEMS = {
    "satellite": satellite_problem,
    "pendulum": pendulum_problem,
    "trolley": trolley_problem,
    "random": lambda: random_problem(np.random.default_rng(0), 4, 2, 20),
}


def integrated(rate, x, seconds, steps=2000):
    """Integrate dx/dt = rate(x) by the midpoint method: slow, simple, and not what is being tested."""
    h = seconds / steps
    for _ in range(steps):
        x = x + h * rate(x + h / 2 * rate(x))
    return x


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_keeps_its_contract(name):
    problem = PROBLEMS[name]()
    T, n = problem.f.shape
    m = problem.F.shape[2] - n
    assert isinstance(problem, LQProblem) and m >= 1
    assert [array.shape for array in problem] == [(T, n, n + m), (T, n), (T, n + m, n + m), (T, n + m), (n,)]
    assert all(array.dtype == float and np.isfinite(array).all() for array in problem)
    assert np.array_equal(problem.C, np.swapaxes(problem.C, 1, 2))
    assert np.linalg.eigvalsh(problem.C).min() >= 0 and np.linalg.eigvalsh(problem.C[:, n:, n:]).min() > 0
    assert np.ptp(problem.f, axis=0).max() > 0 and np.ptp(problem.c, axis=0).max() > 0


@pytest.mark.parametrize("name", PROBLEMS)
def test_total_cost_is_the_sum_of_its_stages(name):
    problem = PROBLEMS[name]()
    rng = np.random.default_rng(1)
    T, n = problem.f.shape
    x, u = rng.normal(size=(T + 1, n)), rng.normal(size=(T, problem.F.shape[2] - n))
    cost = 0.0
    for t in range(T):
        z = np.append(x[t], u[t])
        cost += 0.5 * z @ problem.C[t] @ z + z @ problem.c[t]
    assert total_cost(problem, x, u) == pytest.approx(cost, rel=1e-12)
    with pytest.raises(ValueError, match="expected"):
        total_cost(problem, x[:-1], u)


@pytest.mark.parametrize(
    ("A", "B", "step"),
    [
        (*satellite.continuous(satellite.orbital_rate()), 60.0),
        (*pendulum.linearised(), 0.05),
        (*trolley.continuous(), 0.1),
        (np.zeros((2, 2)), np.eye(2), 3.0),
        (np.array([[-40.0, 30.0], [0.0, -3.0]]), np.ones((2, 1)), 1.0),
    ],
)
def test_the_zero_order_hold_is_exact(A, B, step):
    A_d, B_d = zero_order_hold(A, B, step)
    rng = np.random.default_rng(2)
    x, u = rng.normal(size=A.shape[0]), rng.normal(size=B.shape[1])
    fine = integrated(lambda x: A @ x + B @ u, x, step, steps=20_000)
    np.testing.assert_allclose(A_d @ x + B_d @ u, fine, rtol=1e-5, atol=1e-8)
    linalg = pytest.importorskip("scipy.linalg")
    M = np.block([[A, B], [np.zeros((B.shape[1], sum(B.shape)))]])
    block = linalg.expm(M * step)[: len(A)]
    np.testing.assert_allclose(np.hstack([A_d, B_d]), block, rtol=1e-11, atol=1e-12 * np.abs(block).max())


def test_the_trolleys_step_is_the_textbooks():
    F = trolley_problem(step=0.1).F[0]
    np.testing.assert_allclose(F, [[1, 0.1, 0.005], [0, 1, 0.1]], atol=1e-15)


def test_the_satellites_free_motion_keeps_the_energy_of_hills_equations():
    rate = satellite.orbital_rate()
    A, _ = zero_order_hold(*satellite.continuous(rate), 60.0)
    x = np.array([0.3, -1.0, 0.2, -0.4])

    def energy(x):  # (m/s)^2
        return 0.5 * (x[2] ** 2 + x[3] ** 2) - 1.5 * (rate * 1e3 * x[0]) ** 2

    start = energy(x)
    for _ in range(90):
        x = A @ x
        assert energy(x) == pytest.approx(start, rel=1e-10)


def test_the_fly_around_ellipse_is_a_free_motion_and_takes_one_revolution():
    rate = satellite.orbital_rate()
    assert 2 * np.pi / rate == pytest.approx(92.4 * 60, rel=2e-3)  # minutes: the period known at 400 km
    times = 60.0 * np.arange(50)
    path = satellite.fly_around(rate, times)
    A, _ = zero_order_hold(*satellite.continuous(rate), 60.0)
    np.testing.assert_allclose(path[:-1] @ A.T, path[1:], atol=1e-12)


def test_thrust_and_drag_push_along_the_flight():
    problem = satellite_problem()
    assert (problem.f[:, 3] < 0).all()
    assert problem.F[0, 3, 5] == pytest.approx(60e-3, rel=1e-2)  # 1 mm/s^2 for 60 s is 0.06 m/s


def test_the_pendulum_keeps_its_energy_without_friction_and_wind():
    free = Pendulum(damping=0.0, gust=0.0)
    dynamics = pendulum_dynamics(free)
    x = np.array([0.3, 0.0])
    start = free.energy(x)
    for t in range(100):
        x = dynamics(x, np.zeros(1), t)
    assert free.energy(x) == pytest.approx(start, abs=1e-4)


def test_the_pendulum_stands_upright_and_falls_the_way_it_leans():
    calm = pendulum_dynamics(Pendulum(gust=0.0))
    assert np.array_equal(calm(np.zeros(2), np.zeros(1), 0), np.zeros(2))
    assert calm(np.array([0.1, 0.0]), np.zeros(1), 0)[0] > 0.1
    assert calm(np.zeros(2), np.ones(1), 0)[0] > 0


def test_the_linear_problem_is_the_derivative_of_the_nonlinear_pendulum():
    problem, dynamics, eps = pendulum_problem(), pendulum_dynamics(), 1e-5
    t = 7
    still = Pendulum(gust=0.0)
    for j in range(3):
        z = np.zeros(3)
        z[j] = eps
        difference = pendulum_dynamics(still)(z[:2], z[2:], t) - pendulum_dynamics(still)(-z[:2], -z[2:], t)
        np.testing.assert_allclose(difference / (2 * eps), problem.F[t, :, j], atol=1e-6)
    np.testing.assert_allclose(dynamics(np.zeros(2), np.zeros(1), t), problem.f[t], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("n", "m", "T"), [(1, 1, 1), (4, 2, 20), (2, 3, 5), (8, 3, 30)])
def test_a_random_problem_is_well_conditioned(n, m, T):
    """The cost as a function of all controls at once, made by playing each control alone."""
    problem = random_problem(np.random.default_rng(n), n, m, T)

    def states(u, affine):
        x = [problem.x0 * affine]
        for t in range(T):
            x.append(problem.F[t] @ np.append(x[-1], u[t]) + affine * problem.f[t])
        return np.array(x[:T])

    eye = np.eye(T * m).reshape(T * m, T, m)
    z = np.array([np.concatenate([states(u, 0.0), u], axis=1) for u in eye])
    H = np.einsum("ati,tij,btj->ab", z, problem.C, z)
    assert np.linalg.cond(H) < 300
    assert np.abs(states(np.zeros((T, m)), 1.0)).max() < 50
    assert np.abs(problem.C[:, :n, n:]).max() > 0.1 and (T == 1 or np.ptp(problem.F, axis=0).max() > 0.1)


def test_systems_and_test_tools_load_without_matplotlib_torch_or_scipy():
    code = "import sys, course.systems, course.testing, course.check; print([m for m in ('matplotlib', 'torch', 'scipy', 'autograder') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
