"""Systems to control: dynamics with units and sources, and the problems built on them."""

from course.systems.lq import LQProblem, random_problem, total_cost, tracking_cost, zero_order_hold
from course.systems.pendulum import Pendulum, pendulum_dynamics, pendulum_problem
from course.systems.satellite import satellite_problem
from course.systems.trolley import trolley_problem

__all__ = [
    "LQProblem",
    "Pendulum",
    "pendulum_dynamics",
    "pendulum_problem",
    "random_problem",
    "satellite_problem",
    "total_cost",
    "tracking_cost",
    "trolley_problem",
    "zero_order_hold",
]
