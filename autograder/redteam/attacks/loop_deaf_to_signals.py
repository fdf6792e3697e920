"""Blocks and ignores every signal that can be ignored, then computes for ever."""

import signal

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))


def wrong(*args, **kwargs):
    while True:
        pass


action_value = gains = state_value = backward = forward = rollout = wrong
