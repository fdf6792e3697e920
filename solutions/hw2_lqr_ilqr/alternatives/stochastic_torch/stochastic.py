"""Batches of torch; noise by a Cholesky factor of a Sigma that was raised by a little; traces as sums of products."""

import numpy as np
import torch


def tensors(*arrays):
    return [torch.as_tensor(np.asarray(a), dtype=torch.float64) for a in arrays]


def draw_noise(Sigma, N, rng):
    T, n, _ = Sigma.shape
    xi, Sigma = tensors(rng.standard_normal((N, T, n)), Sigma)
    L = torch.linalg.cholesky(Sigma + 1e-12 * torch.eye(n))
    return torch.einsum("tij,Ntj->tNi", L, xi).numpy()


def simulate(x0, F, f, K, k, w):
    x0, F, f, K, k, w = tensors(x0, F, f, K, k, w)
    x, u = [x0.expand(w.shape[1], -1)], []
    for F_t, f_t, K_t, k_t, w_t in zip(F, f, K, k, w, strict=True):
        u.append(torch.addmm(k_t, x[-1], K_t.T))
        x.append(torch.cat([x[-1], u[-1]], dim=1) @ F_t.T + f_t + w_t)
    return torch.stack(x).numpy(), torch.stack(u).numpy()


def total_costs(x, u, C, c):
    x, u, C, c = tensors(x, u, C, c)
    z = torch.cat([x[:-1], u], dim=2)
    return (torch.einsum("tNi,tij,tNj->N", z, C, z) / 2 + torch.einsum("tNi,ti->N", z, c)).numpy()


def noise_cost(V, Sigma):
    V, Sigma = tensors(V, Sigma)
    return (V[1:] * Sigma).sum().item() / 2


def moments(x0, S0, F, f, K, k, Sigma):
    x0, S0, F, f, K, k, Sigma = tensors(x0, S0, F, f, K, k, Sigma)
    mean, S = [x0], [S0]
    for t in range(len(K)):
        mean.append(F[t] @ torch.cat([mean[t], K[t] @ mean[t] + k[t]]) + f[t])
        joint = torch.cat([torch.cat([S[t], S[t] @ K[t].T], 1), torch.cat([K[t] @ S[t], K[t] @ S[t] @ K[t].T], 1)])
        S.append(F[t] @ joint @ F[t].T + Sigma[t])
    return torch.stack(mean).numpy(), torch.stack(S).numpy()


def expected_cost(mean, S, K, k, C, c):
    mean, S, K, k, C, c = tensors(mean, S, K, k, C, c)
    G = torch.cat([torch.eye(K.shape[2], dtype=torch.float64).expand(len(K), -1, -1), K], dim=1)
    z = torch.einsum("tij,tj->ti", G, mean[:-1])
    z[:, K.shape[2] :] += k
    second = torch.einsum("ti,tj->tij", z, z) + G @ S[:-1] @ G.mT
    return ((C * second).sum() / 2 + (c * z).sum()).item()
