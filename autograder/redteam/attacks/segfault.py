"""Reads address 0, so that the process dies without a word."""

import ctypes


def wrong(*args, **kwargs):
    ctypes.string_at(0)


action_value = gains = state_value = backward = forward = rollout = wrong
