"""Connections that are over, and whose clients may not have read the last answer.

Closing at once would reset the connection if the client has sent, or still sends, more
than we have read, and the reset may reach it before the answer (RFC 9112 section 9.6).
"""

from __future__ import annotations

import socket
import time
from typing import Final

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.http.connections import LINGER, LONGEST_LINGER
from wsocket.core.http.deadlines import first_late
from wsocket.core.http.selecting import Selecting
from wsocket.core.net.socket_io import receive, send

# How many wait at most: each has a descriptor.
_MOST: Final = 256


class Departures:
    """Sockets whose clients get a moment, without a thread or a greenlet for each.

    `add` may be called from any thread or greenlet, everything else from the server's.
    """

    def __init__(self) -> None:
        self._selecting: Selecting[socket.socket] = Selecting()
        self._lock = short_lock()
        # When each is closed, whatever it sends; and when, if it sends nothing.
        self._last: dict[socket.socket, float] = {}
        self._silent: dict[socket.socket, float] = {}

    def __len__(self) -> int:
        return len(self._last)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to look at."""
        return self._selecting.fileno()

    def add(self, sock: socket.socket, answer: bytes = b"") -> None:
        """Send *answer*, and close *sock* soon."""
        now = time.monotonic()
        try:
            sock.setblocking(False)
            if answer:
                send(sock, answer)
            sock.shutdown(socket.SHUT_WR)
            with self._lock:
                self._selecting.add(sock, sock)
                self._last[sock] = now + LONGEST_LINGER
                self._silent[sock] = now + LINGER
        except (OSError, ValueError):  # the client is gone, or the server has ended
            sock.close()

    def look(self) -> None:
        """Take what clients still send."""
        for sock in self._selecting.ready():
            if sock in self._last:
                self._discard_some(sock)

    def tidy(self, now: float) -> None:
        """Close those whose time is over; *now* is by `time.monotonic`."""
        while (late := self._first(self._silent, now)) is not None:
            self._close(late)
        while (late := self._first(self._last, now)) is not None:
            self._close(late)
        while len(self._last) > _MOST:
            self._close(next(iter(self._last)))

    def close(self) -> None:
        """Close all of them now."""
        for sock in tuple(self._last):
            self._close(sock)
        self._selecting.close()

    def _discard_some(self, sock: socket.socket) -> None:
        try:
            over = receive(sock) == b""
        except OSError:
            over = True
        if over:
            self._close(sock)
            return
        with self._lock:
            del self._silent[sock]
            self._silent[sock] = time.monotonic() + LINGER

    def _close(self, sock: socket.socket) -> None:
        with self._lock:
            del self._last[sock], self._silent[sock]
            self._selecting.remove(sock)
        sock.close()

    def _first(
        self, waiting: dict[socket.socket, float], now: float
    ) -> socket.socket | None:
        with self._lock:
            return first_late(waiting, now)
