"""Opens sockets of every family it knows: TCP, UDP, UNIX, netlink, packet, vsock, and asks for a name."""

import socket


def wrong(*args, **kwargs):
    for family in range(1, 46):
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET:
            try:
                socket.socket(family, kind)
            except OSError:
                continue
            raise RuntimeError(f"ESCAPED: a socket of family {family}")
    try:
        socket.getaddrinfo("localhost.invalid", 80)
        raise RuntimeError("ESCAPED: a name was resolved")
    except OSError:
        return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
