"""Reads other processes' environments, folders, files and command lines through /proc."""

import glob
import os

CLASS = "/class"


def look(path):
    try:
        if os.path.isdir(path):
            return str(os.listdir(path))
        with open(path, "rb") as file:
            return file.read(5000).decode("utf-8", "replace")
    except OSError:
        return ""


def wrong(*args, **kwargs):
    own = {str(os.getpid()), str(os.getppid()), "self", "thread-self"}
    found = []
    for process in glob.glob("/proc/[0-9]*") + ["/proc/self", "/proc/1"]:
        wanted = (
            f"root{CLASS}/course.secret",
            "cwd/hw2_lqr_ilqr/homework.toml",
            "cwd/../course.secret",
            "root/etc/passwd",
        )
        found += [look(f"{process}/{name}") for name in wanted]
        if process.rpartition("/")[2] not in own:
            found += [look(path) for path in glob.glob(f"{process}/fd/*") if "null" not in os.path.realpath(path)]
            found += [text for text in [look(f"{process}/environ")] if "SECRET" in text]
    if any(found):
        raise RuntimeError(f"ESCAPED: {[text for text in found if text]}")
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
