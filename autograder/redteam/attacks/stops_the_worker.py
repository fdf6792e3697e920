"""Stops the worker, so that it neither answers nor ends when the grader asks it to."""

import os
import signal


def wrong(*args, **kwargs):
    os.kill(os.getppid(), signal.SIGSTOP)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
