"""Systems to control: dynamics with units and sources, and the problems built on them."""

from course.systems.car import bicycle_car
from course.systems.cart_pole import cartpole
from course.systems.integrator import double_integrator
from course.systems.lq import LQProblem, random_problem, total_cost, tracking_cost, zero_order_hold
from course.systems.mujoco_tasks import mujoco_acrobot, mujoco_cartpole
from course.systems.pendulum import Pendulum, pendulum_dynamics, pendulum_problem
from course.systems.satellite import satellite_problem
from course.systems.swing_tasks import euler_cartpole, pendulum_a, pendulum_b
from course.systems.swingup import swingup_pendulum
from course.systems.system import System
from course.systems.task import Task
from course.systems.trolley import trolley_problem

__all__ = [
    "LQProblem",
    "Pendulum",
    "System",
    "Task",
    "all_systems",
    "bicycle_car",
    "cartpole",
    "double_integrator",
    "euler_cartpole",
    "mujoco_acrobot",
    "mujoco_cartpole",
    "pendulum_a",
    "pendulum_b",
    "pendulum_dynamics",
    "pendulum_problem",
    "random_problem",
    "satellite_problem",
    "swingup_pendulum",
    "total_cost",
    "tracking_cost",
    "trolley_problem",
    "zero_order_hold",
]


def all_systems() -> tuple[System, ...]:
    """Return one of every System, as it comes without arguments: for tests and for lists in the documentation."""
    return (double_integrator(), swingup_pendulum(), cartpole(), cartpole(swing_up=True), bicycle_car())
