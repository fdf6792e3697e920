"""The optimisers that homework 2 is measured beside, and what they need: adapters and an environment.

The peers are put into a folder of their own and imported from there into the same process as ours. An adapter sets a
problem up once and returns a function that solves it from the same start: all controls zero, and where a peer wants
states, the roll-out of that.
"""

from __future__ import annotations

import math
import site
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autograder.homework import PROJECT
from benchmarks.control_models import Model

REQUIREMENTS = PROJECT / "requirements-bench-control.txt"
ITERATIONS = 500  # at most, for everybody


class Answer(NamedTuple):
    """u: [T, m], the best controls found; iterations: how many it took, if the solver says so."""

    u: np.ndarray
    iterations: int | None = None


def install(build: Path) -> dict[str, str]:
    """Put the peers into `build`/bench-control, once, and make them importable; return why some are missing."""
    folder, missing = build / "bench-control", {}
    for number, paragraph in enumerate(REQUIREMENTS.read_text().split("\n\n")):
        packages = [line for line in paragraph.splitlines() if line and not line.startswith("#")]
        done = folder / f"installed-{number}"
        if not packages or (done.exists() and done.read_text() == paragraph):
            continue
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--upgrade"]
        run = subprocess.run([*command, "--target", str(folder), *packages], capture_output=True, text=True)
        if run.returncode:
            missing[packages[0].partition("==")[0]] = run.stderr.strip().splitlines()[-1]
        else:
            done.write_text(paragraph)
    site.addsitedir(str(folder))  # behind ours; not `sys.path`, because crocoddyl's packages rely on a .pth file
    return missing


# crocoddyl


def crocoddyl_lqr(problem) -> Callable[[], Answer]:
    """Return a solver of an LQProblem by ActionModelLQR: compiled models, without Python in the loop."""
    import crocoddyl

    T, n, d = problem.F.shape

    def action(F, f, C, c):
        G, g = np.zeros((0, d)), np.zeros(0)  # no constraints
        model = crocoddyl.ActionModelLQR(n, d - n, False)
        model.setLQR(F[:, :n], F[:, n:], C[:n, :n], C[n:, n:], C[:n, n:], G, G, f, c[:n], c[n:], g, g)
        return model

    models = [action(*(each[t] for each in problem[:4])) for t in range(T)]
    final = action(np.eye(n, d), np.zeros(n), np.zeros((d, d)), np.zeros(d))
    return fddp(crocoddyl, crocoddyl.ShootingProblem(problem.x0, models, final))


def crocoddyl_lqr_callbacks(problem) -> Callable[[], Answer]:
    """Return the same with Python callbacks."""
    import crocoddyl

    T, n, d = problem.F.shape

    class Action(crocoddyl.ActionModelAbstract):
        def __init__(self, F, f, C, c):
            super().__init__(crocoddyl.StateVector(n), d - n, d)
            self.F, self.f, self.C, self.c = F, f, C, c

        def calc(self, data, x, u=None):
            z = np.concatenate([x, np.zeros(d - n) if u is None else u])
            data.xnext = self.F @ z + self.f
            data.cost = 0.5 * z @ self.C @ z + self.c @ z

        def calcDiff(self, data, x, u=None):
            z = np.concatenate([x, np.zeros(d - n) if u is None else u])
            slope = self.C @ z + self.c
            data.Fx, data.Fu, data.Lx, data.Lu = self.F[:, :n], self.F[:, n:], slope[:n], slope[n:]
            data.Lxx, data.Lxu, data.Luu = self.C[:n, :n], self.C[:n, n:], self.C[n:, n:]

    models = [Action(*(each[t] for each in problem[:4])) for t in range(T)]
    final = Action(np.eye(n, d), np.zeros(n), np.zeros((d, d)), np.zeros(d))
    solve = fddp(crocoddyl, crocoddyl.ShootingProblem(problem.x0, models, final))
    solve.keep = models, final  # C++ holds them, but not their Python halves
    return solve


def crocoddyl_ilqr(task, model: Model, differences: bool = False) -> Callable[[], Answer]:
    """Return FDDP on a task, with Python callbacks and the derivatives of `model` (or crocoddyl's own differences)."""
    import crocoddyl

    class Action(crocoddyl.ActionModelAbstract):
        def __init__(self, Q, R):
            super().__init__(crocoddyl.StateVector(task.n), task.m, task.n + task.m)
            self.Q, self.R, self.goal = Q, R, task.goal
            self.Lxx, self.Luu = np.diag(Q), np.diag(R)

        def calc(self, data, x, u=None):
            off = x - self.goal
            data.cost = 0.5 * (self.Q * off) @ off
            if u is not None:
                data.cost += 0.5 * (self.R * u) @ u
                data.xnext = np.array(model.motion(math, x.tolist(), u.tolist()))

        def calcDiff(self, data, x, u=None):
            data.Lx, data.Lxx = self.Q * (x - self.goal), self.Lxx
            if u is not None:
                slopes = np.array(model.slopes(math, x.tolist(), u.tolist()))
                data.Fx, data.Fu = slopes[:, : task.n], slopes[:, task.n :]
                data.Lu, data.Luu = self.R * u, self.Luu

    stage, final = Action(task.Q, task.R), Action(task.Q_final, 0 * task.R)
    wrapped = [crocoddyl.ActionModelNumDiff(each, False) for each in (stage, final)] if differences else [stage, final]
    solve = fddp(crocoddyl, crocoddyl.ShootingProblem(task.x0, [wrapped[0]] * task.T, wrapped[1]))
    solve.keep = stage, final  # C++ holds them, but not their Python halves
    return solve


