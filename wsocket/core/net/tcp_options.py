"""Options of TCP sockets: without delays, with keepalive."""

from __future__ import annotations

import socket

# Keepalive probes without an answer after which the kernel ends the connection.
_PROBES = 3
_MAX_SECONDS = 32767  # the most that Linux takes for the two options in seconds


def is_tcp(sock: socket.socket) -> bool:
    """Whether *sock* is a TCP socket, and not a Unix one."""
    return sock.family in (socket.AF_INET, socket.AF_INET6)


def disable_nagle(sock: socket.socket) -> None:
    """Send small messages at once, not after the one before was acknowledged."""
    if is_tcp(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def keep_alive(sock: socket.socket, *, interval: float, timeout: float) -> None:
    """Have the kernel end a TCP connection whose network is cut.

    This takes at most ``interval + timeout`` seconds. The peer's kernel answers the
    probes, not its program: a program that hangs is not noticed. An option that this
    kernel does not have keeps its default.

    Args:
        interval: Seconds of silence until the peer's kernel is asked; 0 for never.
        timeout: Seconds that it has for an answer.
    """
    if not interval or not is_tcp(sock):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": _whole_seconds(interval),
        "TCP_KEEPINTVL": _whole_seconds(timeout / _PROBES),
        "TCP_KEEPCNT": _PROBES,
        # Milliseconds until what was sent must be acknowledged (RFC 5482).
        "TCP_USER_TIMEOUT": int((interval + timeout) * 1000),
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _whole_seconds(seconds: float) -> int:
    return min(max(1, int(seconds)), _MAX_SECONDS)
