"""Hides markup, terminal codes and reversed text in exceptions, class names and field names for whoever reads the report."""

import itertools

BAD = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\x1b[2J\x1b]0;x\x07\u202egnp\u202c\x00=cmd()\ud800"
NICE = BAD.replace("\ud800", "")
Bad = type(NICE.replace("\0", ""), (Exception,), {"__module__": NICE})
turn = itertools.cycle(
    [Bad(NICE), Bad(BAD), RuntimeError("a" * 10**6), Bad("\u0301" * 10**4), NotImplementedError(NICE), None]
)


class Fields(tuple):
    _fields = ("\u0430\u0301", "onerror")


def wrong(*args, **kwargs):
    error = next(turn)
    if error is None:
        return Fields((NICE, NICE))
    raise error


action_value = gains = state_value = backward = forward = rollout = wrong
