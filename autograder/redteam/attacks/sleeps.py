"""Sleeps for an hour in a call, using no processor time at all."""

import time


def wrong(*args, **kwargs):
    time.sleep(3600)


action_value = gains = state_value = backward = forward = rollout = wrong
