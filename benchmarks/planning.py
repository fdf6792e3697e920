"""Measure homework 1's reference planners beside mbrl-lib, mctspy and raw MuJoCo, in one process.

    python -m benchmarks.planning [--quick] [--out build/bench]

Every round runs all contestants of a table in turn, forwards and backwards alternately; a number is the median of
the rounds. One thread, except where a row says otherwise.
"""

from __future__ import annotations

import json
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

from autograder.errors import UserError
from autograder.homework import PROJECT, find
from benchmarks import planning_peers
from course.games import TicTacToe
from course.systems import double_integrator, swingup_pendulum
from course.testing import LocalStudent

TARGETS = {"CEM": 3.0, "UCT": 3.0, "steps": 0.9}  # ours over each peer; over raw mujoco.rollout
CEM = {"N": 200, "M": 20, "iterations": 10}
HORIZON = 20
SIMULATIONS = 1000
console = Console(highlight=False, width=118)


class Contestant(NamedTuple):
    """A function that does `work` units, whatever the table's unit is."""

    run: Callable[[], object]
    work: int


class Contest(NamedTuple):
    """One table. The first contestant is ours."""

    title: str
    unit: str
    contestants: dict[str, Contestant]


def reference():
    """Import the reference solution of homework 1."""
    from autograder.grading.variants import load_variants

    return LocalStudent.from_sources(load_variants(find("hw1")).reference.files)


def rates(contest: Contest, rounds: int, repeats: int) -> dict[str, float]:
    """Return units a second of each contestant: the median over the rounds of the best of some repeats."""
    measured: dict[str, list[float]] = {name: [] for name in contest.contestants}
    for contestant in contest.contestants.values():
        contestant.run()  # warm up
    for turn in range(rounds):
        for name in list(measured) if turn % 2 == 0 else reversed(measured):
            run, work = contest.contestants[name]
            measured[name].append(work / min(seconds(run) for _ in range(repeats)))
    return {name: median(each) for name, each in measured.items()}


