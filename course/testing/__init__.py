"""The vocabulary of a homework's tests.

    @exercise("2.1")
    def test_gains_have_the_promised_shape(student, rng):
        \"\"\"The gains have one matrix for each step.\"\"\"
        problem = random_problem(rng, n=4, m=2, T=20)
        policy = student.lqr.backward(problem.F, problem.f, problem.C, problem.c)
        K, k = fields(policy, "K k", who="lqr.backward")
        assert_shape("lqr.backward: K", K, (20, 2, 4), "[T, m, n]")

A test calls functions, constructs objects, calls methods and reads plain attributes of `student`, and nothing
else: then it cannot tell a module in this process from one that runs elsewhere.
"""

from course.testing.callbacks import complaints_of
from course.testing.compare import assert_close, assert_shape, fields
from course.testing.errors import Mismatch, StudentError
from course.testing.local import LocalStudent
from course.testing.marks import exercise
from course.testing.seeding import DEVELOPMENT_SECRET, course_secret, seed_for
from course.testing.tolerances import EXACT, SINGLE

__all__ = [
    "DEVELOPMENT_SECRET",
    "EXACT",
    "SINGLE",
    "LocalStudent",
    "Mismatch",
    "StudentError",
    "assert_close",
    "assert_shape",
    "complaints_of",
    "course_secret",
    "exercise",
    "fields",
    "seed_for",
]
