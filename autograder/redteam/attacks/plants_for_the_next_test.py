"""Plants sitecustomize, .pth files, preloads and modules of its own wherever the next test may look."""

import os
import site
import subprocess
import sys

PLANT = "raise SystemExit('ESCAPED: planted code ran')\n"
NAMES = "sitecustomize.py", "usercustomize.py", "numpy.py", "course.py", "inside.py", "a.pth", "ld.so.preload", "lqr.py"


def wrong(*args, **kwargs):
    places = [
        "/tmp",
        "/tmp/submission",
        os.getcwd(),
        os.path.expanduser("~"),
        *sys.path,
        *site.getsitepackages(),
        "/etc",
        "/usr/lib",
    ]
    for place in places:
        for name in NAMES:
            try:
                with open(f"{place}/{name}", "w") as file:
                    file.write(PLANT)
            except OSError:
                continue
    os.environ.update(LD_PRELOAD="/tmp/evil.so", PYTHONPATH="/tmp", PYTHONSTARTUP="/tmp/numpy.py", PYTHONHOME="/tmp")
    try:
        subprocess.run([sys.executable, "-c", "import numpy"], timeout=2)
    except (OSError, subprocess.SubprocessError):
        pass
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
