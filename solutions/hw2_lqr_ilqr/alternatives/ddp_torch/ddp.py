"""Tensors inside and out, all curvatures contracted by one einsum, results in a dataclass."""

from dataclasses import dataclass

import torch


@dataclass
class Pass:
    K: torch.Tensor
    k: torch.Tensor
    V: torch.Tensor
    v: torch.Tensor
    linear: float
    quadratic: float


def tensors(arrays):
    return [torch.as_tensor(a, dtype=torch.float64) for a in arrays]


def curvature(D_t, v_next):
    D_t, v_next = tensors([D_t, v_next])
    return (v_next[:, None, None] * D_t).sum(0)


def value(Q, q, K, k):
    n = K.shape[1]
    xx, xu, ux, uu = Q[:n, :n], Q[:n, n:], Q[n:, :n], Q[n:, n:]
    return xx + xu @ K + K.T @ ux + K.T @ uu @ K, q[:n] + xu @ k + K.T @ q[n:] + K.T @ (uu @ k)


def backward(E, mu):
    F, C, c, V, v, D = tensors(E)
    n, d = F.shape[1:]
    out, ends, linear, quadratic = [], (V, v), 0.0, 0.0
    for t in reversed(range(len(F))):
        Q, q = C[t] + F[t].T @ V @ F[t] + curvature(D[t], v), c[t] + F[t].T @ v
        factor, failed = torch.linalg.cholesky_ex(Q[n:, n:] + mu * torch.eye(d - n, dtype=torch.float64))
        if failed:
            return None
        both = -torch.cholesky_solve(torch.cat([Q[n:, :n], q[n:, None]], dim=1), factor)
        K, k = both[:, :n], both[:, n]
        linear, quadratic = linear + float(k @ q[n:]), quadratic + float(k @ Q[n:, n:] @ k)
        V, v = value(Q, q, K, k)
        out.append((K, k, V, v))
    K, k, V, v = (list(reversed(part)) for part in zip(*out, strict=True))
    stacks = (torch.stack(part) for part in (K, k, [*V, ends[0]], [*v, ends[1]]))
    return Pass(*stacks, linear, quadratic)


def costates(E):
    F, _, c, _, lam, _ = tensors(E)
    n, out = len(lam), [lam]
    for t in reversed(range(len(F))):
        out.append(c[t, :n] + F[t, :, :n].T @ out[-1])
    return torch.stack(out[::-1])


def newton_direction(E):
    """The quadratic model of J as a function of the controls, differentiated twice."""
    F, C, c, C_final, c_final, D = tensors(E)
    T, n, d = F.shape
    bent = C + torch.einsum("ti,tijk->tjk", costates(E)[1:], D)

    def model(flat):
        dx, J = torch.zeros(n, dtype=torch.float64), 0.0
        for t, du in enumerate(flat.reshape(T, d - n)):
            z = torch.cat([dx, du])
            J = J + 0.5 * z @ bent[t] @ z + z @ c[t]
            dx = F[t] @ z
        return J + 0.5 * dx @ C_final @ dx + dx @ c_final

    zero = torch.zeros(T * (d - n), dtype=torch.float64)
    g = torch.autograd.functional.jacobian(model, zero)
    H = torch.autograd.functional.hessian(model, zero)
    return -torch.linalg.solve(H, g).reshape(T, d - n)
