"""Reading a client's socket, with a deadline."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import gevent.socket

from wsocket.core.concurrency.turns import pace
from wsocket.core.http.client_wait import ClientWait

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SocketReader(socket.SocketIO):
    """The unbuffered side of a connection's reader, with a deadline.

    The socket's own timeout is not enough: it starts anew with each byte that arrives.

    Attributes:
        ahead: What was read from the socket already.
        dry: Whether it gives nothing more, for now.
        over: Whether nobody waits any more for what the client has not sent.
        deadline: When reading fails, by `time.monotonic`; None: never.
        reads: How often the socket was read.
    """

    deadline: float | None = None
    dry = over = False
    reads = 0

    def __init__(self, sock: socket.socket, wait_for_client: ClientWait) -> None:
        super().__init__(sock, "r")
        self._wait = wait_for_client
        self.ahead = bytearray()
        self._is_greenlets = isinstance(sock, gevent.socket.socket)

    def pace(self) -> None:
        """Let others in, if greenlets have worked for a while without having to wait.

        Threads share the time without that.
        """
        if self._is_greenlets:
            pace()

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Part of `io.RawIOBase`.

        Raises:
            TimeoutError: The deadline has passed, or the rest is not waited for.
        """
        if self.dry:
            return None
        if self.ahead:
            return self._take_ahead(memoryview(buffer))
        self.pace()
        self.reads += 1
        wait = self._wait
        wait.since = since = time.monotonic()
        try:
            count = super().readinto(buffer)
        finally:
            wait.since = None
        now = time.monotonic()
        wait.before += now - since
        if self.over:
            raise TimeoutError("the client has taken too long")
        if self.deadline is not None and now > self.deadline:
            raise TimeoutError("the deadline for reading has passed")
        return count

    def _take_ahead(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self.ahead))
        buffer[:count] = self.ahead[:count]
        del self.ahead[:count]
        return count
