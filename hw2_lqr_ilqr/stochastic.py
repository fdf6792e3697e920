"""Linear dynamics with noise: the gains do not change, the cost does.

    x_{t+1} = F_t z_t + f_t + w_t,    z_t = [x_t; u_t],    w_t ~ N(0, Sigma_t), independent in time and of x_0
    u_t = K_t x_t + k_t,              any linear policy; K = 0 plays the list of controls k, open loop
    J = sum over t = 0 … T-1 of  1/2 z_t' C_t z_t + z_t' c_t

J is random now. Its mean can be had in two ways: by running the system many times, with noise that is drawn, or without
any drawing, as a linear policy keeps x_t normal with a mean and a covariance that obey recursions of their own.

Notation as in lqr.py: n states, m controls, d = n + m, T steps, time from 0, the state first in z, plus signs in the
policy, every C_t symmetric, no cost on x_T (so V_T = 0). In addition N runs, side by side on axis 1 behind time, and
Sigma_t [n, n], symmetric, the covariance (a variance, the square of a standard deviation) of the noise of step t.
"""

from __future__ import annotations

import numpy as np


def draw_noise(Sigma, N, rng):
    """Draw the noise of N runs, independent between runs and between steps.

    Sigma: [T, n, n], covariances, symmetric without negative eigenvalues; may be singular or zero.
    N: number of runs. rng: np.random.Generator, the only source of randomness.
    Returns w: [T, N, n], where w[t, i] is drawn from N(0, Sigma[t]).
    """
    T, n, _ = Sigma.shape
    # TODO 2.3: give standard normal numbers the covariance Sigma_t; Sigma_t may be singular
    raise NotImplementedError("2.3")


def simulate(x0, F, f, K, k, w):
    """Run the policy in the noisy system, all N runs at once.

    x0: [n], first state of every run. F: [T, n, d], f: [T, n], dynamics x_{t+1} = F_t [x_t; u_t] + f_t + w_t.
    K: [T, m, n], k: [T, m], policy u_t = K_t x_t + k_t. w: [T, N, n], noise.
    Returns x: [T+1, N, n], u: [T, N, m], where every x[0] is x0.
    """
    T, m, n = K.shape
    N = w.shape[1]
    # NaN, not zero: an entry that was forgotten shows.
    x, u = np.full((T + 1, N, n), np.nan), np.full((T, N, m), np.nan)
    # TODO 2.3: as the forward recursion of one run, but with runs as rows, and each with its own noise
    raise NotImplementedError("2.3")
    return x, u


def total_costs(x, u, C, c):
    """Add up what each run has cost.

    x: [T+1, N, n], u: [T, N, m], runs. C: [T, d, d], symmetric, c: [T, d], cost 1/2 z_t' C_t z_t + z_t' c_t of a step.
    Returns J: [N]. The last state, x[T], costs nothing.
    """
    # TODO 2.3: the sum over time of the cost of each step, one number for each run
    raise NotImplementedError("2.3")


def noise_cost(V, Sigma):
    """Say what noise adds to the expected cost of the optimal policy.

    V: [T+1, n, n], matrices of the value 1/2 x' V_t x + x' v_t of the optimal policy, as in 2.1; V[T] is zero.
    Sigma: [T, n, n], covariances of the noise. Returns a number, the same for every first state.
    """
    # TODO 2.3: what w_t adds to the expected value of the state it leads to, over all steps
    raise NotImplementedError("2.3")


def moments(x0, S0, F, f, K, k, Sigma):
    """Follow the mean and the covariance of the state under a linear policy, without drawing anything.

    x0: [n], S0: [n, n], mean and covariance of the first state. F: [T, n, d], f: [T, n], K: [T, m, n], k: [T, m] as in
    simulate. Sigma: [T, n, n], covariances of the noise.
    Returns mean: [T+1, n], S: [T+1, n, n].
    """
    T, _, n = K.shape
    mean, S = np.full((T + 1, n), np.nan), np.full((T + 1, n, n), np.nan)
    # TODO 2.3: put the policy into the dynamics; then the state obeys x_{t+1} = M_t x_t + b_t + w_t
    raise NotImplementedError("2.3")
    return mean, S


def expected_cost(mean, S, K, k, C, c):
    """Compute the expected cost of a linear policy exactly, from the moments of the states it leads through.

    mean: [T+1, n], S: [T+1, n, n], moments of x_t. K: [T, m, n], k: [T, m], the policy that led to them.
    C: [T, d, d], symmetric, c: [T, d], cost of a step. Returns a number.
    """
    T, _, n = K.shape
    J = 0.0
    # TODO 2.3: add up, over the steps, the cost of the mean and what the spread of z_t = [x_t; u_t] adds
    raise NotImplementedError("2.3")
    return float(J)
