"""Raises an exception that never finishes saying what it is."""


class Endless(BaseException):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def wrong(*args, **kwargs):
    raise Endless


action_value = gains = state_value = backward = forward = rollout = wrong
