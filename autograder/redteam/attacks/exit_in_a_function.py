"""Ends the process with code 0 in the middle of a call."""

import os


def wrong(*args, **kwargs):
    os._exit(0)


action_value = gains = state_value = backward = forward = rollout = wrong
