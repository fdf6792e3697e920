"""The planners that homework 1 is measured beside, and what they need: adapters and an environment.

`mbrl` names old versions of hydra-core that no longer install, so the peers are put into a folder of their own
without their declared dependencies (requirements-bench-planning.txt lists what they really import) and are
imported from there into the same process as ours.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

from autograder.homework import PROJECT

REQUIREMENTS = PROJECT / "requirements-bench-planning.txt"


class Peers(NamedTuple):
    """mbrl-lib's optimiser, and mctspy's node and search classes."""

    CEMOptimizer: type
    Node: type
    Search: type


def install(build: Path) -> Path:
    """Put the peers into `build`/bench-planning, once; raise OSError where that fails."""
    folder = build / "bench-planning"
    done = folder / "installed"
    if not done.exists() or done.read_text() != REQUIREMENTS.read_text():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
        run = subprocess.run(
            [*command, "--target", str(folder), "-r", str(REQUIREMENTS)], capture_output=True, text=True
        )
        if run.returncode:
            raise OSError(run.stderr.strip().splitlines()[-1])
        done.write_text(REQUIREMENTS.read_text())
    return folder


def load(build: Path) -> Peers:
    """Import the peers."""
    folder = str(install(build))
    if folder not in sys.path:
        sys.path.append(folder)  # behind ours: only what is not there already comes from the folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mbrl.planning import CEMOptimizer
        from mctspy.tree.nodes import TwoPlayersGameMonteCarloTreeSearchNode
        from mctspy.tree.search import MonteCarloTreeSearch
    return Peers(CEMOptimizer, TwoPlayersGameMonteCarloTreeSearchNode, MonteCarloTreeSearch)


class State:
    """One of the course's two-player games as mctspy wants it: results as seen by player 1."""

    __slots__ = ("actions", "game", "next_to_move", "result", "state")

    def __init__(self, game, state, actions, player: int = 1, result: float = 0.0):
        self.game, self.state, self.actions, self.next_to_move, self.result = game, state, actions, player, result

    @property
    def game_result(self):
        return None if self.actions else self.result

    def is_game_over(self) -> bool:
        return not self.actions

    def get_legal_actions(self) -> list:
        return list(self.actions)

    def move(self, action) -> State:
        state, reward, actions = self.game.step(self.state, action)
        return State(self.game, state, actions, -self.next_to_move, self.next_to_move * reward)


def double_integrator_returns(A):
    """Return the double integrator's total reward, A [N, T, 1] -> J [N], in torch and nothing around it."""
    import torch

    p, v, J = torch.ones(len(A)), torch.zeros(len(A)), torch.zeros(len(A))
    for a in A[..., 0].clamp(-5, 5).unbind(1):
        J = J - 0.5 * (p * p + 0.1 * v * v + 0.01 * a * a)
        p, v = p + 0.1 * v + 0.005 * a, v + 0.1 * a
    return J - 5 * (p * p + v * v)


def swingup_pendulum_returns(A):
    """Return the swing-up pendulum's total reward, A [N, T, 1] -> J [N], in torch and nothing around it."""
    import torch

    angle, rate, J = torch.full((len(A),), torch.pi), torch.zeros(len(A)), torch.zeros(len(A))
    for a in A[..., 0].clamp(-2, 2).unbind(1):
        J = J - (((angle + torch.pi) % (2 * torch.pi) - torch.pi) ** 2 + 0.1 * rate**2 + 0.001 * a**2)
        rate = (rate + 0.05 * (15 * torch.sin(angle) + 3 * a)).clamp(-8, 8)
        angle = angle + 0.05 * rate
    return J


PLAIN = {"double_integrator": double_integrator_returns, "swingup_pendulum": swingup_pendulum_returns}
"""The same objectives as a user of mbrl-lib would write them."""
