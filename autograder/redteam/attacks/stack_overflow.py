"""Removes Python's limit on recursion and recurses until the stack is gone."""

import sys

sys.setrecursionlimit(10**9)


def wrong(*args, **kwargs):
    return wrong(*args)


action_value = gains = state_value = backward = forward = rollout = wrong
