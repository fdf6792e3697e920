"""Hidden tests of exercise 2.7, shooting. With test_collocation.py, the weights add up to its points.

Every number expected follows from values: of roll-outs, of J, of the Lagrangian. Problems change with time, have cross
terms, and n differs from m both ways; each function is handed what it needs by this side.
"""

from __future__ import annotations

import numpy as np
import transcription_oracles as oracles
from transcription_benches import Smooth

from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise

SIZES = [(5, 2, 3), (6, 4, 2), (4, 3, 1), (1, 2, 1)]  # T, n, m


def record(reference, blocks):
    """Return what the student's functions are handed."""
    return reference.expansion.Expansion(*blocks)


def trajectory(rng, T, n, m, gain=0.9):
    """Draw a nonlinear system and a roll-out of it. Returns the system, x0, x: [T+1, n], u: [T, m]."""
    system, x0, u = Smooth(rng, n, m, gain=gain), rng.normal(size=n), rng.normal(size=(T, m))
    return system, x0, system.roll(x0, u[None])[0], u


@exercise("2.7", weight=1.5)
def test_sensitivities_are_the_derivatives_of_the_roll_out(student, rng, reference):
    """sensitivities: S[t, :, s, :] is how x_t of the real, nonlinear roll-out changes with u_s, for every t and s."""
    for T, n, m in SIZES:
        system, x0, x, u = trajectory(rng, T, n, m)
        F = system.expansion(reference.expansion.Expansion, x, u).F
        controls = np.reshape(u, (1, T * m))
        expected = oracles.slopes(lambda w, s=system, x0=x0, T=T, m=m: s.roll(x0, w.reshape(-1, T, m)), controls)
        S = student.transcription.sensitivities(np.array(F))
        S = assert_shape("transcription.sensitivities", S, (T + 1, n, T, m), "[T+1, n, T, m]")
        look = "one step: dx_{t+1} = A_t dx_t + B_t du_t with [A_t B_t] = F_t; S[0] is zero, S[t+1, :, t] is B_t"
        wanted = expected.reshape(T + 1, n, T, m)
        assert_close("transcription.sensitivities", S, wanted, rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_later_controls_move_no_earlier_states(student, rng):
    """sensitivities: x_t depends on u_s for s < t only: all other entries are exactly zero, and x_0 never moves."""
    for T, n, m in [(6, 2, 3), (1, 3, 2)]:
        S = student.transcription.sensitivities(rng.normal(size=(T, n, n + m)))
        S = assert_shape("transcription.sensitivities", S, (T + 1, n, T, m), "[T+1, n, T, m]")
        later = np.arange(T) >= np.arange(T + 1)[:, None]  # [T+1, T]
        look = "the times: u_t is chosen after x_t is known, and moves x_{t+1} first"
        name = "transcription.sensitivities: S[t, :, s] for s >= t"
        assert_close(name, S * later[:, None, :, None], np.zeros_like(S), rtol=SINGLE, look=look)
        if not all(np.any(S[t + 1, :, t]) for t in range(T)):
            raise Mismatch("transcription.sensitivities: S[t+1, :, t] is zero, but u_t moves the next state")


@exercise("2.7", weight=1.5)
def test_the_gradient_of_shooting_is_that_of_the_real_total_cost(student, rng, reference):
    """shooting_gradient: g is the gradient of J(u_0 … u_{T-1}), every later state following the nonlinear dynamics."""
    for T, n, m in SIZES:
        system, x0, x, u = trajectory(rng, T, n, m)
        E = system.expansion(reference.expansion.Expansion, x, u)
        controls = np.reshape(u, (1, T * m))
        expected = oracles.slopes(lambda w, s=system, x0=x0, T=T, m=m: s.total(x0, w.reshape(-1, T, m)), controls)
        g = student.transcription.shooting_gradient(np.array(E.F), np.array(E.c), np.array(E.c_final))
        assert_shape("transcription.shooting_gradient", g, (T, m), "[T, m]")
        look = "what u_t changes: its own stage cost, and through x_{t+1} every later one and the final cost"
        assert_close("transcription.shooting_gradient", g, expected.reshape(T, m), rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_the_final_cost_reaches_the_first_control(student, rng):
    """shooting_gradient: with a final cost only, g_t is the slope at the end carried back through all later steps."""
    for T, n, m in [(7, 3, 2), (2, 1, 2)]:
        F, c_final = rng.normal(size=(T, n, n + m)) / np.sqrt(n), rng.normal(size=n)
        expected = []
        for t in range(T):
            forward = F[t, :, n:]
            for later in range(t + 1, T):
                forward = F[later, :, :n] @ forward
            expected.append(c_final @ forward)
        g = student.transcription.shooting_gradient(np.array(F), np.zeros((T, n + m)), np.array(c_final))
        assert_shape("transcription.shooting_gradient", g, (T, m), "[T, m]")
        look = "the way back: from x_T, through the A of every step after t, to B_t"
        name = "transcription.shooting_gradient without stage costs"
        assert_close(name, g, np.array(expected), rtol=SINGLE, look=look)


@exercise("2.7", weight=1.5)
def test_the_hessian_of_shooting_is_that_of_the_total_cost(student, rng, reference):
    """shooting_hessian: for linear dynamics and quadratic costs, H holds the second derivatives of J(u)."""
    for T, n, m in SIZES:
        E = oracles.blocks(rng, T, n, m)
        expected, _ = oracles.shooting(E, np.zeros((T, n)))
        H = student.transcription.shooting_hessian(record(reference, E))
        assert_shape("transcription.shooting_hessian", H, (T * m, T * m), "[T m, T m]")
        look = "1/2 dz' C dz of every stage with dz_t = [dx_t; du_t] and dx_t = S_t du, and the final cost"
        assert_close("transcription.shooting_hessian", H, expected, rtol=SINGLE, look=look)


@exercise("2.7", weight=0.5)
def test_shooting_is_ill_conditioned_where_the_system_is_unstable(student, rng, reference):
    """shooting_hessian: the condition number of x' = a x + u is the handout's, and explodes with a."""
    name = "transcription.shooting_hessian: condition number for x' = a x + u"
    for a, T in [(rng.uniform(0.97, 1.03), int(rng.integers(35, 50))), (rng.uniform(0.8, 0.9), 30)]:
        E = oracles.scalar(a, T)
        expected, _ = oracles.shooting(E, np.zeros((T, 1)))
        H = student.transcription.shooting_hessian(record(reference, E))
        H = assert_shape("transcription.shooting_hessian", H, (T, T), "[T m, T m]")
        look = "the last state: it has a cost too; and the control's own cost, 0.01 on the diagonal"
        # Single precision is off by 1e-7 times the number itself, at most 1e4 here.
        assert_close(name, np.array(oracles.spread(H)), np.array(oracles.spread(expected)), rtol=0.02, look=look)
