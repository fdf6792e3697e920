"""The best controls within limits, against SciPy's bounded minimisers and against the conditions of a minimum."""

import importlib
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear, minimize

from course.box import Limited, box_minimum
from course.systems import pendulum_a

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "hw2_lqr_ilqr"


class Expansion(NamedTuple):
    F: np.ndarray
    C: np.ndarray
    c: np.ndarray
    C_final: np.ndarray
    c_final: np.ndarray


@pytest.fixture
def ilqr(monkeypatch):
    """The reference's iLQR."""
    monkeypatch.syspath_prepend(SOLUTIONS)
    yield importlib.import_module("ilqr")
    for name in ("ilqr", "expansion"):
        del sys.modules[name]


def solved(ilqr, task, limit: float, tolerance: float = 1e-9):
    """Run the reference's iLQR on a limited pendulum from controls that are zero."""
    limited = Limited(task, -limit, limit, expansion_of_a_pendulum(task), ilqr.backward)
    start = np.zeros((task.T, task.m))
    options = {"backward": limited.backward, "tolerance": tolerance}
    found = ilqr.ilqr(task.x0, start, limited.step, limited.cost, limited.expand, **options)
    return found._replace(u=limited.within(found.u))


def expansion_of_a_pendulum(task):
    """Return expand(x, u) by closed forms."""

    def expand(x, u):
        T = len(u)
        F = np.zeros((T, 2, 3))
        F[:, 0, 0] = F[:, 1, 1] = 1.0
        F[:, 0, 1] = F[:, 1, 2] = task.dt
        F[:, 1, 0] = task.dt * 9.81 * np.cos(x[:-1, 0])
        weights = np.append(task.Q, task.R)
        z = np.concatenate([x[:-1], u], axis=1)
        return Expansion(
            F, np.tile(np.diag(weights), (T, 1, 1)), z * weights, np.diag(task.Q_final), task.Q_final * x[-1]
        )

    return expand


def slope(task, u):
    """Return dJ/du [T, m] by torch."""
    u = torch.tensor(u, requires_grad=True)
    x = task.rollout(u)
    (task.stage(x[:-1], u).sum() + task.final(x[-1])).backward()
    return u.grad.numpy()


@pytest.mark.parametrize("seed", range(20))
def test_the_small_program_is_solved(seed):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 8))
    root = rng.normal(size=(m + 3, m))
    H, g = root.T @ root, 3 * rng.normal(size=m)
    low, high = -rng.uniform(0, 1, m), rng.uniform(0, 1, m)
    low[rng.random(m) < 0.2] = -np.inf
    y, free = box_minimum(H, g, low, high)
    # 1/2 y'Hy + y'g is half the square of L'y + L^{-1} g, up to a constant.
    L = np.linalg.cholesky(H)
    wanted = lsq_linear(L.T, -np.linalg.solve(L, g), (low, high), method="bvls", tol=1e-14).x
    np.testing.assert_allclose(y, wanted, atol=1e-7)
    assert ((low <= y) & (y <= high)).all()
    rising = g + H @ y
    assert np.abs(rising[free]).max(initial=0) < 1e-9
    assert (rising[y == low] >= -1e-9).all() and (rising[y == high] <= 1e-9).all()


def test_what_curves_downwards_has_no_minimum():
    H = np.diag([1.0, -1.0])
    assert box_minimum(H, np.array([1.0, 0.0]), -np.ones(2), np.ones(2)) is None
    low, high = np.array([-1.0, 0.0]), np.ones(2)
    y, free = box_minimum(H, np.array([0.5, 3.0]), low, high)
    assert y == pytest.approx([-0.5, 0.0]) and free.tolist() == [True, False]  # on its limit, it may


def test_a_backward_pass_that_plans_without_the_limits_is_refused():
    task = pendulum_a()
    limited = Limited(task, -5.0, 5.0, expansion_of_a_pendulum(task), lambda E, mu, minimiser: "gains of its own")
    u = np.zeros((task.T, task.m))
    with pytest.raises(ValueError, match="called minimiser 0 times, expected once for each of the 60 steps"):
        limited.backward(limited.expand(task.rollout(u), u), 0.0)


def test_wide_limits_change_nothing(ilqr):
    found = solved(ilqr, pendulum_a(), 100.0)
    assert found.costs[-1] == pytest.approx(59.117744, rel=1e-7) and found.K.any(axis=(1, 2)).all()


@pytest.mark.parametrize("limit", [5.0, 8.0, 12.0])
def test_a_pendulum_with_a_weak_motor_ends_where_no_allowed_change_helps(ilqr, limit):
    task = pendulum_a()
    found = solved(ilqr, task, limit, 1e-13)
    assert np.abs(found.u).max() == limit and np.abs(found.x - task.rollout(found.u)).max() < 1e-9
    assert found.costs[-1] == pytest.approx(task.cost(found.x, found.u)) and (np.diff(found.costs) < 0).all()
    assert found.converged
    rising, on = slope(task, found.u), np.abs(found.u) == limit
    assert np.abs(rising[~on]).max() < 1e-3  # at the start it is hundreds
    assert (rising[on] * np.sign(found.u[on]) <= 1e-6).all()
    assert not found.K[on[:, 0]].any() and found.K[~on[:, 0]].any(axis=(1, 2)).all()


def test_a_general_bounded_minimiser_finds_nothing_better_nearby(ilqr):
    task, limit = pendulum_a(), 8.0
    found = solved(ilqr, task, limit)
    assert found.costs[-1] == pytest.approx(72.918442, rel=1e-6)
    nearby = found.u + 0.02 * limit * np.random.default_rng(0).normal(size=(60, 1))
    theirs = minimize(
        lambda u: task.cost(task.rollout(u[:, None]), u[:, None]),
        np.clip(nearby, -limit, limit)[:, 0],
        jac=lambda u: slope(task, u[:, None])[:, 0],
        bounds=[(-limit, limit)] * 60,
        method="L-BFGS-B",
        options={"maxfun": 60},
    )
    assert found.costs[-1] <= theirs.fun < 74
