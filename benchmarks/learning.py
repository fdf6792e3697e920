"""Measure homework 3's Algorithm 3 beside mbrl-lib's agent: same pendulum, network, search and fits, in one process.

    python -m benchmarks.learning [--quick] [--out build/bench]

Both begin with two random episodes, fit a network to them, and then plan every real step; after each episode they fit
again to all data. Rounds run both in turn, forwards and backwards alternately. One thread, and CPU seconds of whole
runs over the real steps they made; a number is the median of the rounds.
"""

from __future__ import annotations

import json
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
from benchmarks.learning_peers import Agent
from course.envs import SystemEnv
from course.systems import swingup_pendulum

TARGET = 3.0  # mbrl-lib's time for a real step over ours
STEPS, BEFORE, EPISODES = 100, 2, 2  # of an episode; random episodes; planned ones
console = Console(highlight=False, width=118)


class Settings(NamedTuple):
    """What both do: CEM with N candidates, M elites and iterations over T steps; hidden layers, passes and batches."""

    T: int = 30
    N: int = 200
    M: int = 20
    iterations: int = 5
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 100
    batch: int = 64


class Clock:
    """CPU seconds of one run: of all of it, and of the fits in it; and what its planned episodes earned."""

    def __init__(self):
        self.fits, self.returns = 0.0, []
        self.began = time.process_time()

    def fit(self, run: Callable):
        """Run a fit, and keep its time."""
        began = time.process_time()
        result = run()
        self.fits += time.process_time() - began
        return result

    def stop(self) -> Clock:
        """Keep the time of the whole."""
        self.whole = time.process_time() - self.began
        return self


def reference(name: str):
    """Import a module of the reference solution of homework 3, as it stands, with the files it is given."""
    import importlib

    for folder in (find("hw3").solutions, find("hw1").solutions):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    return importlib.import_module(name)


def ours(system, settings: Settings, data) -> Callable[[], Clock]:
    """Return a run of the reference's Algorithm 3."""
    algorithms, neural_model = reference("algorithms"), reference("neural_model")

    def run():
        clock, env = Clock(), SystemEnv(system, STEPS)
        model = neural_model.NeuralModel(system.n, system.m, (0,), hidden=settings.hidden)
        size = {"N": settings.N, "M": settings.M, "iterations": settings.iterations}
        plan = algorithms.cem_planner(system.reward, system.low, system.high, np.random.default_rng(0), **size)
        passes = {"epochs": settings.epochs, "batch": settings.batch, "anew": False, "progress": False}

        def fit(D):
            clock.fit(lambda: model.fit(D.s, D.a, D.s_next, **passes))
            return model.function()

        sizes = {"steps": STEPS, "episodes": EPISODES, "T": settings.T, "every": STEPS}
        history = algorithms.algorithm3(env, data, fit, plan, **sizes)
        clock.returns = history.returns.tolist()
        return clock.stop()

    return run


def theirs(system, settings: Settings, data) -> Callable[[], Clock]:
    """Return a run of mbrl-lib's agent with its own model, trainer and replay buffer."""

    def run():
        clock, env = Clock(), SystemEnv(system, STEPS)
        agent = Agent(system, settings, PROJECT / "build", rows=(BEFORE + EPISODES) * STEPS)
        for row in zip(data.s, data.a, data.s_next, strict=True):
            agent.add(*row)
        for _ in range(EPISODES):
            clock.fit(agent.fit)
            agent.reset()
            (s, _), total, over = env.reset(), 0.0, False
            while not over:
                a = agent.act(s)
                s_next, r, _, over, _ = env.step(a)
                agent.add(s, a, s_next)
                s, total = s_next, total + r
            clock.returns.append(total)
        return clock.stop()

    return run


def measure(quick: bool) -> dict[str, dict[str, float]]:
    """Run both in turn; return milliseconds a real step: of the whole, of the planning and of the fits."""
    import torch

    torch.set_num_threads(1)
    system, settings = swingup_pendulum(), Settings()
    collect = reference("algorithms").collect_random
    data = collect(SystemEnv(system, STEPS), BEFORE, STEPS, np.random.default_rng(0))
    runs = {"ours": ours(system, settings, data), "mbrl-lib": theirs(system, settings, data)}
    try:
        for run in runs.values():
            run()  # warm up
    except (OSError, ImportError) as reason:
        raise UserError(f"the peer cannot be installed: {reason}") from None
    clocks: dict[str, list[Clock]] = {name: [] for name in runs}
    for turn in range(1 if quick else 7):
        for name in list(runs) if turn % 2 == 0 else reversed(runs):
            clocks[name].append(runs[name]())
    return {name: summary(each) for name, each in clocks.items()}


def summary(clocks: list[Clock]) -> dict[str, float]:
    """Return the medians of some runs."""
    steps = EPISODES * STEPS / 1000  # for milliseconds a step
    return {
        "whole": median(clock.whole for clock in clocks) / steps,
        "planning": median(clock.whole - clock.fits for clock in clocks) / steps,
        "fits": median(clock.fits for clock in clocks) / steps,
        "last return": median(clock.returns[-1] for clock in clocks),
    }


def table(result: dict[str, dict[str, float]]) -> Table:
    """Return the comparison for the terminal."""
    settings = Settings()
    evaluations = settings.N * settings.T * settings.iterations
    title = f"Algorithm 3 on the pendulum, {evaluations:,} model evaluations a real step: CPU ms a real step"
    shown = Table(title=title, title_justify="left")
    shown.add_column("", no_wrap=True)
    for name in ("whole", "/ ours", "planning", "/ ours", "fits", "/ ours", "last return"):
        shown.add_column(name, justify="right")
    for name, row in result.items():
        parts = [
            f"{each:.2f}"
            for part in ("whole", "planning", "fits")
            for each in (row[part], row[part] / result["ours"][part])
        ]
        shown.add_row(name, *parts, f"{row['last return']:.0f}")
    shown.caption = f"target: mbrl-lib's whole at least {TARGET:g} times ours"
    return shown


def main(
    quick: Annotated[bool, typer.Option("--quick", help="one round, to see that everything runs")] = False,
    out: Annotated[Path, typer.Option(help="where learning.json goes")] = PROJECT / "build" / "bench",
) -> None:
    """Measure homework 3's Algorithm 3 beside mbrl-lib."""
    try:
        result = measure(quick)
    except UserError as error:
        sys.exit(f"benchmark: {error}")
    console.print(table(result))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "learning.json"
    path.write_text(json.dumps({"target": TARGET, "settings": Settings()._asdict(), "ms": result}, indent=2) + "\n")
    console.print(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