def seconds(run: Callable[[], object]) -> float:
    """Return the wall-clock seconds of one run."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def cem_contest(system, student, peers) -> Contest:
    """Plan HORIZON steps by CEM: objective evaluations a second."""
    import torch

    torch.set_num_threads(1)
    shape = (HORIZON, system.m)
    mean, std = np.zeros(shape), np.broadcast_to((system.high - system.low) / 4, shape)
    low, high = (np.broadcast_to(bound, shape).tolist() for bound in (system.low, system.high))
    plain = planning_peers.PLAIN[system.name]

    def steps(A):
        return student.shooting.returns(system.start, A, system.step, system.reward, system.final)

    def ours(objective):
        bounds = system.low, system.high
        return lambda: student.cem.cem(objective, mean, std, *bounds, np.random.default_rng(0), **CEM)

    def theirs(objective, clipped):
        share, device = CEM["M"] / CEM["N"], torch.device("cpu")
        optimiser = peers.CEMOptimizer(
            CEM["iterations"], share, CEM["N"], low, high, 0.1, device, clipped_normal=clipped
        )
        return lambda: optimiser.optimize(objective, torch.zeros(shape))

    run = {
        "ours, on system.returns": ours(system.returns),
        "ours, on the student's loop over step and reward": ours(steps),
        "mbrl-lib, objective in plain torch": theirs(plain, True),
        "mbrl-lib, truncated normal (its default)": theirs(plain, False),
        "mbrl-lib, on our system.returns": theirs(lambda A: torch.from_numpy(system.returns(A.numpy())), True),
    }
    work = CEM["N"] * CEM["iterations"]
    contestants = {name: Contestant(each, work) for name, each in run.items()}
    return Contest(f"CEM on {system.name}, T = {HORIZON}", "evaluations", contestants)


def uct_contest(student, peers) -> Contest:
    """Choose the opening of tic-tac-toe by UCT: simulations a second."""
    from mctspy.games.examples.tictactoe import TicTacToeGameState

    game = TicTacToe()
    state, _, actions = game.start()

    def ours():
        rng = np.random.default_rng(0)
        return student.mcts.search(state, actions, game.step, rng, simulations=SIMULATIONS, players=2)

    def theirs(root):
        return lambda: peers.Search(peers.Node(state=root())).best_action(SIMULATIONS)

    run = {
        "ours": ours,
        "mctspy, on our game": theirs(lambda: planning_peers.State(game, state, actions)),
        "mctspy, on its own game": theirs(lambda: TicTacToeGameState(np.zeros((3, 3)))),
    }
    contestants = {name: Contestant(each, SIMULATIONS) for name, each in run.items()}
    return Contest("UCT, opening of tic-tac-toe", "simulations", contestants)


def rollout_contest(name: str, threads: int, batch: int, horizon: int) -> Contest:
    """Simulate a batch of action sequences: environment steps a second."""
    import gymnasium
    from mujoco import MjData, rollout

    from course.simulator import Simulator

    env = gymnasium.make(name, max_episode_steps=10**9)
    env.reset(seed=0)
    bare = env.unwrapped
    simulator = Simulator(env, threads=threads)
    start = simulator.state()
    A = np.random.default_rng(0).uniform(-1, 1, (batch, horizon, bare.model.nu))
    pool, data = rollout.Rollout(nthread=threads), [MjData(bare.model) for _ in range(threads)]
    repeated = np.repeat(A, bare.frame_skip, axis=1)

    def step_by_step():
        env.reset(seed=0)
        for action in A[0]:
            env.step(action)

    def raw():
        return pool.rollout([bare.model] * batch, data, np.tile(start, (batch, 1)), repeated)

    work = batch * horizon
    contestants = {
        "course.simulator": Contestant(lambda: simulator.rollout(start, A), work),
        "raw mujoco.rollout": Contestant(raw, work),
    }
    if threads == 1:
        contestants["a loop over env.step"] = Contestant(step_by_step, horizon)
    return Contest(f"{name}: {batch} plans of {horizon} steps on {threads} thread(s)", "steps", contestants)


def measure(quick: bool, build: Path) -> dict[str, dict[str, float]]:
    """Run all contests and return title -> contestant -> units a second."""
    try:
        peers = planning_peers.load(build)
    except (OSError, ImportError) as reason:
        raise UserError(f"the peers cannot be installed: {reason}") from None
    student = reference()
    contests = [cem_contest(double_integrator(), student, peers), cem_contest(swingup_pendulum(), student, peers)]
    contests.append(uct_contest(student, peers))
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        contests += [rollout_contest(name, threads, 50, 15) for name in ("Reacher-v5", "HalfCheetah-v5")]
    result = {}
    for contest in contests:
        measured = rates(contest, 1 if quick else 7, 1 if quick else 3)
        result[contest.title] = measured
        console.print(table(contest, measured))
    return result


def table(contest: Contest, measured: dict[str, float]) -> Table:
    """Return one contest for the terminal, with the ratio of ours (the first) to each."""
    shown = Table(title=f"{contest.title}: {contest.unit} a second", title_justify="left")
    shown.add_column("", no_wrap=True)
    shown.add_column(f"{contest.unit} / s", justify="right")
    shown.add_column("ours / this", justify="right")
    ours = next(iter(measured.values()))
    for name, rate in measured.items():
        shown.add_row(name, f"{rate:,.0f}", f"{ours / rate:.2f}")
    return shown


def main(
    quick: Annotated[bool, typer.Option("--quick", help="one round, to see that everything runs")] = False,
    out: Annotated[Path, typer.Option(help="where planning.json goes")] = PROJECT / "build" / "bench",
) -> None:
    """Measure homework 1's planners beside their peers."""
    try:
        result = measure(quick, PROJECT / "build")
    except UserError as error:
        sys.exit(f"benchmark: {error}")
    out.mkdir(parents=True, exist_ok=True)
    path = out / "planning.json"
    path.write_text(json.dumps({"targets": TARGETS, "rates": result}, indent=2) + "\n")
    console.print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
