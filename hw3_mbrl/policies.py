"""What gradients flow through: policies, a small network as dynamics, a reward and the exact pendulum, all in torch.

    a = policy(theta, s)        s_next = dynamics(s, a)        r = reward(s, a)

Each is called with tensors of float64, s [..., n] and a [..., m], and remembers how its result was made, so that
torch can differentiate it. A policy holds no parameters of its own: they are one vector theta [P], an argument.
"""

from __future__ import annotations

import numpy as np
import torch

from course.systems import swingup_pendulum


class LinearPolicy:
    """a = K s + k, where theta [m n + m] is K row by row, then k."""

    def __init__(self, n: int, m: int):
        self.n, self.m, self.size = n, m, m * n + m

    def __call__(self, theta, s):
        """theta: [P], s: [..., n]. Returns a: [..., m]."""
        K, k = theta[: self.m * self.n].reshape(self.m, self.n), theta[self.m * self.n :]
        return s @ K.T + k


class TanhPolicy:
    """a = limit tanh(W2 tanh(W1 x + b1) + b2): smooth, and never beyond its limit.

    x is the cosines of those numbers of the state that are angles, then their sines, then the other numbers.
    theta [P] is W1, b1, W2, b2, each row by row; `size` is P.
    """

    def __init__(self, n: int, m: int, hidden: int = 16, limit: float = 1.0, angles: tuple[int, ...] = ()):
        d = n + len(angles)
        self.limit, self.angles = limit, list(angles)
        self.shapes = [(hidden, d), (hidden,), (m, hidden), (m,)]
        self.size = sum(int(np.prod(shape)) for shape in self.shapes)

    def __call__(self, theta, s):
        """theta: [P], s: [..., n]. Returns a: [..., m], each number between -limit and limit."""
        parts = torch.split(theta, [int(np.prod(shape)) for shape in self.shapes])
        W1, b1, W2, b2 = (part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True))
        if self.angles:
            q, others = s[..., self.angles], [i for i in range(s.shape[-1]) if i not in self.angles]
            s = torch.cat([torch.cos(q), torch.sin(q), s[..., others]], dim=-1)
        return self.limit * torch.tanh(torch.tanh(s @ W1.T + b1) @ W2.T + b2)

    def initial(self, rng: np.random.Generator):
        """Draw parameters [P] with which the policy does a little of everything: actions of about limit / 3."""
        W1, W2 = (rng.normal(size=(rows, columns)) / np.sqrt(columns) for rows, columns in self.shapes[::2])
        b1, b2 = (np.zeros(shape) for shape in self.shapes[1::2])
        return np.concatenate([W1.ravel(), b1, W2.ravel() / 2, b2])

    def act(self, theta, s):
        """Return the action [m] in one state [n], on NumPy arrays: the policy as a real system needs it."""
        with torch.no_grad():
            return self(torch.as_tensor(theta, dtype=torch.float64), torch.as_tensor(s, dtype=torch.float64)).numpy()


class NetworkDynamics(torch.nn.Module):
    """s_next = s + W2 tanh(W1 [s; a] + b1) + b2, a learned model in small. Its weights are parameters of its own."""

    def __init__(self, W1, b1, W2, b2):
        """Take the weights W1: [h, n+m], b1: [h], W2: [n, h], b2: [n]."""
        super().__init__()
        self.W1, self.b1, self.W2, self.b2 = (
            torch.nn.Parameter(torch.tensor(each, dtype=torch.float64)) for each in (W1, b1, W2, b2)
        )

    def forward(self, s, a):
        """s: [..., n], a: [..., m]. Returns the next state [..., n]."""
        return s + torch.tanh(torch.cat([s, a], dim=-1) @ self.W1.T + self.b1) @ self.W2.T + self.b2

    def left_behind(self) -> float:
        """Return the size of what lies in `.grad` of the weights: 0 as long as nobody has put anything there."""
        return float(sum(weight.grad.abs().sum() for weight in self.parameters() if weight.grad is not None))


class QuadraticReward:
    """r = -1/2 z' C z - z' c of z = [s; a]."""

    def __init__(self, C, c):
        """Take C: [n+m, n+m], symmetric, and c: [n+m]."""
        self.C, self.c = torch.tensor(C, dtype=torch.float64), torch.tensor(c, dtype=torch.float64)

    def __call__(self, s, a):
        """s: [..., n], a: [..., m]. Returns r: [...]."""
        z = torch.cat([s, a], dim=-1)
        return -0.5 * ((z @ self.C) * z).sum(-1) - z @ self.c


class PendulumStep:
    """The exact dynamics of the pendulum whose motor gives at most `torque` N m."""

    def __init__(self, torque: float = 6.0):
        self.system = swingup_pendulum(torque)

    def __call__(self, s, a):
        """s: [..., 2], a: [..., 1]. Returns the next state [..., 2]."""
        return self.system.step(s, a)


class PendulumReward:
    """What that pendulum pays."""

    def __init__(self, torque: float = 6.0):
        self.system = swingup_pendulum(torque)

    def __call__(self, s, a):
        """s: [..., 2], a: [..., 1]. Returns r: [...]."""
        return self.system.reward(s, a)
