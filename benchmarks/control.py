"""Measure homework 2's reference LQR and iLQR beside crocoddyl, mpc.pytorch and CasADi with IPOPT, in one process.

    python -m benchmarks.control [--quick] [--out build/bench]

Every round runs all contestants of a table in turn, forwards and backwards alternately; a number is the median of the
rounds. All start from controls that are zero and stop by their own rules. One thread, and CPU seconds: what else the
machine does then matters little, and a contestant that started a second thread would not gain by it. Whoever needs
seconds for one run takes part in fewer rounds. The cost that each reaches is computed by the course's task from the
controls alone.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from autograder.homework import PROJECT, find
from autograder.sandbox.tiers import THREADS
from benchmarks import control_models, control_peers
from benchmarks.control_peers import Answer
from course.systems import euler_cartpole, pendulum_a, pendulum_b, random_problem, total_cost

SAME = 1e-6  # costs that differ by less than this share are the same
ROUNDS, SECONDS = 20, 40.0  # of each contestant: how many runs, and after how long they become fewer
console = Console(highlight=False, width=118)


class Contest(NamedTuple):
    """One table. cost(u [T, m]) -> J.

    contestants: by name, a function that sets the problem up and returns a solver. The first is ours.
    """

    title: str
    cost: Callable
    contestants: dict[str, Callable[[], Callable[[], Answer]]]


class Result(NamedTuple):
    """What one contestant did. cpu, wall: seconds of each run; setup: CPU seconds more for the first run, with what it
    needs; imports are in it.
    """

    cpu: list[float]
    wall: list[float]
    setup: float
    J: float
    iterations: int | None


def reference(name: str):
    """Import a module of the reference solution of homework 2, as it stands, without the wire's copies."""
    import importlib

    folder = str(find("hw2").solutions)
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def seconds() -> np.ndarray:
    """Return the CPU and the wall clock."""
    return np.array([time.process_time(), time.perf_counter()])


def compete(contest: Contest, rounds: int) -> tuple[dict[str, Result], dict[str, str]]:
    """Run one contest; return what each did, and why others could not take part."""
    solvers, first, every, results, missing = {}, {}, {}, {}, {}
    for name, prepare in contest.contestants.items():
        try:
            began = seconds()
            solve = prepare()
            answer = solve()  # warm up: CasADi makes its derivatives now
        except (ImportError, RuntimeError) as reason:
            if name.startswith("ours"):
                raise
            missing[name] = (str(reason).strip() or type(reason).__name__).splitlines()[0]
            continue
        solvers[name], first[name] = solve, (seconds() - began)[0]
        every[name] = math.ceil(max(1.0, rounds * first[name] / SECONDS))
        results[name] = Result([], [], 0.0, contest.cost(answer.u), answer.iterations)
    for turn in range(rounds):
        for name in list(results) if turn % 2 == 0 else reversed(results):
            if turn % every[name] == 0:
                began = seconds()
                solvers[name]()
                cpu, wall = seconds() - began
                results[name].cpu.append(cpu)
                results[name].wall.append(wall)
    for name, each in results.items():
        results[name] = each._replace(setup=max(0.0, first[name] - median(each.cpu)))
    return results, missing


def lqr_contest(n: int = 12, m: int = 4, T: int = 200) -> Contest:
    """Solve a random time-varying linear-quadratic problem with affine and cross terms."""
    problem = random_problem(np.random.default_rng(0), n, m, T)
    lqr = reference("lqr")

    def ours():
        policy = lqr.backward(*problem[:4])
        return Answer(lqr.forward(problem.x0, problem.F, problem.f, policy.K, policy.k)[1], 1)

    def cost(u):
        x = np.empty((T + 1, n))
        x[0] = problem.x0
        for t in range(T):
            x[t + 1] = problem.F[t] @ np.concatenate([x[t], u[t]]) + problem.f[t]
        return total_cost(problem, x, u)

    contestants = {
        "ours": lambda: ours,
        "crocoddyl, Python callbacks": lambda: control_peers.crocoddyl_lqr_callbacks(problem),
        "crocoddyl, ActionModelLQR (compiled)": lambda: control_peers.crocoddyl_lqr(problem),
        "mpc.pytorch": lambda: control_peers.mpc_lqr(problem),
        "CasADi + IPOPT": lambda: control_peers.casadi_lqr(problem),
    }
    return Contest(f"LQR, n = {n}, m = {m}, T = {T}", cost, contestants)


def ilqr_contest(task) -> Contest:
    """Optimise one of the tasks from u = 0."""
    model, peers = control_models.MODELS[task.name], control_peers
    contestants = {f"ours, {way}": (lambda way=way: ours(task, way)) for way in WAYS}
    contestants |= {
        "crocoddyl, Python callbacks, derivatives by hand": lambda: peers.crocoddyl_ilqr(task, model),
        "crocoddyl, Python callbacks, its differences": lambda: peers.crocoddyl_ilqr(task, model, differences=True),
        "mpc.pytorch, derivatives by hand": lambda: peers.mpc_ilqr(task, model),
        "mpc.pytorch, autograd": lambda: peers.mpc_ilqr(task, model, automatic=True),
        "CasADi + IPOPT, multiple shooting": lambda: peers.casadi_ilqr(task, model),
    }
    title = f"iLQR on {task.name}, n = {task.n}, m = {task.m}, T = {task.T}"
    return Contest(title, lambda u: task.cost(task.rollout(u), u), contestants)


