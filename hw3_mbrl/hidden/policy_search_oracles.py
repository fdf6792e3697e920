"""Other ways to the answers of exercise 3.7: NumPy and differences, one linear system, enumeration, weighted means."""

from __future__ import annotations

import itertools

import numpy as np


class Toy:
    """A small nonlinear problem: a tanh policy, a network as dynamics and a quadratic reward, in NumPy.

    n, m, hidden: numbers a state, an action and a hidden layer have. The first number of a state is an angle.
    """

    def __init__(self, rng, n, m, hidden=3, limit=1.5):
        d = n + 1
        self.n, self.m, self.hidden, self.limit = n, m, hidden, limit
        self.shapes = [(hidden, d), (hidden,), (m, hidden), (m,)]
        self.theta = rng.normal(size=sum(int(np.prod(shape)) for shape in self.shapes))
        self.weights = [rng.normal(size=shape) / 2 for shape in [(4, n + m), (4,), (n, 4), (n,)]]
        root = rng.normal(size=(n + m, n + m)) / np.sqrt(n + m)
        self.C, self.c = root @ root.T, rng.normal(size=n + m)

    def of(self, student):
        """Make the same policy, dynamics and reward where the student's code runs."""
        made = student.policy_search
        return (
            made.TanhPolicy(self.n, self.m, self.hidden, self.limit, (0,)),
            made.NetworkDynamics(*(np.array(each) for each in self.weights)),
            made.QuadraticReward(np.array(self.C), np.array(self.c)),
        )

    def J(self, theta, s0, T):
        """Return the mean return of many parameters at once: theta [K, P], s0 [N, n] -> [K]."""
        parts = np.split(theta, np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1], axis=1)
        W1, b1, W2, b2 = (p.reshape(len(theta), *shape) for p, shape in zip(parts, self.shapes, strict=True))
        V1, c1, V2, c2 = self.weights
        s, total = np.broadcast_to(s0, (len(theta), *s0.shape)), 0.0
        for _ in range(T):
            x = np.concatenate([np.cos(s[..., :1]), np.sin(s[..., :1]), s[..., 1:]], axis=-1)
            h = np.tanh(np.einsum("kni,khi->knh", x, W1) + b1[:, None])
            a = self.limit * np.tanh(np.einsum("knh,kmh->knm", h, W2) + b2[:, None])
            z = np.concatenate([s, a], axis=-1)
            total = total - (0.5 * np.einsum("kni,ij,knj->kn", z, self.C, z) + z @ self.c).mean(axis=1)
            s = s + np.tanh(z @ V1.T + c1) @ V2.T + c2
        return total

    def gradient(self, theta, s0, T, h=1e-5):
        """Return dJ/dtheta [P] by central differences; they are right to about 1e-9."""
        moves = h * np.eye(len(theta))
        return (self.J(theta + moves, s0, T) - self.J(theta - moves, s0, T)) / (2 * h)


def pendulum_gradient(K, s0, T, torque):
    """Return dJ/dtheta [3] of a linear policy a = K[:2] s + K[2] on the exact pendulum, step by step, on plain numbers.

    What is cut off (a motor at its limit, a speed beyond 8 rad/s) passes no derivative on.
    """
    (th, w), dth, dw, total = s0, np.zeros(3), np.zeros(3), np.zeros(3)
    for _ in range(T):
        push = K[0] * th + K[1] * w + K[2]
        dpush = np.array([th, w, 1.0]) + K[0] * dth + K[1] * dw
        if abs(push) > torque:
            push, dpush = np.sign(push) * torque, np.zeros(3)
        angle = (th + np.pi) % (2 * np.pi) - np.pi
        total -= 2 * angle * dth + 0.2 * w * dw + 0.002 * push * dpush
        w, dw = w + 0.05 * (15 * np.sin(th) + 3 * push), dw + 0.05 * (15 * np.cos(th) * dth + 3 * dpush)
        if abs(w) > 8:
            w, dw = np.sign(w) * 8.0, np.zeros(3)
        th, dth = th + 0.05 * w, dth + 0.05 * dw
    return total


