"""What the sockets of connections have in common."""

from __future__ import annotations

import socket

from gevent import monkey

# The loop's sockets are never gevent's: those would wait, and the loop must not.
plain_socket: type[socket.socket] = monkey.get_original("socket", "socket")


def disable_nagle(sock: socket.socket) -> None:
    """Small messages must not wait for the acknowledgement of the one before."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
