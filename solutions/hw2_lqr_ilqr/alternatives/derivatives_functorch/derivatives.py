"""Two calls for each coordinate, three points along the diagonal; torch.func with vmap; a new MjData for every row."""

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
    columns = []
    for i in range(z.shape[1]):
        move = np.zeros_like(z)
        move[:, i] = h[:, i]
        change = f(z + move) - f(z - move)
        columns.append((change.T / (2 * h[:, i])).T)  # .T puts the N rows last, where h is divided by
    return np.stack(columns, axis=-1)


def jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by central differences.

    f: [N, d] -> [N, ...], row by row; called with at most 2 d N rows altogether.  z: [N, d].
    """
    h = EPS ** (1 / 3) * np.maximum(1.0, np.abs(z))
    h = (z + h) - z  # a distance that is representable
    return differences(f, z, h)


def hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by central differences, exactly symmetric.

    f: [N, d] -> [N, ...], row by row; called with at most (2 d)^2 N rows altogether, or a few more.  z: [N, d].
    """
    h = EPS**0.25 * np.maximum(1.0, np.abs(z))
    d, middle = z.shape[1], f(z)
    H = np.zeros((*middle.shape, d, d))
    for i in range(d):
        a = h * np.eye(d)[i]
        up, down = f(z + a), f(z - a)
        H[..., i, i] = ((up - 2 * middle + down).T / h[:, i] ** 2).T
        for j in range(i):
            b = h * np.eye(d)[j]
            corner = f(z + a + b) - f(z + a - b) - f(z - a + b) + f(z - a - b)
            H[..., i, j] = H[..., j, i] = (corner.T / (4 * h[:, i] * h[:, j])).T
    return H


def slopes(f: Callable, z: torch.Tensor) -> torch.Tensor:
    """Return [N, ..., d], the first derivatives of f at the points z; the result can be differentiated again.

    f: tensor [N, d] -> tensor [N, ...], row by row.  z: tensor [N, d].
    """
    return torch.func.vmap(torch.func.jacrev(lambda row: f(row[None])[0]))(z)


def autograd_jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by automatic differentiation, exact to rounding.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    return slopes(f, torch.as_tensor(np.asarray(z, dtype=np.float64))).numpy()


def autograd_hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by automatic differentiation.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    rows = torch.func.vmap(torch.func.hessian(lambda row: f(row[None])[0]))
    return rows(torch.as_tensor(np.asarray(z, dtype=np.float64))).numpy()


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
        self.data = mujoco.MjData(self.model)
        self.data.qpos[:], self.data.qvel[:], self.data.ctrl[:] = x[: self.model.nv], x[self.model.nv :], u

    def step(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return the next states [..., n] of states x [..., n] with controls u [..., m], row by row."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        result = np.empty_like(x)
        for row in np.ndindex(x.shape[:-1]):
            self.load(x[row], u[row])
            mujoco.mj_step1(self.model, self.data)
            mujoco.mj_step2(self.model, self.data)
            result[row][: self.model.nv], result[row][self.model.nv :] = self.data.qpos, self.data.qvel
        return result

    def linearise(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return F [T, n, d], the derivatives of the next state at x [T, n], u [T, m]: [dx'/dx, dx'/du] of each row.

        By `mujoco.mjd_transitionFD`, which the integrator RK4 does not support.
        """
        F = np.empty((len(x), self.n, self.n + self.m))
        A, B = np.zeros((self.n, self.n), order="C"), np.zeros((self.n, self.m))
        for t, _ in enumerate(x):
            self.load(x[t], u[t])
            mujoco.mjd_transitionFD(self.model, self.data, 3e-6, 1, A, B, None, None)
            F[t] = np.hstack((A, B))
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

    z = np.concatenate([x[:-1], u], axis=1)
    F = jacobian(dynamics, z) if linearise is None else linearise(x[:-1], u)
    C, c = hessian(cost, z), jacobian(cost, z)
    (C_final,), (c_final,) = hessian(final, x[-1:]), jacobian(final, x[-1:])
    D = hessian(dynamics, z) if second_order else None
    return Expansion(F, C, c, C_final, c_final, D)
