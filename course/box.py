"""Limits on the controls, low <= u <= high, for an iLQR that knows nothing of them.

Clipping the controls that plain iLQR returns does not give the best controls within the limits: the backward pass went
on believing that more was to be had. Tassa, Mansard and Todorov (2014, doi:10.1109/ICRA.2014.6907001) put the limits
where the controls are chosen, into the backward pass. At every step a small quadratic program is solved,

    minimise over du    1/2 du' Q_uu du + du' q_u       subject to    low <= u_nominal + du <= high,

by Bertsekas' projected Newton method. Its minimiser is k_t. The controls that sit on a limit stay there whatever the
state, so their rows of K_t are zero; the others have the usual gains, of the free block of Q_uu.

    limited = Limited(task, low, high, expand, backward)
    solution = ilqr(task.x0, u, limited.step, limited.cost, limited.expand, backward=limited.backward)
    u = limited.within(solution.u)

Notation: n states, m controls, T steps; du_t = K_t dx_t + alpha k_t, costs are minimised.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course.systems.task import Task

ALPHAS = 0.5 ** np.arange(11)  # step lengths, the longest first
SUFFICIENT = 1e-4  # of the decrease that the quadratic model expects


def box_minimum(H, g, low, high, iterations: int = 50):
    """Minimise 1/2 y' H y + y' g over low <= y <= high by projected Newton steps.

    H: [m, m], symmetric; g, low, high: [m], low <= high, infinite where there is no limit.
    Returns y: [m] and free: [m] of bool, False where y sits on a limit and would go beyond; or None if the block of H
    that belongs to the free ones is not positive definite.
    """
    y = np.clip(np.zeros_like(g), low, high)
    for _ in range(iterations):
        slope = g + H @ y
        free = ~(((y <= low) & (slope > 0)) | ((y >= high) & (slope < 0)))
        block = H[np.ix_(free, free)]
        try:
            np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            return None
        move = np.zeros_like(g)
        move[free] = -np.linalg.solve(block, slope[free])
        if np.abs(move).max() <= 1e-12 * (1 + np.abs(y).max()):
            break
        # The whole step first; shorter ones if limits cut it so that the value would not fall.
        for alpha in ALPHAS:
            tried = np.clip(y + alpha * move, low, high)
            if (tried - y) @ (g + H @ (tried + y) / 2) <= SUFFICIENT * slope @ (tried - y):
                break
        y = tried
    return y, free


class Limited:
    """A task as `ilqr` may see it when its controls have limits: what it asks for is clipped, and planned for."""

    def __init__(self, task: Task, low, high, expand: Callable, backward: Callable):
        """Take the task and what an unlimited iLQR would use.

        low, high: [m], or one number for all controls.  expand(x [T+1, n], u [T, m]) -> an expansion.
        backward(E, mu, minimiser) -> gains, a NamedTuple with K and k, or None; it calls minimiser(Q_uu, Q_ux, q_u)
        -> (K_t, k_t) or None once for each step, from the last to the first.
        """
        self.task, self._expand, self._backward = task, expand, backward
        self.low, self.high = (np.broadcast_to(np.asarray(limit, dtype=float), (task.m,)) for limit in (low, high))
        self._u = self._beyond = np.zeros((0, task.m))

    def within(self, u):
        """Return the controls u [..., m] that are really used: u, clipped."""
        return np.clip(u, self.low, self.high)

    def step(self, x, u):
        """Return the state [n] after `u` [m], clipped."""
        return self.task.step(x, self.within(u))

    def cost(self, x, u) -> float:
        """Return J of the states x [T+1, n] and the controls u [T, m], clipped."""
        return self.task.cost(x, self.within(u))

    def expand(self, x, u):
        """Return the expansion around x [T+1, n] and the clipped controls, and remember these for `backward`."""
        self._u = self.within(u)
        self._beyond = u - self._u  # feedback asked for this much more than there is
        return self._expand(x, self._u)

    def backward(self, E, mu):
        """Return the gains around the last expansion's trajectory, or None; their controls k keep within the limits."""
        t = len(self._u)

        def minimiser(Q_uu, Q_ux, q_u):
            nonlocal t
            t -= 1
            found = box_minimum(Q_uu, q_u, self.low - self._u[t], self.high - self._u[t])
            if found is None:
                return None
            k, free = found
            K = np.zeros(Q_ux.shape)
            K[free] = -np.linalg.solve(Q_uu[np.ix_(free, free)], Q_ux[free])
            return K, k

        gains = self._backward(E, mu, minimiser)
        if gains is None:
            return None
        if t != 0:
            raise ValueError(
                f"Limited: backward called minimiser {len(self._u) - t} times, expected once for each of the "
                f"{len(self._u)} steps; use the function it is given, or the limits are not planned for"
            )
        return gains._replace(k=gains.k - self._beyond)
