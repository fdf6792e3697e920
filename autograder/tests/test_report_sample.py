"""A class of 24 made-up submissions, which other tests import: every status, refusals, hostile strings."""

from __future__ import annotations

from pathlib import Path

from autograder.grading.verdict import ClassResult, Diagnosis, Record, TestResult, Verdict, exercise_results
from autograder.homework import Exercise, Homework, Limits, Written
from autograder.report.wording import STATUSES

TITLES = [
    "LQR: backward recursion",
    "LQR: forward recursion",
    "Stochastic LQR",
    "iLQR: linearise and quadratise",
    "iLQR: line search",
    "DDP: second-order terms",
]
POINTS = [20.0, 15.0, 15.0, 20.0, 15.0, 15.0]
CHECKS = {
    "2.1": [
        "Your gains reach the least cost that any controls can reach.",
        "K has shape [T, m, n] and k has shape [T, m].",
        "With one step and one dimension, your gain is the one worked out by hand.",
        "V stays symmetric.",
    ],
    "2.2": [
        "The states follow x' = F [x; u] + f from the first to the last.",
        "The controls are K x + k at every step.",
    ],
    "2.3": ["Additive noise leaves the gains as they are.", "The value gains the noise's cost."],
    "2.4": [
        "Your linearisation agrees with finite differences.",
        "Your quadratic agrees with the cost to second order.",
        "Away from the trajectory, both still agree.",
    ],
    "2.5": [
        "The cost never rises from one iteration to the next.",
        "A step is accepted only if the cost falls enough.",
    ],
    "2.6": [
        "On a quadratic system DDP takes Newton's step.",
        "The second-order terms are those of the dynamics.",
    ],
}
SERVER = str(Path(__file__).parent)  # a path of the grading machine, which no student may see
MESSAGES = {
    "failed": "lqr.backward: K is off by 3.2 relative to the gains of least cost (allowed 1e-06).\n"
    "Look at: the sign of the cross term C_ux, and whether V_next was used before it was updated.",
    "error": "lqr.forward raised ValueError: operands could not be broadcast together with shapes (4,) (2,)\n"
    f"  at {SERVER}/lqr.py, line 84, in forward",
    "timeout": "lqr.rollout was stopped after 10 s.",
    "memory": "lqr.backward was stopped at 2048 MB of memory.",
    "internal": f"Traceback: {SERVER}/test_lqr.py line 31 in test_secret_name",
    "todo": "",
    "passed": "",
    "skipped": "",
}
HINT = "V_next was multiplied with F but f_t was left out: look at q_t in the backward recursion."
XSS = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>"


def sample_homework(exercises: int = 6) -> Homework:
    """Return a homework of up to six exercises and one written question."""
    made = tuple(Exercise(f"2.{n}", TITLES[n - 1], POINTS[n - 1], "lqr.py") for n in range(1, exercises + 1))
    return Homework(
        "hw2_lqr_ilqr",
        "LQR and iLQR",
        Path("/nowhere/hw2_lqr_ilqr"),
        ("lqr.py",),
        (),
        ("numpy",),
        Limits(),
        made,
        (Written("2.1w", "Why is V symmetric?", 5.0),),
    )


def sample_tests(statuses: dict[str, str], messages: dict[str, str] | None = None) -> list[TestResult]:
    """Return the tests of one submission; `statuses` maps an exercise "2.1", or one of its places "2.1/0"."""
    tests = []
    for exercise, sentences in CHECKS.items():
        for place, sentence in enumerate(sentences):
            status = statuses.get(f"{exercise}/{place}", statuses.get(exercise, "passed"))
            message = (messages or {}).get(exercise, MESSAGES[status]) if status != "passed" else ""
            name = f"test_hidden_{exercise.replace('.', '_')}_{place}"
            staff = MESSAGES["internal"] if status == "internal" else ""
            tests.append(TestResult(name, exercise, status, sentence, message, 1.0, 0.02, staff))
    return tests


