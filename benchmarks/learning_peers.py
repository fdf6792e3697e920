"""mbrl-lib's model, trainer, buffer and agent, put together for the course's pendulum.

mbrl-lib is installed as for `benchmarks.planning`: into a folder of its own, without its declared dependencies.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks import planning_peers


class Agent:
    """Algorithm 3 of mbrl-lib: a deterministic network, CEM on it, and a replay buffer.

    settings: sizes of the planner and of the fit, as `benchmarks.learning` gives them to ours.
    """

    def __init__(self, system, settings, build: Path, rows: int):
        planning_peers.load(build)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import gymnasium
            import mbrl.models
            import mbrl.planning
            import mbrl.util
            import omegaconf
        self.mbrl, self.settings = mbrl, settings
        net = mbrl.models.GaussianMLP(
            system.n + 1 + system.m,  # the angle goes in as its cos and sin
            system.n,
            torch.device("cpu"),
            num_layers=len(settings.hidden),
            hid_size=settings.hidden[0],
            deterministic=True,
            activation_fn_cfg={"_target_": "torch.nn.SiLU"},
        )
        self.model = mbrl.models.OneDTransitionRewardModel(
            net, target_is_delta=True, normalize=True, learned_rewards=False, obs_process_fn=directions
        )
        self.buffer = mbrl.util.ReplayBuffer(rows, (system.n,), (system.m,), rng=np.random.default_rng(0))
        spaces = SimpleNamespace(
            observation_space=gymnasium.spaces.Box(-np.inf, np.inf, (system.n,)),
            action_space=gymnasium.spaces.Box(system.low, system.high),
        )
        draws = torch.Generator().manual_seed(0)
        imagined = mbrl.models.ModelEnv(spaces, self.model, never, reward, generator=draws)
        optimiser = {
            "_target_": "mbrl.planning.CEMOptimizer",
            "num_iterations": settings.iterations,
            "elite_ratio": settings.M / settings.N,
            "population_size": settings.N,
            "alpha": 0.1,
            "device": "cpu",
            "lower_bound": None,
            "upper_bound": None,
            "clipped_normal": True,
        }
        self.agent = mbrl.planning.TrajectoryOptimizerAgent(
            omegaconf.OmegaConf.create(optimiser), system.low, system.high, planning_horizon=settings.T
        )
        self.agent.set_trajectory_eval_fn(lambda s, A: imagined.evaluate_action_sequences(A, s, 1))

    def add(self, s, a, s_next) -> None:
        """Keep one transition."""
        self.buffer.add(*(np.float32(each) for each in (s, a, s_next)), 0.0, False, False)

    def fit(self) -> None:
        """Train on everything kept, from the present weights, as its own loop does."""
        from mbrl.util.common import get_basic_buffer_iterators

        self.model.update_normalizer(self.buffer.get_all())
        batches, _ = get_basic_buffer_iterators(self.buffer, self.settings.batch, 0.0)
        trainer = self.mbrl.models.ModelTrainer(self.model, optim_lr=1e-3)
        trainer.train(batches, num_epochs=self.settings.epochs, evaluate=False, silent=True)

    def reset(self) -> None:
        """Begin an episode."""
        self.agent.reset()

    def act(self, s):
        """Plan from the state s: [n] and return the first action."""
        return self.agent.act(s)


def directions(s):
    """Return cos and sin of the angle beside the speed, for arrays and tensors [..., 2]."""
    if isinstance(s, np.ndarray):
        return np.concatenate([np.cos(s[..., :1]), np.sin(s[..., :1]), s[..., 1:]], axis=-1)
    return torch.cat([torch.cos(s[..., :1]), torch.sin(s[..., :1]), s[..., 1:]], dim=-1)


def reward(a, s_next):
    """Return [N, 1], the pendulum's reward in plain torch; mbrl-lib pays for the state after the step."""
    angle = (s_next[:, :1] + math.pi) % (2 * math.pi) - math.pi
    return -(angle**2 + 0.1 * s_next[:, 1:] ** 2 + 0.001 * a**2)


def never(a, s_next):
    """Return [N, 1]: no state ends the episode."""
    return torch.zeros(len(s_next), 1, dtype=torch.bool)
