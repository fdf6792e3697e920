"""Derivatives along a trajectory: what turns a nonlinear problem into a linear-quadratic one.

Near a nominal trajectory x_0 … x_T, u_0 … u_{T-1}, with dz = [dx; du] the deviation from it,

    dx_{t+1} = F_t dz_t                                             F_t: first derivatives of the dynamics
    cost     = sum_t 1/2 dz_t' C_t dz_t + dz_t' c_t                 c_t, C_t: first and second derivatives of the cost
               + 1/2 dx_T' C_final dx_T + dx_T' c_final             constants dropped

There are three ways to the derivatives: differences of values, for a program that can only be run; automatic
differentiation, for formulas that torch can follow; and the simulator's own routine.

Notation: n states, m controls, d = n + m, T steps, z = [x; u]. A function f is differentiated at N points at once:
it maps [N, d] to [N, ...], row by row, so that no row of the result depends on another row of z.
"""

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
    # BEGIN SOLUTION 2.4: move each coordinate both ways, ask f once for all these points, and divide by the distances
    N, d = z.shape
    moves = np.eye(d)[:, None] * h  # [d, N, d]: moves[i] is h in coordinate i and 0 in the others
    points = np.stack([z + moves, z - moves]).reshape(2 * d * N, d)
    y = f(points)  # one call: its overhead is paid once, not 2 d times
    forth, back = y.reshape(2, d, N, *y.shape[1:])
    J = np.moveaxis(forth - back, (1, 0), (-2, -1)) / (2 * h)  # [..., N, d]: the last axes are those of h
    return np.moveaxis(J, -2, 0)
    # END SOLUTION


def jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by central differences.

    f: [N, d] -> [N, ...], row by row; called with at most 2 d N rows altogether.  z: [N, d].
    """
    # BEGIN SOLUTION 2.4: central differences, with the best step for each coordinate of each point
    h = EPS ** (1 / 3) * np.abs(z).clip(1.0)
    return differences(f, z, h)
    # END SOLUTION


def hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by central differences, exactly symmetric.

    f: [N, d] -> [N, ...], row by row; called with at most (2 d)^2 N rows altogether, or a few more.  z: [N, d].
    """
    # BEGIN SOLUTION 2.4: differences of differences, with the best step for these; rounding leaves them a bit skew
    h = EPS ** (1 / 4) * np.abs(z).clip(1.0)
    H = differences(lambda y: differences(f, y, np.resize(h, y.shape)), z, h)  # y: the N points, moved 2 d times
    return (H + np.swapaxes(H, -1, -2)) / 2
    # END SOLUTION


def slopes(f: Callable, z: torch.Tensor) -> torch.Tensor:
    """Return [N, ..., d], the first derivatives of f at the points z; the result can be differentiated again.

    f: tensor [N, d] -> tensor [N, ...], row by row.  z: tensor [N, d].
    """
    # BEGIN SOLUTION 2.4: the derivative of the sum over rows has all that is wanted: no row depends on another
    J = torch.autograd.functional.jacobian(lambda y: f(y).sum(0), z, create_graph=True)  # [..., N, d]
    return J.movedim(-2, 0)
    # END SOLUTION


def autograd_jacobian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d], the first derivatives of f at the points z by automatic differentiation, exact to rounding.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    # BEGIN SOLUTION 2.4: to torch in double precision, and back to NumPy
    J = slopes(f, torch.tensor(z, dtype=torch.float64))
    return J.detach().numpy()
    # END SOLUTION


def autograd_hessian(f: Callable, z: np.ndarray) -> np.ndarray:
    """Return [N, ..., d, d], the second derivatives of f at the points z by automatic differentiation.

    f: tensor [N, d] -> tensor [N, ...], row by row, of functions that torch knows.  z: array [N, d].
    """
    # BEGIN SOLUTION 2.4: the slopes of the slopes, in double precision
    H = slopes(lambda y: slopes(f, y), torch.tensor(z, dtype=torch.float64))
    return H.detach().numpy()
    # END SOLUTION


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
        # BEGIN SOLUTION 2.4: qpos and qvel, the control, no warm start
        self.data.qpos[:], self.data.qvel[:] = np.split(x, 2)
        self.data.ctrl[:] = u
        self.data.qacc_warmstart[:] = 0.0
        # END SOLUTION

    def step(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return the next states [..., n] of states x [..., n] with controls u [..., m], row by row."""
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        result = np.empty_like(x)
        # BEGIN SOLUTION 2.4: for each row (np.ndindex(x.shape[:-1])): load it, let the simulator step, read the state
        for row in np.ndindex(x.shape[:-1]):
            self.load(x[row], u[row])
            mujoco.mj_step(self.model, self.data)
            result[row] = np.concatenate([self.data.qpos, self.data.qvel])
        # END SOLUTION
        return result

    def linearise(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return F [T, n, d], the derivatives of the next state at x [T, n], u [T, m]: [dx'/dx, dx'/du] of each row.

        By `mujoco.mjd_transitionFD`, which the integrator RK4 does not support.
        """
        F = np.empty((len(x), self.n, self.n + self.m))
        # BEGIN SOLUTION 2.4: for each t: load it; centred differences with eps 1e-6 fill two blocks of F_t
        A, B = np.empty((self.n, self.n)), np.empty((self.n, self.m))
        for t in range(len(x)):
            self.load(x[t], u[t])
            mujoco.mjd_transitionFD(self.model, self.data, 1e-6, True, A, B, None, None)
            F[t] = np.concatenate([A, B], axis=1)
        # END SOLUTION
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

    # BEGIN SOLUTION 2.4: all T steps in one batch, the final cost at x_T as a batch of one, D if asked
    z = np.concatenate([x[:-1], u], axis=1)
    F = jacobian(dynamics, z) if linearise is None else linearise(x[:-1], u)
    C, c = hessian(cost, z), jacobian(cost, z)
    (C_final,), (c_final,) = hessian(final, x[-1:]), jacobian(final, x[-1:])
    D = hessian(dynamics, z) if second_order else None
    return Expansion(F, C, c, C_final, c_final, D)
    # END SOLUTION
