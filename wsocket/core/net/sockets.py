"""Sockets for the loop: never gevent's, without delays, with keepalive."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import sys
import termios
from typing import Any

from gevent import monkey

# gevent's sockets would wait for their hub, and the loop must not wait.
_plain_class: type[socket.socket] = monkey.get_original("socket", "socket")

# Keepalive probes without an answer after which the kernel ends the connection.
_PROBES = 3
_MAX_SECONDS = 32767  # the most that Linux takes for the two options in seconds


def plain_socket(descriptor: int) -> socket.socket:
    """Wrap the file *descriptor* of a socket, whatever gevent has patched."""
    return _plain_class(fileno=descriptor)


def happens(descriptor: int, events: int) -> bool:
    """Whether one of these *events* of ``select.poll`` is there now; nothing waits."""
    poller: Any = monkey.get_original("select", "poll")()  # gevent's waits for its hub
    poller.register(descriptor, events)
    return bool(poller.poll(0))


def is_tcp(sock: socket.socket) -> bool:
    """Whether *sock* is a TCP socket, and not a Unix one."""
    return sock.family in (socket.AF_INET, socket.AF_INET6)


def disable_nagle(sock: socket.socket) -> None:
    """Send small messages at once, not after the one before was acknowledged."""
    if is_tcp(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def untaken(sock: socket.socket) -> int:
    """Bytes that were sent, and that the peer's kernel has not acknowledged.

    Of a Unix socket it is the memory of what the peer has not read. It is 0 if *sock*
    is closed, or the system does not tell.
    """
    with contextlib.suppress(OSError, ValueError):  # closed: its descriptor is -1
        unread = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(unread, sys.byteorder)
    return 0


def reset_on_close(sock: socket.socket) -> None:
    """Have TCP reset the connection when *sock* is closed: what is unsent is lost.

    Raises:
        OSError: *sock* is closed.
    """
    no_time = struct.pack("ii", 1, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)


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
