"""The sandbox from a test's point of view: what `student` can be asked, and what is left afterwards."""

from __future__ import annotations

import os
import socket
import time
from typing import NamedTuple

import gymnasium
import numpy as np
import pytest

from autograder.errors import UserError
from autograder.homework import Limits
from autograder.sandbox import processes, template
from autograder.sandbox.box import Sandbox
from autograder.sandbox.faults import Crashed, OutOfTime
from autograder.sandbox.inside import restrict
from autograder.sandbox.probe import AUTOMATIC, choose, works
from autograder.sandbox.tiers import Tier
from course.systems.lq import random_problem
from course.testing import Mismatch, StudentError

TIERS = [tier for tier in AUTOMATIC if not works(tier)] or ["none"]
LIMITS = Limits(test_seconds=3.0, import_seconds=5.0, submission_seconds=10.0, memory_mb=400, processes=24)

SOURCE = """
import os, time, tempfile
import numpy as np
from course.systems.lq import LQProblem, total_cost

LEVEL = 3
CALLS = []

def kind(value):
    return type(value).__name__, isinstance(value, LQProblem)

def overwrite(x):
    x[:] = 7.0
    return x.sum()

def draw(rng, n):
    return rng.normal(size=n)

def legacy(n):
    return np.random.normal(size=n)

def search(objective, rounds):
    best = min(objective(np.full((5, 2), float(i))).sum() for i in range(rounds))
    return best

def ask_badly(objective):
    return objective(np.zeros(9))

def cheat(objective):
    return objective(np.ones(2), goal=np.ones(2))

def play(env, steps):
    env.reset(seed=1)
    total = 0.0
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(env.action_space.n - 1)
        total += reward
        if terminated or truncated:
            env.reset()
    return total

class Counter:
    def __init__(self, start):
        self.value = start
    def add(self, n):
        self.value += n
        return self
    def reader(self):
        return lambda: self.value

def use(counter):
    return counter.add(10).value

def count_calls():
    CALLS.append(1)
    return len(CALLS)

def leave_a_file():
    path = os.path.join(tempfile.gettempdir(), "left")
    with open(path, "w") as file:
        file.write("x")
    return os.path.exists(path)

def wait():
    time.sleep(60)
"""


@pytest.fixture(params=TIERS)
def box(request):
    with Sandbox(request.param, LIMITS, {"lqr.py": SOURCE.encode()}, ("lqr",)) as sandbox:
        yield sandbox


def test_a_record_arrives_as_the_class_that_course_defines(box):
    problem = random_problem(np.random.default_rng(0), n=2, m=1, T=3)
    with box.test() as student:
        assert student.lqr.kind(problem) == ("LQProblem", True)


def test_a_record_of_an_unknown_class_arrives_with_its_fields(box):
    class Own(NamedTuple):
        a: int
        b: float

    with box.test() as student:
        assert student.lqr.kind(Own(1, 2.0)) == ("Own", False)


def test_arguments_are_copies(box):
    x = np.arange(3.0)
    with box.test() as student:
        assert student.lqr.overwrite(x) == 21.0
    assert x.tolist() == [0.0, 1.0, 2.0]


def test_a_generator_gives_the_students_code_the_draws_that_it_would_give_us(box):
    with box.test() as student:
        drawn = student.lqr.draw(np.random.default_rng(5), 4)
    assert np.array_equal(drawn, np.random.default_rng(5).normal(size=4))


def test_global_generators_give_every_submission_the_same_numbers(box):
    with box.test() as student:
        first = student.lqr.legacy(3)
    with Sandbox(box.tier, LIMITS, {"lqr.py": SOURCE.encode() + b"# another"}, ("lqr",)) as other:
        with other.test() as student:
            assert np.array_equal(student.lqr.legacy(3), first)


def test_an_objective_is_called_back_and_counted_on_our_side(box):
    calls = []

    def objective(x):
        calls.append(x.shape)
        return (x - 3.0) ** 2

    with box.test() as student:
        assert student.lqr.search(objective, 50) == 0.0
    assert calls == [(5, 2)] * 50


def test_an_objection_of_ours_ends_the_test_as_a_mismatch(box):
    def objective(x):
        if x.shape != (2,):
            raise Mismatch(f"the objective got shape {x.shape}, expected (2,)")

    with box.test() as student, pytest.raises(Mismatch, match=r"got shape \(9,\)"):
        student.lqr.ask_badly(objective)


def test_a_default_of_a_callback_cannot_be_overridden_by_the_students_code(box):
    def objective(x, goal=3.0):
        return (x - goal) ** 2

    with box.test() as student, pytest.raises(StudentError, match="takes 1 arguments"):
        student.lqr.cheat(objective)


def test_a_template_that_died_idle_is_replaced(box):
    with box.test() as student:
        student.lqr.count_calls()
    box.stop()
    os.kill(box_pid(box), 9)
    time.sleep(0.1)
    with box.test() as student:
        assert student.lqr.count_calls() == 1


def test_a_fault_of_our_callback_is_told_without_its_details(box):
    def objective(x):
        raise KeyError("a hidden detail")

    with box.test() as student, pytest.raises(StudentError) as raised:
        student.lqr.ask_badly(objective)
    assert "hidden detail" not in str(raised.value)


