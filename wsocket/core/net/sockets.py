"""Sockets for the loop: never gevent's."""

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


def plain_socket(descriptor: int) -> socket.socket:
    """Wrap the file *descriptor* of a socket, whatever gevent has patched."""
    return _plain_class(fileno=descriptor)


def happens(descriptor: int, events: int) -> bool:
    """Whether one of these *events* of ``select.poll`` is there now; nothing waits."""
    poller: Any = monkey.get_original("select", "poll")()  # gevent's waits for its hub
    poller.register(descriptor, events)
    return bool(poller.poll(0))


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