def sample_verdict(
    statuses: dict[str, str], homework: Homework, *, messages=None, diagnoses=(), cause="", tier="bubblewrap"
) -> Verdict:
    """Return one verdict over the exercises of `homework`."""
    ids = {exercise.id for exercise in homework.exercises}
    tests = [test for test in sample_tests(statuses, messages) if test.exercise in ids]
    return Verdict(
        homework.name,
        "5a1f0c77d2e94b10",
        "9f2c4b7e11aa" + "0" * 52,
        tier,
        tests,
        exercise_results(homework.exercises, tests),
        list(diagnoses),
        1.4,
        cause,
    )


def sample_class(homework: Homework | None = None) -> ClassResult:
    """Return a class of 24 records, in no order."""
    homework = homework or sample_homework()
    forgot = Diagnosis("2.1", "forgot-affine-part", HINT)
    sign = Diagnosis("2.4", "hessian-sign", "Your quadratic has the opposite sign of the cost's curvature.")
    plans = {
        "s01": dict(statuses={}),
        "s02": dict(statuses={"2.6": "todo"}),
        "s03": dict(statuses={"2.1/0": "failed", "2.1/2": "failed"}, diagnoses=[forgot]),
        "s04": dict(statuses={"2.1/0": "failed", "2.3/1": "failed"}, diagnoses=[forgot]),
        "s05": dict(statuses={"2.2": "error", "2.6/1": "failed"}),
        "s06": dict(statuses={"2.5": "timeout"}),
        "s07": dict(statuses={"2.4/2": "internal", "2.5/1": "internal"}),
        "s08": dict(statuses={"2.4": "failed"}, diagnoses=[sign]),
        "s09": dict(statuses={f"2.{n}": "todo" for n in range(1, 7)}),
        "s10": dict(
            statuses={f"2.{n}": "error" for n in range(1, 7)},
            cause="import failed: SyntaxError: invalid syntax (lqr.py, line 12)",
            messages={f"2.{n}": "lqr.py could not be imported: invalid syntax (line 12)" for n in range(1, 7)},
        ),
        "s11": dict(statuses={"2.3": "memory", "2.6": "skipped"}),
        "s12": dict(statuses={"2.1/0": "failed"}, messages={"2.1": "got " + "[0.123456789 " * 900}),
        "s13": dict(
            statuses={"2.2/0": "error"},
            messages={"2.2": f"ValueError: {XSS}\x1b[31mred\x1b[0m \x07 \u202etxt.exe"},
            cause=f"wrote more than 16 MB of output {XSS}",
        ),
        "s14": dict(statuses={"2.5/0": "failed", "2.6": "todo"}),
        "s15": dict(statuses={"2.1/0": "failed", "2.2": "failed", "2.6": "todo"}, diagnoses=[forgot]),
        "s16": dict(statuses={"2.6/1": "failed"}),
        "s17": dict(statuses={"2.4/2": "failed", "2.5": "todo", "2.6": "todo"}),
        "s18": dict(statuses={"2.3/1": "failed"}),
        "s19": dict(statuses={}),
        XSS: dict(statuses={"2.6": "failed"}),
        "طالب ٢١ \u202eevil": dict(
            statuses={"2.2/0": "failed"}, messages={"2.2": "ValueError: الشكل غير صحيح (4,) و (2,)"}
        ),
        "huge-" + "n" * 4000: dict(statuses={"2.1": "failed", "2.2": "failed", "2.3": "failed"}),
    }
    records = [
        Record(
            name,
            f"{name[:80]}_hw2.zip",
            ["files were one folder too deep"] if name == "s05" else [],
            verdict=sample_verdict(plan.pop("statuses"), homework, **plan),
        )
        for name, plan in plans.items()
    ]
    records.append(
        Record("s23", "s23.rar", [], refused="s23.rar: got a RAR archive, expected .zip, .tar.gz or a folder")
    )
    records.append(Record("s24", "s24.zip", [], refused=f"s24.zip: refused: member ../../{XSS} leaves the archive"))
    return ClassResult(homework.name, homework.title, records[::-1], "bubblewrap", False)


def test_the_sample_shows_every_status():
    """Every status a test can end in occurs in the sample."""
    found = {test.status for record in sample_class().records if record.verdict for test in record.verdict.tests}
    assert found == set(STATUSES)
