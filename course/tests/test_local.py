"""The local student: fresh modules, copied data, readable errors."""

import sys
from typing import NamedTuple

import numpy as np
import pytest

from course.testing import LocalStudent, Mismatch, StudentError
from course.testing.recorder import MOST, TOO_LARGE, Halt, Recorder, size_of

LQR = """
from typing import NamedTuple
import numpy as np
import helper

class Policy(NamedTuple):
    K: object
    k: object

class Model:
    def __init__(self, a):
        self.a, self.buffer = a, np.zeros(2)
    def step(self, x):
        self.buffer += x
        return self.buffer
    def broken(self):
        return {}["a"]

def backward(x):
    x[...] = 0
    return Policy(x, helper.VALUE)

def lazily(x):
    import helper as again
    return again.VALUE

def draw(rng):
    return rng.normal()

def apply(function, x):
    return function(x)

def models():
    return [Model(1.0), Model(2.0)]

def a_of(model):
    return model.a

def skeleton():
    raise NotImplementedError("2.1")

def leave():
    raise SystemExit(3)

def endless(x):
    return endless(x)
"""


def make(value: int = 7, recorder=None) -> LocalStudent:
    return LocalStudent.from_sources({"lqr.py": LQR, "helper.py": f"VALUE = {value}"}, recorder=recorder)


def error_of(function, *args) -> StudentError:
    with pytest.raises(StudentError) as caught:
        function(*args)
    return caught.value


def test_arguments_are_copied_so_that_overwriting_them_is_harmless():
    x = np.ones(3)
    policy = make().lqr.backward(x)
    assert policy.k == 7 and policy.K.sum() == 0 and x.sum() == 3


def test_generators_and_containers_are_copied_too():
    class Pair(NamedTuple):
        a: np.ndarray
        rng: np.random.Generator

    rng = np.random.default_rng(0)
    student = LocalStudent.from_sources(
        {"m.py": "def f(p):\n    p[0].a[:] = 0\n    return p[0].rng.normal(), p[1]['x']"}
    )
    pair = Pair(np.ones(2), rng)
    first = student.m.f([pair, {"x": 1}])
    assert first == student.m.f([pair, {"x": 1}]) and pair.a.sum() == 2


def test_results_are_copies_so_that_a_reused_buffer_does_not_change_them():
    model = make().lqr.Model(1.0)
    first = model.step(np.ones(2))
    model.step(np.ones(2))
    assert first.tolist() == [1, 1]


def test_two_students_share_no_module_and_leave_nothing_behind():
    before = sys.path.copy(), sys.meta_path.copy()
    one, two = make(1), make(2)
    assert (one.lqr.lazily(0), two.lqr.lazily(0), one.helper.VALUE) == (1, 2, 1)
    assert one.lqr.apply(lambda x: two.lqr.lazily(x) + one.lqr.lazily(x), 0) == 3
    assert "lqr" not in sys.modules and "helper" not in sys.modules
    assert before == (sys.path, sys.meta_path)


def test_a_module_of_the_same_name_elsewhere_is_put_back(monkeypatch):
    marker = type(sys)("helper")
    monkeypatch.setitem(sys.modules, "helper", marker)
    assert make().lqr.lazily(0) == 7
    assert sys.modules["helper"] is marker


def test_objects_are_reached_through_stand_ins_also_inside_lists():
    student = make()
    models = student.lqr.models()
    assert [model.a for model in models] == [1.0, 2.0]
    assert student.lqr.a_of(models[1]) == 2.0


def test_an_error_says_what_where_and_keeps_its_cause():
    error = error_of(make().lqr.Model(1.0).broken)
    assert (error.kind, error.message, error.where) == ("KeyError", "'a'", "lqr.py:17 in broken")
    assert isinstance(error.__cause__, KeyError)
    assert 'return {}["a"]' in error.trace
    assert str(error).startswith("your code raised KeyError")


def test_an_untouched_skeleton_is_a_todo():
    error = error_of(make().lqr.skeleton)
    assert error.todo == "2.1" and str(error).startswith("TODO 2.1")


