"""Accepting connections from listening sockets, also while the system has no room."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import Any

from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.trouble import Trouble

# Seconds until accepting is tried again after it failed. At once it would fail again,
# for instance because there are still no file descriptors left.
PAUSE = 0.1

# Seconds between two looks while there is something to tidy up.
LOOK = 0.25


class Acceptor:
    """The listening sockets of one server.

    `failed` may be called from any thread, everything else from the server's own.
    """

    def __init__(self, listening: Sequence[ListeningSocket]) -> None:
        self._listening = list(listening)
        self._trouble = Trouble("cannot take a connection")
        self._paused_until = 0.0

    @property
    def failing(self) -> bool:
        """Whether accepting has failed just now."""
        return time.monotonic() < self._paused_until

    def sockets(self) -> list[socket.socket]:
        """The sockets on which to wait for connections."""
        return [] if self.failing else [each.sock for each in self._listening]

    def patience(self) -> float | None:
        """Seconds to wait for a connection at most; None for ever."""
        if self.failing:
            return PAUSE
        return LOOK if self._trouble else None

    def accept(self, descriptor: int) -> tuple[socket.socket, Any] | None:
        """A connection of the socket with this *descriptor*; None if there is none."""
        for each in self._listening:
            if each.sock.fileno() == descriptor:
                return None if self.failing else self._accept(each)
        return None

    def accept_rest(self) -> tuple[socket.socket, Any] | None:
        """A connection that nobody else would accept; None when there is no more."""
        for each in self._listening:
            if each.shared or self.failing:
                continue
            accepted = self._accept(each)
            if accepted is not None:
                return accepted
        return None

    def failed(self, error: BaseException) -> None:
        """A connection could not be accepted, or not be served: wait a while."""
        now = time.monotonic()
        self._paused_until = now + PAUSE
        self._trouble.met(error, now)

    def tidy(self, now: float) -> None:
        """See whether trouble is over; *now* is by `time.monotonic`."""
        if not self.failing:
            self._trouble.passed(now)

    def close(self) -> None:
        """Stop listening; later calls do nothing."""
        listening, self._listening = self._listening, []
        for each in listening:
            with contextlib.suppress(OSError):  # the file of a Unix socket is gone
                each.release()

    def _accept(self, listening: ListeningSocket) -> tuple[socket.socket, Any] | None:
        try:
            found = listening.accept()
        except OSError as error:
            self.failed(error)
            return None
        if found is None:
            return None
        accepted, address = found
        # gevent's if it has patched the process, which the listening one is not.
        return socket.socket(fileno=accepted.detach()), address
