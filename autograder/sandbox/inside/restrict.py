"""Restrictions that a process lays on itself and can never take off: limits, another uid, Landlock, seccomp.

All with system calls from plain Python; nothing to install. Each function raises OSError where the kernel
refuses, and the caller then stops: a worker runs with the restrictions of its tier or not at all.

Sources: landlock(7), seccomp(2), prctl(2), capabilities(7); numbers from the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_KEEPCAPS, PR_SET_PDEATHSIG = 38, 22, 8, 1
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446  # the same on every architecture

# Landlock access rights by the ABI version that brought them.
FS_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
FS_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder
NET_RIGHTS = 3  # bind and connect TCP, since ABI 4
SCOPES = 3  # abstract UNIX sockets and signals, since ABI 6
MIN_ABI = 6  # without scoped signals a submission could kill the grader

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def limit(cpu_seconds: int, memory: int, file_size: int, processes: int) -> None:
    """Set the limits that the kernel keeps per process (bytes, seconds) and per user (processes)."""
    for kind, value in [
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ]:
        soft, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def become(uid: int, keep_read: bool) -> None:
    """Change from root to `uid` for good, with no capability left but reading files if `keep_read`.

    Root is exempt from RLIMIT_NPROC, so a fork bomb is only stopped under another uid. `keep_read` keeps
    CAP_DAC_READ_SEARCH for machines where Python itself lies in a folder that only root may enter; what may be
    read is then up to Landlock.
    """
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    if keep_read:
        _check(_libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keepcaps")
    os.setresuid(uid, uid, uid)
    mask = 1 << 2 if keep_read else 0
    header = struct.pack("II", 0x20080522, 0)
    _check(_libc.capset(header, struct.pack("6I", mask, mask, 0, 0, 0, 0)), "capset")


def no_new_privileges() -> None:
    """Give up every way to gain privileges by executing a program."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def die_with_parent() -> None:
    """Be killed when the parent ends; to be called after the last change of uid, which would undo it."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "pdeathsig")


def landlock_abi() -> int:
    """Return the Landlock ABI version of this kernel, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    version = _libc.syscall(SYS_LANDLOCK_CREATE, None, 0, 1)
    return max(version, 0)


def landlock(readable: list[str], writable: list[str]) -> None:
    """Allow reading below `readable`, everything below `writable`, and no other file, TCP port or process."""
    abi = landlock_abi()
    rights = 0
    for version, bits in FS_RIGHTS.items():
        rights |= bits if version <= abi else 0
    attributes = struct.pack("QQQ", rights, NET_RIGHTS if abi >= 4 else 0, SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _check(_libc.syscall(SYS_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0), "landlock")
    for paths, allowed in [(readable, FS_READ), (writable, rights)]:
        for path in paths:
            _allow(ruleset, path, allowed)
    _check(_libc.syscall(SYS_LANDLOCK_RESTRICT, ruleset, 0), "landlock")
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):
        rights &= 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # the rights that a file can have
    rule = struct.pack("=Qi", rights, folder)
    _check(_libc.syscall(SYS_LANDLOCK_ADD, ruleset, 1, rule, 0), f"landlock {path}")
    os.close(folder)


# seccomp: system calls that a homework never needs and an attack might. Numbers: x86_64, then aarch64.
DENIED = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "quotactl": (179, 60), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "personality": (135, 92),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "setxattr": (188, 5), "syslog": (103, 116),
    "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58),
    "setsid": (112, 157),  # a session of its own has its own share of the processor
    "migrate_pages": (256, 238), "move_pages": (279, 239), "process_madvise": (440, 440),
    # what neither Landlock nor a missing right forbids a process to do to others of its own user, or to their files
    "socketpair": (53, 199), "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "chmod": (90, 53), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, 54),
    "fchown": (93, 55), "lchown": (94, 54), "fchownat": (260, 54), "utime": (132, 88), "utimes": (235, 88),
    "futimesat": (261, 88), "utimensat": (280, 88), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
}  # fmt: skip
CLONE, CLONE3, IOCTL, PRLIMIT = (56, 220), (435, 435), (16, 29), (302, 261)
MMAP, MAP_SHARED, MAP_ANONYMOUS = (9, 222), 0x01, 0x20
CLONE_NEW = 0x7E020000 | 0x00000080  # every CLONE_NEW* flag
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
EPERM, ENOSYS = 1, 38
LOAD, JEQ, JGE, JSET, RET = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def seccomp_program(machine: str) -> bytes:
    """Assemble the filter for one architecture: deny the calls above, allow the rest."""
    column, arch = ARCHES[machine]
    denied = sorted(numbers[column] for numbers in DENIED.values())
    code = [(LOAD, 0, 0, 4), (JEQ, 1, 0, arch), (RET, 0, 0, KILL), (LOAD, 0, 0, 0)]
    if machine == "x86_64":
        code += [(JGE, 0, 1, 0x40000000), (RET, 0, 0, ERRNO | EPERM)]  # the x32 numbers for the same calls
    for number in denied:
        code += [(JEQ, 0, 1, number), (RET, 0, 0, ERRNO | EPERM)]
    code += [
        (JEQ, 0, 1, CLONE3[column]),
        (RET, 0, 0, ERRNO | ENOSYS),
    ]  # its flags cannot be read; glibc falls back
    code += [
        (JEQ, 0, 3, CLONE[column]),
        (LOAD, 0, 0, 16),
        (JSET, 0, 1, CLONE_NEW),
        (RET, 0, 0, ERRNO | EPERM),
    ]
    # limits of its own only: argument 0 is the process, 0 for the caller
    code += [
        (LOAD, 0, 0, 0),
        (JEQ, 0, 3, PRLIMIT[column]),
        (LOAD, 0, 0, 16),
        (JEQ, 1, 0, 0),
        (RET, 0, 0, ERRNO | EPERM),
    ]
    # memory that is shared and nameless can be hidden from who weighs it: argument 3 holds the flags
    code += [
        (LOAD, 0, 0, 0),
        (JEQ, 0, 4, MMAP[column]),
        (LOAD, 0, 0, 40),
        (JSET, 0, 2, MAP_ANONYMOUS),
        (JSET, 0, 1, MAP_SHARED),
        (RET, 0, 0, ERRNO | EPERM),
    ]
    code += [(LOAD, 0, 0, 0), (JEQ, 0, 4, IOCTL[column]), (LOAD, 0, 0, 24)]
    code += [(JEQ, 1, 0, TIOCSTI), (JEQ, 0, 1, TIOCLINUX), (RET, 0, 0, ERRNO | EPERM), (RET, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


def seccomp() -> None:
    """Install the filter; raise OSError on an architecture whose numbers are not known here."""
    machine = os.uname().machine
    if machine not in ARCHES:
        raise OSError(ENOSYS, f"seccomp: no filter for {machine}")
    program = seccomp_program(machine)
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _check(_libc.prctl(PR_SET_SECCOMP, 2, header, 0, 0), "seccomp")