def fddp(crocoddyl, problem) -> Callable[[], Answer]:
    """Return crocoddyl's SolverFDDP, with its own tolerances, from the roll-out of controls that are zero."""
    solver = crocoddyl.SolverFDDP(problem)

    def solve() -> Answer:
        u = [np.zeros(model.nu) for model in problem.runningModels]
        solver.solve(problem.rollout(u), u, ITERATIONS, True)
        return Answer(np.array(solver.us.tolist()), solver.iter)

    return solve


# mpc.pytorch


def mpc_lqr(problem) -> Callable[[], Answer]:
    """Return a solver of an LQProblem by mpc.pytorch's LQR step, in double precision."""
    import torch
    from mpc import mpc

    T, n, d = problem.F.shape
    F, f, C, c = (torch.tensor(each)[:, None] for each in problem[:4])
    x0, quiet = torch.tensor(problem.x0)[None], {"verbose": -1, "exit_unconverged": False, "backprop": False}

    def solve() -> Answer:
        solver = mpc.MPC(n, d - n, T, lqr_iter=1, **quiet)
        return Answer(solver(x0, mpc.QuadCost(C, c), mpc.LinDx(F[:-1], f[:-1]))[1][:, 0].numpy(), 1)

    return solve


def mpc_ilqr(task, model: Model, automatic: bool = False) -> Callable[[], Answer]:
    """Return mpc.pytorch on a task, in double precision, with the derivatives of `model` or with autograd's.

    It knows stage costs only, so the last state gets a control of its own, which leads nowhere and is best left zero.
    """
    import torch
    from mpc import mpc

    class Dynamics(torch.nn.Module):
        def forward(self, x, u):
            return torch.stack(model.motion(torch, x.unbind(1), u.unbind(1)), dim=1)

        def grad_input(self, x, u):
            rows = model.slopes(torch, x.unbind(1), u.unbind(1))
            full = [[torch.as_tensor(entry, dtype=x.dtype).expand(len(x)) for entry in row] for row in rows]
            F = torch.stack([torch.stack(row, dim=1) for row in full], dim=1)
            return F[:, :, : task.n], F[:, :, task.n :]

    weights = np.tile(np.concatenate([task.Q, task.R]), (task.T + 1, 1))
    weights[-1, : task.n] = task.Q_final
    W, goal = torch.tensor(weights)[:, None], torch.tensor(np.append(task.goal, np.zeros(task.m)))
    cost, x0 = mpc.QuadCost(torch.diag_embed(W), -W * goal), torch.tensor(task.x0)[None]
    method = mpc.GradMethods.AUTO_DIFF if automatic else mpc.GradMethods.ANALYTIC
    quiet = {"verbose": -1, "exit_unconverged": False, "backprop": False, "n_batch": 1}

    def solve() -> Answer:
        solver = mpc.MPC(task.n, task.m, task.T + 1, lqr_iter=ITERATIONS, grad_method=method, **quiet)
        return Answer(solver(x0, cost, Dynamics())[1][:-1, 0].detach().numpy())

    return solve


# CasADi and IPOPT


def casadi_lqr(problem) -> Callable[[], Answer]:
    """Return IPOPT on an LQProblem, states and controls both unknown."""
    import casadi

    F, f, C, c, x0 = problem
    T, n, d = F.shape
    opti = casadi.Opti()
    x, u = opti.variable(n, T + 1), opti.variable(d - n, T)
    J = 0
    opti.subject_to(x[:, 0] == x0)
    for t in range(T):
        z = casadi.vertcat(x[:, t], u[:, t])
        J += casadi.bilin(C[t], z, z) / 2 + casadi.dot(c[t], z)
        opti.subject_to(x[:, t + 1] == casadi.mtimes(F[t], z) + f[t])
    opti.minimize(J)
    return ipopt(opti, x, u, np.zeros((T + 1, n)))


def casadi_ilqr(task, model: Model) -> Callable[[], Answer]:
    """Return IPOPT on a task, states and controls both unknown, with CasADi's exact derivatives."""
    import casadi

    opti = casadi.Opti()
    x, u = opti.variable(task.n, task.T + 1), opti.variable(task.m, task.T)

    def squares(weights, off):
        return casadi.dot(weights, off**2) / 2

    J = squares(task.Q_final, x[:, -1] - task.goal)
    opti.subject_to(x[:, 0] == task.x0)
    for t in range(task.T):
        J += squares(task.Q, x[:, t] - task.goal) + squares(task.R, u[:, t])
        opti.subject_to(x[:, t + 1] == casadi.vertcat(*model.motion(casadi, x[:, t], u[:, t])))
    opti.minimize(J)
    return ipopt(opti, x, u, task.rollout(np.zeros((task.T, task.m))))


def ipopt(opti, x, u, guess) -> Callable[[], Answer]:
    """Return a solver of this problem with IPOPT's own tolerances, from the states `guess` [T+1, n] and u = 0."""
    opti.solver("ipopt", {"print_time": 0}, {"print_level": 0, "sb": "yes", "max_iter": ITERATIONS})

    def solve() -> Answer:
        opti.set_initial(x, guess.T)
        opti.set_initial(u, 0)
        found = opti.solve()
        return Answer(np.reshape(found.value(u), u.shape).T, opti.stats()["iter_count"])

    return solve
