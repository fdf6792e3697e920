"""Reads the class, the hidden tests, the solutions, the gradebook, home folders and /etc by their paths."""

import glob
import os

CLASS = "/class"  # the test that runs this puts the real folder here
WANTED = [
    *(
        "submissions",
        "submissions/alice/lqr.py",
        "gradebook.db",
        "course.secret",
        "hw2_lqr_ilqr",
        "hw2_lqr_ilqr/hidden",
    ),
    *("hw2_lqr_ilqr/hidden/test_lqr.py", "hw2_lqr_ilqr/hidden/oracles.py", "solutions/hw2_lqr_ilqr/lqr.py"),
    *("solutions/hw2_lqr_ilqr/misconceptions.toml", "out/class.json"),
]


def look(path):
    try:
        if os.path.isdir(path):
            return str(os.listdir(path))
        with open(path, "rb") as file:
            return file.read(5000).decode("utf-8", "replace")
    except OSError:
        return ""


def wrong(*args, **kwargs):
    found = [look(f"{CLASS}/{name}") for name in WANTED]
    # The whole machine's, and the home of whoever grades: its files, if it can be listed.
    found += [
        look(f"/{name}") for name in ("etc/shadow", "etc/passwd", "etc/hostname", "root", "home", "var/log", "sys")
    ]
    others = [path for path in glob.glob("/tmp/autograder-*") if not os.getcwd().startswith(path)]
    found += [look(path) for path in others + glob.glob("/tmp/pytest-*")]
    if any(found):
        raise RuntimeError(f"ESCAPED: {[text for text in found if text]}")
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
