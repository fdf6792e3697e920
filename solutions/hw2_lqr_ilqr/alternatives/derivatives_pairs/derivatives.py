"""All evaluations in one call; Hessians from the four corners of every pair of coordinates, mirrored."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
import torch
from expansion import Expansion

EPS = np.finfo(float).eps  # 2.2e-16, the spacing of numbers at 1: what rounding leaves of a value of size 1


class Network:
    """A small neural network, y = W2' tanh(W1' z + b1) + b2, for arrays and tensors alike. Given: use it as it is.

    W1: [d, hidden].  b1: [hidden].  W2: [hidden, ...].  b2: [...], the shape of one result.
    """

    def __init__(self, W1, b1, W2, b2):
        self.weights = [np.array(part, dtype=float) for part in (W1, b1, W2, b2)]

    def __call__(self, z):
        """Return y [N, ...] for z [N, d], an array or a tensor; it computes in the precision of z."""
        if isinstance(z, torch.Tensor):
            W1, b1, W2, b2 = (torch.as_tensor(part, dtype=z.dtype) for part in self.weights)
            return torch.tensordot(torch.tanh(z @ W1 + b1), W2, dims=1) + b2
        W1, b1, W2, b2 = self.weights
        return np.tensordot(np.tanh(z @ W1 + b1), W2, 1) + b2


def differences(f: Callable, z: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the central differences of f at z: entry [..., i] is the derivative in coordinate i.

    f: [N, d] -> [N, ...], row by row, for any N; called once with 2 d N rows, or 2 d times with N.  z: [N, d].
    h: [N, d], above 0: how far coordinate i of point j moves to either side, the others staying where they are.
    """
    N, d = z.shape
    moves = h[:, None, :] * np.eye(d)  # [N, d, d]
    ends = np.stack([z[:, None] + moves, z[:, None] - moves])
    y = f(ends.reshape(-1, d))
    y = y.reshape(2, N, d, *y.shape[1:])
    change = y[0] - y[1]
    return np.moveaxis(change / (2 * h).reshape(N, d, *(1,) * (change.ndim - 2)), 1, -1)


def jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by central differences.

    f: [N, d] -> [N, ...], row by row; called with at most 2 d N rows altogether.  z: [N, d].
    """
    return differences(f, z, np.cbrt(EPS) * (1.0 + np.abs(z)))


def hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by central differences, exactly symmetric.

    f: [N, d] -> [N, ...], row by row; called with at most (2 d)^2 N rows altogether, or a few more.  z: [N, d].
    """
    h = EPS**0.25 * np.maximum(1.0, np.abs(z))
    d = z.shape[1]
    unit = np.eye(d)
    H = None
    for i in range(d):
        for j in range(i + 1):
            a, b = h * unit[i], h * unit[j]
            corner = f(z + a + b) - f(z + a - b) - f(z - a + b) + f(z - a - b)
            if H is None:
                H = np.zeros((*corner.shape, d, d))
            area = (4 * h[:, i] * h[:, j]).reshape(-1, *(1,) * (corner.ndim - 1))
            H[..., i, j] = H[..., j, i] = corner / area
    return H


def slopes(f: Callable, z: torch.Tensor) -> torch.Tensor:
    """Return [N, ..., d], the first derivatives of f at the points z; the result can be differentiated again.

    f: tensor [N, d] -> tensor [N, ...], row by row.  z: tensor [N, d].
    """
    y = f(z)
    rows = []
    for component in y.reshape(len(z), -1).sum(0):
        (gradient,) = torch.autograd.grad(component, z, create_graph=True)
        rows.append(gradient)
    return torch.stack(rows, dim=1).reshape(*y.shape, z.shape[1])


def autograd_jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by automatic differentiation, exact to rounding.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    return slopes(f, torch.from_numpy(np.array(z, dtype=float)).requires_grad_()).detach().numpy()