def draw_path(rng, T, n, m, P):
    """Draw derivatives of a path: f_s, f_a, pi_s, pi_theta, r_s, r_a."""
    shapes = [(T, n, n), (T, n, m), (T, m, n), (T, m, P), (T, n), (T, m)]
    scales = [0.8 / np.sqrt(n), 1.0, 0.6 / np.sqrt(n), 1.0, 1.0, 1.0]
    return [scale * rng.normal(size=shape) for shape, scale in zip(shapes, scales, strict=True)]


def path_gradient(f_s, f_a, pi_s, pi_theta, r_s, r_a):
    """Return dJ/dtheta [P]: all states and actions at once, as one linear system M z = B theta."""
    T, n, m = f_a.shape
    d = n + m
    M, B = np.eye(T * d), np.zeros((T * d, pi_theta.shape[2]))
    for t in range(T):
        s, a = slice(t * d, t * d + n), slice(t * d + n, (t + 1) * d)
        M[a, s], B[a] = -pi_s[t], pi_theta[t]
        if t + 1 < T:
            after = slice((t + 1) * d, (t + 1) * d + n)
            M[after, s], M[after, a] = -f_s[t], -f_a[t]
    return np.concatenate([r_s, r_a], axis=1).ravel() @ np.linalg.solve(M, B)


def episodes_gradient(scores, rewards):
    """Return the estimate of `likelihood_ratio`, one reward at a time: what it adds to which score."""
    N, T, P = scores.shape
    total = np.zeros(P)
    for i, j, later in itertools.product(range(N), range(N), range(T)):
        if i == j or N > 1:
            share = 1 / N if i == j else -1 / (N * (N - 1))
            total += share * rewards[j, later] * scores[i, : later + 1].sum(axis=0)
    return total


class Coins:
    """Two tosses, 0 or 1, of coins whose odds are exp(theta): everything that can happen, with its probability.

    The second coin depends on the first toss: theta[1] after a 0, theta[2] after a 1. rewards: [2, 2, 2], of the
    tosses (first, second) and of time.
    """

    def __init__(self, rng):
        self.theta, self.rewards = rng.normal(size=3), rng.normal(size=(2, 2, 2)) + 2.0
        self.rewards[:, :, 0] = self.rewards[:, :1, 0]  # what is paid first cannot know the second toss

    def episodes(self, theta):
        """Yield probability, scores [2, 3] and rewards [2] of each of the four episodes."""
        p = 1 / (1 + np.exp(-theta))
        for first, second in itertools.product((0, 1), repeat=2):
            coin, scores = 1 + first, np.zeros((2, 3))
            scores[0, 0], scores[1, coin] = first - p[0], second - p[coin]
            chance = (p[0] if first else 1 - p[0]) * (p[coin] if second else 1 - p[coin])
            yield chance, scores, self.rewards[first, second]

    def gradient(self, h=1e-6):
        """Return the derivative [3] of the expected return, by differences."""

        def J(theta):
            return sum(chance * rewards.sum() for chance, _, rewards in self.episodes(theta))

        return np.array([(J(self.theta + h * e) - J(self.theta - h * e)) / (2 * h) for e in np.eye(3)])


def shortened(g, max_norm):
    """Return the point of the ball of radius max_norm on the way to g; zeros if g is not finite."""
    if not np.isfinite(g).all():
        return np.zeros_like(g)
    longest = np.sqrt(np.sum(g**2))
    return g if longest <= max_norm else max_norm * g / longest


def adam_path(objective, theta, steps, rate, max_norm):
    """Return all parameters [steps + 1, P] that Adam visits, going uphill.

    Not by its recursion: both of its averages are means of all gradients so far, whose weights 0.9^age and 0.999^age
    are divided by their sum. Checked against torch.optim.Adam, which takes seconds to load.
    """
    visited, seen = [np.array(theta)], []
    for _ in range(steps):
        seen.append(shortened(objective(visited[-1])[1], max_norm))
        age, g = np.arange(len(seen))[::-1], np.array(seen)
        mean, square = (np.average(x, axis=0, weights=w**age) for x, w in ((g, 0.9), (g**2, 0.999)))
        visited.append(visited[-1] + rate * mean / (np.sqrt(square) + 1e-8))
    return np.array(visited)
