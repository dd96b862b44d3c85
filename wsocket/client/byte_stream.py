"""A connected socket that one thread reads while others write.

With TLS (`tls_stream`) there is one operation at a time: OpenSSL allows no more. So the
socket does not block: each operation is done under a lock, and waits outside of it.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_READ_AHEAD = 65536  # bytes

_ResultT = TypeVar("_ResultT")


class ByteStream:
    """Such a socket."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._lock = threading.Lock()
        self._timeout: float | None = None
        self._ahead = b""  # what was read, and is not asked for yet
        self._pos = 0

    def recv(self, size: int) -> bytes:
        """Up to *size* bytes; none after the peer has closed.

        Raises:
            OSError: The connection is broken; TimeoutError after the timeout.
        """
        if self._pos == len(self._ahead):
            self._ahead, self._pos = self._read(_READ_AHEAD), 0
        data = self._ahead[self._pos : self._pos + size]
        self._pos += len(data)
        return data

    @property
    def ahead(self) -> bytes:
        """What has come, and is not asked for yet."""
        return self._ahead[self._pos :]

    def send(self, data: bytes | memoryview) -> int:
        """Send some bytes, at least one; raises OSError as `recv` does."""
        return self._when_ready(lambda: self._socket.send(data), select.POLLOUT)

    def sendall(self, data: bytes) -> None:
        """Send all bytes; raises OSError as `recv` does."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest) :]

    def settimeout(self, timeout: float | None) -> None:
        """How many seconds an operation may wait; None for ever."""
        self._timeout = timeout

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """End the connection, from any thread: whoever waits for it wakes up."""
        # Not the method of an SSLSocket, which would end the TLS under a reader.
        try:
            socket.socket.shutdown(self._socket, how)
        except OSError:
            return  # the peer was first

    def close(self) -> None:
        """Give the descriptor back; only when nobody reads or writes any more."""
        self._socket.close()

    def _read(self, size: int) -> bytes:
        return self._when_ready(lambda: self._socket.recv(size), select.POLLIN)

    def _when_ready(self, operation: Callable[[], _ResultT], events: int) -> _ResultT:
        """Do *operation*; *events* say when a socket without TLS is ready for it."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            try:
                with self._lock:
                    return operation()
            except OSError as error:
                awaited = self._awaited(error, events)
                if not awaited:
                    raise
            self._wait(awaited, deadline)

    def _awaited(self, error: OSError, events: int) -> int:
        """What to wait for because of *error*; 0: the operation has failed."""
        return events if isinstance(error, BlockingIOError) else 0

    def _wait(self, events: int, deadline: float | None) -> None:
        descriptor = self._socket.fileno()
        if descriptor < 0:
            raise OSError("the connection is closed")
        poll = select.poll()
        poll.register(descriptor, events)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not poll.poll(None if left is None else left * 1000):
            raise TimeoutError(f"nothing happened within {self._timeout} seconds")