def autograd_hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by automatic differentiation.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    z = torch.from_numpy(np.array(z, dtype=float)).requires_grad_()
    return slopes(lambda y: slopes(f, y), z).detach().numpy()


class MujocoDynamics:
    """One step of a MuJoCo model as a function of state and control, and its derivatives.

    x = (qpos, qvel), n = 2 nv states; u = ctrl, m controls. Both methods depend on their arguments only, not on what
    was simulated before.
    """

    def __init__(self, xml: str):
        """Compile the model. xml: MJCF text of a model with hinges and slides only (nq = nv), without activations."""
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.data = mujoco.MjData(self.model)
        if self.model.nq != self.model.nv or self.model.na:
            raise ValueError(
                f"MujocoDynamics: nq = {self.model.nq}, nv = {self.model.nv}, na = {self.model.na}, expected nq = nv "
                "and na = 0; free and ball joints and actuators with a state of their own are not supported"
            )
        self.n, self.m = 2 * self.model.nv, self.model.nu

    def load(self, x: np.ndarray, u: np.ndarray) -> None:
        """Put the simulator into state x [n] with control u [m], and clear what it remembers.

        The constraint solver starts from `data.qacc_warmstart`, the accelerations of the step before; contacts, joint
        limits and friction would make the result depend on it.
        """
        mujoco.mj_resetData(self.model, self.data)
        nv = self.model.nv
        self.data.qpos, self.data.qvel, self.data.ctrl = x[:nv], x[nv:], u

    def step(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return the next states [..., n] of states x [..., n] with controls u [..., m], row by row."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        result = np.empty_like(x)
        for row in np.ndindex(x.shape[:-1]):
            self.load(x[row], u[row])
            mujoco.mj_step(self.model, self.data)
            result[row] = np.concatenate([self.data.qpos, self.data.qvel])
        return result

    def linearise(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return F [T, n, d], the derivatives of the next state at x [T, n], u [T, m]: [dx'/dx, dx'/du] of each row.

        By `mujoco.mjd_transitionFD`, which the integrator RK4 does not support.
        """
        F = np.empty((len(x), self.n, self.n + self.m))
        for t in range(len(x)):
            A, B = np.zeros((self.n, self.n)), np.zeros((self.n, self.m))
            self.load(x[t], u[t])
            mujoco.mjd_transitionFD(self.model, self.data, 1e-6, 1, A, B, None, None)
            F[t, :, : self.n], F[t, :, self.n :] = A, B
        return F


def expand(
    step: Callable,
    stage: Callable,
    final: Callable,
    x: np.ndarray,
    u: np.ndarray,
    *,
    jacobian: Callable = jacobian,
    hessian: Callable = hessian,
    linearise: Callable | None = None,
    second_order: bool = False,
) -> Expansion:
    """Expand dynamics to first and cost to second order along the trajectory x [T+1, n], u [T, m].

    step(x [N, n], u [N, m]) -> [N, n], stage(x, u) -> [N], final(x) -> [N]: dynamics and costs, row by row.
    jacobian(f, z), hessian(f, z): how to differentiate, such as the functions above.
    linearise(x [T, n], u [T, m]) -> F [T, n, d]: if given, it is asked for F, and `jacobian` is not.
    second_order: whether to find D [T, n, d, d] as well, the second derivatives of the dynamics; else D is None.
    """
    n = x.shape[1]

    def dynamics(z):
        return step(z[:, :n], z[:, n:])

    def cost(z):
        return stage(z[:, :n], z[:, n:])

    z = np.hstack([x[:-1], u])
    last = x[-1][None, :]
    if linearise is not None:
        F = linearise(x[:-1], u)
    else:
        F = jacobian(dynamics, z)
    D = None
    if second_order:
        D = hessian(dynamics, z)
    return Expansion(
        F, hessian(cost, z), jacobian(cost, z), hessian(final, last).squeeze(0), jacobian(final, last).squeeze(0), D
    )