def differences(task) -> Callable:
    """Return expand(x, u) by the reference's central differences, all time steps in one batch."""
    derivatives = reference("derivatives")
    return lambda x, u: derivatives.expand(task.step, task.stage, task.final, x, u)


def autograd(task) -> Callable:
    """Return expand(x, u) by the reference's automatic differentiation."""
    derivatives = reference("derivatives")
    ways = {"jacobian": derivatives.autograd_jacobian, "hessian": derivatives.autograd_hessian}
    return lambda x, u: derivatives.expand(task.step, task.stage, task.final, x, u, **ways)


def by_hand(task) -> Callable:
    """Return expand(x, u) by the formulas that the peers get, all time steps in one batch."""
    Expansion, slopes = reference("expansion").Expansion, control_models.MODELS[task.name].slopes
    n, d = task.n, task.n + task.m
    C = np.tile(np.diag(np.concatenate([task.Q, task.R])), (task.T, 1, 1))
    C_final = np.diag(task.Q_final)

    def expand(x, u):
        F = np.empty((task.T, n, d))
        for i, row in enumerate(slopes(np, x[:-1].T, u.T)):
            for j, entry in enumerate(row):
                F[:, i, j] = entry
        c = np.concatenate([task.Q * (x[:-1] - task.goal), task.R * u], axis=1)
        return Expansion(F, C, c, C_final, task.Q_final * (x[-1] - task.goal))

    return expand


WAYS = {"central differences": differences, "autograd": autograd, "derivatives by hand": by_hand}


def ours(task, way: str, spent: dict[str, float] | None = None) -> Callable[[], Answer]:
    """Return the reference's iLQR on a task; `spent`, if given, collects the CPU seconds of its parts."""
    ilqr, expand = reference("ilqr"), WAYS[way](task)
    backward = ilqr.backward
    if spent is not None:
        expand, backward = timed(expand, "expansion", spent), timed(backward, "backward pass", spent)

    def solve() -> Answer:
        u, limit = np.zeros((task.T, task.m)), control_peers.ITERATIONS
        found = ilqr.ilqr(task.x0, u, task.step, task.cost, expand, backward=backward, iterations=limit)
        return Answer(found.u, len(found.costs) - 1)

    return solve


def timed(function: Callable, name: str, spent: dict[str, float]) -> Callable:
    """Return the function with a stop-watch."""

    def run(*arguments):
        began = time.process_time()
        try:
            return function(*arguments)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - began

    return run


def shares(task, way: str) -> dict[str, float]:
    """Return which share of ours goes into the expansion, the backward passes and the rest: roll-outs, line search."""
    spent: dict[str, float] = {}
    solve = ours(task, way, spent)
    solve()
    spent.clear()
    began = time.process_time()
    solve()
    total = time.process_time() - began
    parts = {name: part / total for name, part in spent.items()}
    return parts | {"roll-outs": 1 - sum(parts.values())}


def measure(rounds: int, build: Path) -> dict:
    """Run all contests, print them, and return the numbers."""
    missing = control_peers.install(build)
    for name, reason in missing.items():
        console.print(f"{name} is left out, it cannot be installed: {reason}")
    tasks = [pendulum_a(), pendulum_b(), euler_cartpole()]
    measured = {}
    for task in [None, *tasks]:
        contest = ilqr_contest(task) if task else lqr_contest()
        results, absent = compete(contest, rounds)
        console.print(table(contest, results))
        entry = measured[contest.title] = {"results": {name: each._asdict() for name, each in results.items()}}
        for name, reason in absent.items():
            console.print(f"{name}: left out: {reason}")
        if task:
            entry["shares"] = {way: shares(task, way) for way in WAYS}
            for way, parts in entry["shares"].items():
                console.print(f"ours, {way}: " + ", ".join(f"{name} {part:.0%}" for name, part in parts.items()))
        console.print()
    return {"missing": missing, "contests": measured}


def table(contest: Contest, results: dict[str, Result]) -> Table:
    """Return one contest for the terminal, with the ratio of ours (the first) to each."""
    shown = Table(title=contest.title, title_justify="left")
    shown.add_column("", no_wrap=True)
    for heading in ("CPU ms", "ours / this", "runs", "set-up ms", "steps", "J"):
        shown.add_column(heading, justify="right", no_wrap=True)
    first = next(iter(results.values()))
    least = min(each.J for each in results.values())
    for name, each in results.items():
        J = f"{each.J:.6f}" + ("" if each.J - least <= SAME * abs(least) else " (more)")
        ratio = f"{median(first.cpu) / median(each.cpu):.2f}"
        iterations = "" if each.iterations is None else str(each.iterations)
        once = f"{1e3 * each.setup:.0f}"
        shown.add_row(name, f"{1e3 * median(each.cpu):.1f}", ratio, str(len(each.cpu)), once, iterations, J)
    return shown


def main(
    quick: Annotated[bool, typer.Option("--quick", help="one round, to see that everything runs")] = False,
    out: Annotated[Path, typer.Option(help="where control.json goes")] = PROJECT / "build" / "bench",
) -> None:
    """Measure homework 2's optimisers beside their peers."""
    if any(os.environ.get(name) != "1" for name in THREADS):  # NumPy's libraries read these when they are loaded
        again = [sys.executable, "-m", "benchmarks.control", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | dict.fromkeys(THREADS, "1"))
    result = measure(1 if quick else ROUNDS, PROJECT / "build")
    out.mkdir(parents=True, exist_ok=True)
    path = out / "control.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
