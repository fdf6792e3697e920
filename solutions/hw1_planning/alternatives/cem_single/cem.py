"""Single precision, a partial sort, and plain tuples."""

import numpy as np

SINGLE = np.float32


def sample(mean, std, low, high, N, rng):
    noise = rng.standard_normal((mean.shape[1], N, mean.shape[0]), dtype=SINGLE)
    noise[:, 0] = 0
    A = np.moveaxis(noise, 0, 2) * std.astype(SINGLE) + mean.astype(SINGLE)
    return np.minimum(np.maximum(A, low.astype(SINGLE)), high.astype(SINGLE))


def elites(A, J, M):
    J = np.array(J, dtype=SINGLE)
    J[~np.isfinite(J)] = -np.inf
    M = min(M, int(np.count_nonzero(J > -np.inf)))
    if M < 1:
        raise ValueError("all scores are NaN or infinite")
    part = np.argpartition(J, len(J) - M)[len(J) - M :]
    return A[part[np.argsort(J[part])[::-1]]]


def refit(E, mean, std, alpha, std_min):
    E = np.asarray(E, dtype=SINGLE)
    centre = np.mean(E, axis=0)
    deviation = E - centre
    variance = np.einsum("itj,itj->tj", deviation, deviation) / SINGLE(len(E))
    old, new = SINGLE(alpha), SINGLE(1) - SINGLE(alpha)
    spread = np.sqrt(new * variance + old * np.square(std, dtype=SINGLE))
    return new * centre + old * mean.astype(SINGLE), np.where(spread > std_min, spread, SINGLE(std_min))


def cem(objective, mean, std, low, high, rng, *, N=200, M=20, iterations=10, alpha=0.1, std_min=0.01):
    best = (-np.inf, None)
    for _ in range(iterations):
        A = sample(mean, std, low, high, N, rng)
        J = np.array(objective(A))
        top = elites(A, J, M)
        i = int(np.argmax(np.where(np.isfinite(J), J, -np.inf)))
        if J[i] >= best[0]:
            best = (J[i], A[i])
        mean, std = refit(top, mean, std, alpha, std_min)
    return best[1], best[0], mean, std
