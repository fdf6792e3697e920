"""Visible tests of 2.7: the handout's example by hand, both ways; condition numbers; the pendulum.

In the example x' = 2 x + u, for two steps from x_0 = 1, and the cost is 1/2 (x² + u²) in each, and 1/2 x_2² at the end.
"""

from __future__ import annotations

import numpy as np

from course.systems import pendulum_a
from course.testing import SINGLE, Mismatch, assert_close, assert_shape, exercise, fields


def expansion(student, x, u, a=2.0, price=1.0):
    """Return the Expansion of x' = a x + u, cost 1/2 (x² + price u²), along numbers x: [T+1], u: [T]."""
    T = len(u)
    x, u = np.array(x, dtype=float), np.array(u, dtype=float)
    F, C = np.tile([[a, 1.0]], (T, 1, 1)), np.tile(np.diag([1.0, price]), (T, 1, 1))
    c = np.stack([x[:-1], price * u], axis=1)
    return student.expansion.Expansion(F, C, c, np.eye(1), x[-1:], np.zeros((T, 1, 2, 2)))


def matrix(name, value, shape, dims):
    """Return a matrix of scipy.sparse, or an array, as an array of this shape."""
    if not isinstance(value, np.ndarray):
        try:
            value = value.toarray()
        except Exception:
            raise Mismatch(f"{name} is no matrix, expected one of scipy.sparse, {shape} = {dims}") from None
    return assert_shape(name, value, shape, dims)


