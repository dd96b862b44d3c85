"""The end of a connection whose client may not have read the last response."""

from __future__ import annotations

import contextlib
import socket
import time

from wsocket.core.http.connections import LINGER, LONGEST_LINGER
from wsocket.core.net.socket_io import READ_SIZE


def linger(sock: socket.socket) -> None:
    """Let the client read the response (RFC 9112 section 9.6); the caller closes.

    Closing at once would reset the connection if the client has sent, or still sends,
    more than we have read. The reset may reach it before the response.
    """
    deadline = time.monotonic() + LONGEST_LINGER
    with contextlib.suppress(OSError):  # it has gone, or is silent
        sock.settimeout(LINGER)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(READ_SIZE) and time.monotonic() < deadline:
            continue