def test_what_is_missing_is_named():
    assert "lqr.py has no function `forward`: was it renamed?" in str(error_of(lambda: make().lqr.forward))
    assert "helper" in str(error_of(lambda: LocalStudent.from_sources({"a.py": "import helper"}).a))


def test_a_missing_file_and_a_helper_left_behind_are_told(tmp_path):
    (tmp_path / "lqr.py").write_text("import tools\n")
    (tmp_path / "tools.py").write_text("")
    student = LocalStudent(tmp_path, ("lqr.py", "gone.py"))
    assert "tools.py is not one of the files to hand in" in str(error_of(lambda: student.lqr))
    assert "gone.py is missing" in str(error_of(lambda: student.gone))


def test_wrong_arguments_point_at_the_definition():
    error = error_of(make().lqr.backward)
    assert error.kind == "TypeError" and error.where == "lqr.py:19 in backward"


@pytest.mark.parametrize(
    "source",
    ["x = (", "raise SystemExit", "x = 1\0", "def f(:\n    pass", "\udc80".encode("utf-8", "surrogatepass")],
)
def test_a_file_that_cannot_be_imported_is_the_students_error(tmp_path, source):
    (tmp_path / "lqr.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    error_of(lambda: LocalStudent(tmp_path, ("lqr",)).lqr)


def test_leaving_python_and_endless_recursion_are_errors_like_any_other():
    student = make()
    assert error_of(student.lqr.leave).kind == "SystemExit"
    assert error_of(student.lqr.endless, 1).kind == "RecursionError"


def test_a_mismatch_raised_by_a_callback_of_the_test_arrives_unchanged():
    def objects(x):
        raise Mismatch("dynamics: x has shape (3,)")

    with pytest.raises(Mismatch, match="dynamics"):
        make().lqr.apply(objects, 1)


def test_the_recorder_keeps_values_and_errors_by_path():
    recorder = Recorder()
    student = make(recorder=recorder)
    student.lqr.lazily(0)
    student.lqr.Model(1.0).step(np.ones(2))
    error_of(student.lqr.skeleton)
    paths, answers = zip(*recorder.entries, strict=True)
    assert paths == ("lqr.lazily", "lqr.Model().step", "lqr.skeleton")
    assert answers[0] == 7 and answers[2] == "raised NotImplementedError"


def test_the_recorder_keeps_plain_attributes_and_copies_but_no_more_than_its_share():
    recorder = Recorder()
    student = LocalStudent.from_sources(
        {"m.py": "import numpy as np\nN = 3\ndef f(n): return np.zeros(n)"}, recorder=recorder
    )
    assert student.m.N == 3
    student.m.f(2)[:] = 1.0
    for _ in range(2):
        student.m.f(MOST // 16 + 1)
    assert [path for path, _ in recorder.entries] == ["m.N", "m.f", "m.f", "m.f"]
    assert recorder.entries[1][1].tolist() == [0.0, 0.0] and recorder.entries[3][1] == TOO_LARGE


def test_a_size_is_bounded_for_what_contains_itself():
    endless = []
    endless += [endless, endless]
    assert size_of(endless) > MOST
    assert size_of({"ab": [np.zeros(4), "cd", None]}) == 5 * 8 + 2 + 2 + 32 + 8


def test_whoever_runs_a_test_can_end_it_in_the_middle_of_the_students_code():
    def stop(x):
        raise Halt

    source = "def f(g):\n    try:\n        return g(1)\n    except Exception:\n        return 2"
    with pytest.raises(Halt):
        LocalStudent.from_sources({"m.py": source}).m.f(stop)


def test_a_private_default_of_a_callback_cannot_be_passed_here_either():
    student = LocalStudent.from_sources({"m.py": "def f(g): return g(1)\ndef h(g): return g(1, 2)"})

    def objective(x, scale=3):
        return scale * x

    assert student.m.f(objective) == 3
    assert "takes 1 arguments" in error_of(student.m.h, objective).message
    assert student.m.h(lambda x, y=None: y) == 2


def test_a_result_that_contains_itself_does_no_harm():
    student = LocalStudent.from_sources({"m.py": "def f():\n    a = []\n    a += [a, a]\n    return a"})
    value = student.m.f()
    assert value[0] is value