@exercise("2.7")
def test_sensitivities_of_the_example(student):
    """sensitivities: x_1 = 2 x_0 + u_0 and x_2 = 4 x_0 + 2 u_0 + u_1 move by (1, 0) and (2, 1); x_0 does not move."""
    S = student.transcription.sensitivities(np.array([[[2.0, 1.0]], [[2.0, 1.0]]]))
    S = assert_shape("transcription.sensitivities", S, (3, 1, 2, 1), "[T+1, n, T, m]")
    expected = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
    look = "S[t, :, s] is dx_t/du_s: rows are times of the state, columns times of the control"
    assert_close("transcription.sensitivities", S[:, 0, :, 0], expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_gradient_of_the_example(student):
    """shooting_gradient: at u = 0, x = 1, 2, 4 the costates are 4 and 2 + 2*4, and so the gradient is (10, 4)."""
    E = expansion(student, [1, 2, 4], [0, 0])
    g = student.transcription.shooting_gradient(E.F, E.c, E.c_final)
    look = "the pass from the end: costate 4 at x_2, then x_1 + 2 * 4"
    assert_close("transcription.shooting_gradient", g, np.array([[10.0], [4.0]]), rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_hessian_of_the_example(student):
    """shooting_hessian: 1/2 (u_0² + u_1²) + 1/2 u_0² + 1/2 (2 u_0 + u_1)² has the Hessian [[6, 2], [2, 2]]."""
    H = student.transcription.shooting_hessian(expansion(student, [1, 2, 4], [0, 0]))
    look = "the two controls' own costs, that of x_1 and that of x_2"
    expected = np.array([[6.0, 2.0], [2.0, 2.0]])
    assert_close("transcription.shooting_hessian", H, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_defects_of_the_example(student):
    """defects: standing still at 1 without control breaks x' = 2 x + u by 1 - 2 = -1 in every step."""
    got = student.transcription.defects(lambda x, u: 2 * x + u, np.ones((3, 1)), np.zeros((2, 1)))
    look = "x_{t+1} - step(x_t, u_t)"
    assert_close("transcription.defects", got, np.array([[-1.0], [-1.0]]), rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_jacobian_of_the_example(student):
    """defect_jacobian: with w = (u_0, x_1, u_1, x_2) the rows are (-1, 1, 0, 0) and (0, -2, -1, 1)."""
    A = student.transcription.defect_jacobian(np.array([[[2.0, 1.0]], [[2.0, 1.0]]]))
    A = matrix("transcription.defect_jacobian", A, (2, 4), "[T n, T d]")
    expected = np.array([[-1.0, 1.0, 0.0, 0.0], [0.0, -2.0, -1.0, 1.0]])
    look = "the order of w, and which unknowns x_1 - 2 x_0 - u_0 and x_2 - 2 x_1 - u_1 contain"
    assert_close("transcription.defect_jacobian", A, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_curvature_of_a_bent_step(student):
    """constraint_curvature: for step = x² u at x = 3, u = 5 and multiplier 2 it is -2 times [[10, 6], [6, 0]]."""
    D = np.array([[[[10.0, 6.0], [6.0, 0.0]]]])
    got = student.transcription.constraint_curvature(D, np.array([[2.0]]))
    look = "2 (x_1 - x_0² u_0): its second derivatives in x_0 and u_0"
    expected = np.array([[[-20.0, -12.0], [-12.0, 0.0]]])
    assert_close("transcription.constraint_curvature", got, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_kkt_matrix_of_the_example(student):
    """kkt_matrix: the identity for the four unknowns, and the Jacobian of the two defects below it and beside it."""
    K = student.transcription.kkt_matrix(expansion(student, [1, 1, 1], [0, 0]))
    K = matrix("transcription.kkt_matrix", K, (6, 6), "[T d + T n, T d + T n]")
    A = np.array([[-1.0, 1.0, 0.0, 0.0], [0.0, -2.0, -1.0, 1.0]])
    expected = np.block([[np.eye(4), A.T], [A, np.zeros((2, 2))]])
    look = "[[H, A'], [A, 0]], where H is diag(1, 1, 1, 1) here"
    assert_close("transcription.kkt_matrix", K, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_newton_step_of_the_example(student):
    """newton_step: from x = 1, 1, 1 and u = 0 it leads to u = -3/2, -1/2 and x = 1, 1/2, 1/2, with J = 2."""
    E = expansion(student, [1, 1, 1], [0, 0])
    answer = student.transcription.newton_step(E, np.array([[-1.0], [-1.0]]))
    x, u, multipliers = fields(answer, "x u multipliers", who="transcription.newton_step")
    look = "the right-hand side, minus (0, 1, 0, 1) and minus (-1, -1), and the order of the solution"
    for name, got, wanted in [
        ("u", u, [-1.5, -0.5]),
        ("x", x, [0, -0.5, -0.5]),
        ("multipliers", multipliers, [-1.5, -0.5]),
    ]:
        expected = np.array(wanted, dtype=float)[:, None]
        assert_close(f"transcription.newton_step: {name}", got, expected, rtol=SINGLE, look=look, show=True)


@exercise("2.7")
def test_condition_numbers_of_the_handout(student):
    """shooting_hessian, kkt_matrix: of x' = a x + u with cost 1/2 (x² + 0.01 u²), T = 50, for a = 1, 1.1, 1.2."""
    T = 50
    for a, shooting, both in [(1.0, 3.97e3, 13.4), (1.1, 1.59e6, 14.9), (1.2, 2.84e9, 16.5)]:
        E = expansion(student, np.zeros(T + 1), np.zeros(T), a=a, price=0.01)
        H = assert_shape(
            "transcription.shooting_hessian", student.transcription.shooting_hessian(E), (T, T), "[T m, T m]"
        )
        K = matrix("transcription.kkt_matrix", student.transcription.kkt_matrix(E), (3 * T, 3 * T), "[T d + T n, ...]")
        for name, got, wanted in [("shooting_hessian", H, shooting), ("kkt_matrix", K, both)]:
            said = f"transcription.{name}: condition number at a = {a}"
            assert_close(said, np.array(np.linalg.cond(got)), np.array(wanted), rtol=0.01, look="float64", show=True)


@exercise("2.7", weight=2)
def test_collocation_from_a_straight_line(student):
    """collocation: pendulum-A, from a line that no pendulum can follow: defects below 1e-6, J = 59.1177."""
    task, asked = pendulum_a(), []

    def expand(x, u):
        asked.append(0)
        T, dt, pull = len(u), task.dt, 9.81 * task.dt
        F, D = np.zeros((T, 2, 3)), np.zeros((T, 2, 3, 3))
        F[:, 0], F[:, 1] = [1.0, dt, 0.0], [0.0, 1.0, dt]
        F[:, 1, 0], D[:, 1, 0, 0] = pull * np.cos(x[:-1, 0]), -pull * np.sin(x[:-1, 0])
        price = np.concatenate([task.Q, task.R])
        c = price * np.concatenate([x[:-1], u], axis=1)
        C, C_final, c_final = np.tile(np.diag(price), (T, 1, 1)), np.diag(task.Q_final), task.Q_final * x[-1]
        return student.expansion.Expansion(F, C, c, C_final, c_final, D)

    line = np.linspace(task.x0, task.goal, task.T + 1)
    guess = np.zeros((task.T, 1))
    answer = student.transcription.collocation(task.x0, line, guess, task.step, task.stage, task.final, expand)
    x, u = fields(answer, "x u", who="transcription.collocation")
    x = assert_shape("transcription.collocation: x", x, (task.T + 1, 2), "[T+1, n]")
    u = assert_shape("transcription.collocation: u", u, (task.T, 1), "[T, m]")
    gap = np.max(np.abs(x[1:] - task.step(x[:-1], u)))
    if not gap <= 1e-6 or not np.allclose(x[0], task.x0, atol=1e-6):
        raise Mismatch(f"transcription.collocation: largest defect {gap:.1g}, x[0] = {x[0]}, expected 1e-6 and x0")
    look = "J, its derivatives in the order of w, and the constraint"
    J = np.array(task.cost(x, u))
    assert_close("transcription.collocation: J", J, np.array(59.117744), rtol=SINGLE, look=look, show=True)
