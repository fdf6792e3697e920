"""Plain loops over coordinates and components, with ordinary fixed powers of ten as steps."""

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
    base = np.array(z, dtype=float)
    result = []
    for i in range(base.shape[1]):
        up, down = base.copy(), base.copy()
        up[:, i] += h[:, i]
        down[:, i] -= h[:, i]
        above, below = f(up), f(down)
        ends = zip(above, below, up[:, i], down[:, i], strict=True)
        result.append(np.array([(a - b) / (p - q) for a, b, p, q in ends]))
    return np.moveaxis(np.array(result), 0, -1)


def jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by central differences.

    f: [N, d] -> [N, ...], row by row; called with at most 2 d N rows altogether.  z: [N, d].
    """
    return differences(f, z, 1e-5 * np.maximum(1.0, np.abs(z)))


def hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by central differences, exactly symmetric.

    f: [N, d] -> [N, ...], row by row; called with at most (2 d)^2 N rows altogether, or a few more.  z: [N, d].
    """
    h = 1e-4 * np.maximum(1.0, np.abs(z))
    H = differences(lambda y: differences(f, y, h), z, h)
    return 0.5 * H + 0.5 * H.swapaxes(-2, -1)


def slopes(f: Callable, z: torch.Tensor) -> torch.Tensor:
    """Return [N, ..., d], the first derivatives of f at the points z; the result can be differentiated again.

    f: tensor [N, d] -> tensor [N, ...], row by row.  z: tensor [N, d].
    """
    total = f(z).sum(0)
    rows = [torch.autograd.grad(part, z, create_graph=True)[0] for part in total.reshape(-1)]
    return torch.stack(rows, 1).reshape(len(z), *total.shape, z.shape[1])


def autograd_jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by automatic differentiation, exact to rounding.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    points = torch.tensor(np.asarray(z).tolist(), dtype=torch.double, requires_grad=True)
    return slopes(f, points).detach().numpy()


def autograd_hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by automatic differentiation.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    points = torch.tensor(np.asarray(z).tolist(), dtype=torch.double, requires_grad=True)
    H = slopes(lambda y: slopes(f, y), points).detach().numpy()
    return (H + np.swapaxes(H, -1, -2)) / 2


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
        self.data.qpos[:], self.data.qvel[:] = np.split(x, 2)
        self.data.ctrl[:] = u
        self.data.qacc_warmstart[:] = 0.0

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
        A, B = np.empty((self.n, self.n)), np.empty((self.n, self.m))
        for t in range(len(x)):
            self.load(x[t], u[t])
            mujoco.mjd_transitionFD(self.model, self.data, 1e-6, True, A, B, None, None)
            F[t] = np.concatenate([A, B], axis=1)
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

    z = np.array([[*a, *b] for a, b in zip(x[:-1].tolist(), u.tolist(), strict=True)])
    F = linearise(x[:-1].copy(), u) if linearise else jacobian(dynamics, z)
    c, C = jacobian(cost, z), hessian(cost, z)
    end = x[len(u)][None]
    c_final, C_final = jacobian(final, end)[0], hessian(final, end)[0]
    D = hessian(dynamics, z) if second_order else None
    return Expansion(F=F, C=C, c=c, C_final=C_final, c_final=c_final, D=D)