class Corridor(gymnasium.Env):
    """Steps to the right are counted; it ends after four."""

    observation_space = gymnasium.spaces.Box(0.0, 4.0, (1,), np.float64)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.place = 0
        return np.array([0.0]), {}

    def step(self, action):
        self.place += int(action)
        self.steps = getattr(self, "steps", 0) + 1
        return np.array([float(self.place)]), 1.0, self.place == 4, False, {}


def test_an_environment_lives_on_our_side(box):
    env = Corridor()
    with box.test() as student:
        assert student.lqr.play(env, 9) == 9.0
    assert env.steps == 9 and env.place == 1


def test_objects_stay_in_the_worker_and_answer_there(box):
    with box.test() as student:
        counter = student.lqr.Counter(1)
        counter.add(2)
        assert counter.value == 3
        assert student.lqr.use(counter) == 13
        assert counter.reader()() == 13
        assert student.lqr.LEVEL == 3


def test_private_names_are_not_reached(box):
    with box.test() as student:
        with pytest.raises(AttributeError):
            student.lqr.Counter(1)._secret()
        with pytest.raises(StudentError, match="has no `nowhere`"):
            student.lqr.nowhere()
        with pytest.raises(AttributeError, match="no module other"):
            student.other()


def test_every_test_has_a_fork_of_its_own(box):
    for _ in range(2):
        with box.test() as student:
            assert student.lqr.count_calls() == 1
            assert student.lqr.count_calls() == 2


def test_a_test_that_is_out_of_time_is_over_for_good(box):
    with box.test() as student:
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(OutOfTime):
                student.lqr.wait()
        assert time.monotonic() - began < 5
    with box.test() as student:
        assert student.lqr.count_calls() == 1


def test_a_process_that_is_kept_from_running_gets_more_time_and_one_that_sleeps_does_not(box, monkeypatch):
    with box.test() as student:
        student.lqr.count_calls()
        assert box.more_time(waited=2.0) == 0.0
        monkeypatch.setattr(processes, "seconds_in_line", lambda pid: 1.0)
        assert box.more_time(waited=2.0) > 0.0
        assert box.more_time(waited=60.0) == 0.0


def test_a_value_that_cannot_be_sent_is_the_tests_fault_and_not_the_students(box):
    with box.test() as student, pytest.raises(Exception, match="cannot be sent") as raised:
        student.lqr.kind(object())
    assert not isinstance(raised.value, (StudentError, Crashed))


def test_a_clean_submission_leaves_its_template_to_the_next(box):
    if box.tier == "none":
        pytest.skip("this tier shares nothing")
    with box.test() as student:
        student.lqr.count_calls()
    first = box._template.pid
    box.stop()
    assert template.lease(box.tier, LIMITS, ("numpy",)).pid == first


@pytest.mark.parametrize("action", ["leave_a_file", "wait"])
def test_a_submission_that_leaves_anything_behind_costs_its_template(box, action):
    if action == "leave_a_file" and box.tier != "bubblewrap":
        pytest.skip("on this tier nothing can be written")
    with box.test() as student:
        first = box._template.pid
        try:
            getattr(student.lqr, action)()
        except OutOfTime:
            pass
    box.stop()
    assert template.lease(box.tier, LIMITS, ("numpy",)).pid != first


def test_nothing_is_left_after_a_sandbox(box):
    with box.test() as student:
        student.lqr.count_calls()
    scratch = box._scratch
    box.stop()
    assert not os.path.exists(scratch)
    assert len(processes.below(box_pid(box))) <= len(template.lease(box.tier, LIMITS, ("numpy",)).chain)


def box_pid(box) -> int:
    return template.lease(box.tier, LIMITS, ("numpy",)).pid


def test_a_tier_is_chosen_by_trying_and_never_weaker_than_asked(monkeypatch):
    assert choose().name == TIERS[0]
    with pytest.raises(UserError, match="castle"):
        choose("castle")
    monkeypatch.setattr("autograder.sandbox.probe.works", lambda tier: f"{tier} is broken")
    with pytest.raises(UserError, match="bubblewrap is broken"):
        choose()
    with pytest.raises(UserError, match="landlock is broken"):
        choose("landlock")
    assert str(Tier("landlock", ("bubblewrap: bwrap is not installed",))).endswith("not installed)")


@pytest.mark.parametrize("machine", sorted(restrict.ARCHES))
def test_the_seccomp_program_jumps_only_within_itself(machine):
    program = np.frombuffer(
        restrict.seccomp_program(machine), dtype=[("code", "u2"), ("t", "u1"), ("f", "u1"), ("k", "u4")]
    )
    for place, line in enumerate(program):
        if line["code"] in (restrict.JEQ, restrict.JGE, restrict.JSET):
            assert place + 1 + max(line["t"], line["f"]) < len(program)
    assert program[-1]["code"] == restrict.RET and program[-1]["k"] == restrict.ALLOW


def test_the_control_socket_of_a_template_is_not_inherited_by_workers(box):
    with box.test() as student:
        student.lqr.count_calls()
        worker = box._worker
        sockets = [os.readlink(f"/proc/{worker}/fd/{fd}") for fd in os.listdir(f"/proc/{worker}/fd")]
    assert sum(name.startswith("socket:") for name in sockets) == 1
    assert isinstance(box._template._control, socket.socket)
