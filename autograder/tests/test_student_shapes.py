"""Three shapes of student code through a real sandbox: a function of arrays, a planner, a class with a network."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.homework import Limits
from autograder.sandbox import probe
from autograder.sandbox.box import Sandbox
from autograder.sandbox.tiers import TIERS
from autograder.tests.wires import equal

PURE = b"""
import numpy as np
from typing import NamedTuple

class Pair(NamedTuple):
    product: np.ndarray
    dtype: str

def multiply(A, b):
    return Pair(np.asarray(A) @ np.asarray(b), str(A.dtype))
"""

PLANNER = b"""
import numpy as np

def plan(objective, rng, iterations, batch, dim):
    mean, spread = np.zeros(dim), np.ones(dim)
    for _ in range(iterations):
        candidates = mean + spread * rng.normal(size=(batch, dim))
        values = objective(candidates)
        elite = candidates[np.argsort(values)[: batch // 5]]
        mean, spread = elite.mean(axis=0), np.maximum(elite.std(axis=0), 0.05)
    return mean
"""

MODEL = b"""
import torch

class Model:
    def __init__(self, inputs, outputs, rng):
        torch.manual_seed(int(rng.integers(1 << 31)))
        self.net = torch.nn.Linear(inputs, outputs)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.steps = 0

    def train(self, x, y, steps):
        losses = []
        for _ in range(steps):
            loss = ((self.net(x) - y) ** 2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.steps += 1
            losses.append(loss.item())
        return losses

    def predict(self, x):
        return self.net(x).detach()
"""


@pytest.fixture(scope="module")
def tier() -> str:
    """The strongest tier that works here, or `none` where there is no other: this code is ours."""
    return next((tier for tier in TIERS if tier != "none" and not probe.works(tier)), "none")


def test_a_pure_function_of_arrays(tier):
    with Sandbox(tier, Limits(), {"m.py": PURE}, ("m",)) as box, box.test() as student:
        for rows, columns in [(0, 3), (2, 0), (1, 1), (300, 400)]:
            for dtype in "float32", "float64":
                A, b = np.ones((rows, columns), dtype)[::-1], np.arange(columns, dtype=dtype)
                product, name = student.m.multiply(A, b)
                assert equal(A @ b, product) and name == dtype


def test_a_planner_calls_our_objective_in_batches_and_we_count(tier):
    calls, rows = [], []

    def objective(candidates):
        calls.append(len(rows))
        rows.extend([None] * len(candidates))
        return np.sum((candidates - 1.0) ** 2, axis=1)

    with Sandbox(tier, Limits(test_seconds=30), {"m.py": PLANNER}, ("m",)) as box, box.test() as student:
        best = student.m.plan(objective, np.random.default_rng(0), 2_000, 20, 3)
    assert len(calls) == 2_000 and len(rows) == 40_000
    assert np.allclose(best, 1.0, atol=0.2)


def test_a_class_that_holds_a_network_is_made_trained_and_asked(tier):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x = torch.tensor(rng.normal(size=(64, 3)), dtype=torch.float32)
    y = x @ torch.ones(3, 2)
    limits = Limits(test_seconds=30, import_seconds=30)
    with Sandbox(tier, limits, {"m.py": MODEL}, ("m",), preload=("numpy", "torch")) as box:
        with box.test() as student:
            model = student.m.Model(3, 2, rng=rng)
            first = model.train(x, y, 2)
            last = model.train(x, y, 60)
            assert model.steps == 62 and len(last) == 60 and last[-1] < 0.1 * first[0]
            predicted = model.predict(x)
            assert type(predicted) is torch.Tensor and float(((predicted - y) ** 2).mean()) < 0.1
        with box.test() as student:
            assert student.m.Model(3, 2, rng=rng).steps == 0
