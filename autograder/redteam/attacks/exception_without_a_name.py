"""Raises an exception whose very name, text and traceback raise again when they are looked at."""


class Nameless(type):
    @property
    def __name__(cls):
        raise cls


class Nothing(BaseException, metaclass=Nameless):
    def __str__(self):
        raise self

    __repr__ = __str__
    __traceback__ = property(__str__)


def wrong(*args, **kwargs):
    raise Nothing


action_value = gains = state_value = backward = forward = rollout = wrong
