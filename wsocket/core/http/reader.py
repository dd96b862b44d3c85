"""Reading the heads of requests from a connection, within limits of size and time."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gevent.socket

from wsocket.core.concurrency.turns import pace
from wsocket.core.http.refusal import TOO_MANY_FIELDS, cut_off, refuse
from wsocket.core.http.request import Request, parse_request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Limits in bytes. Browsers and proxies stay well below.
MAX_REQUEST_LINE = 8 * 1024
MAX_HEAD = 64 * 1024

# Empty lines before a request that are ignored.
MAX_EMPTY_LINES = 8


class SocketReader(socket.SocketIO):
    """The unbuffered side of a connection's reader, with a deadline.

    The socket's own timeout is not enough: it starts anew with each byte that arrives.

    Attributes:
        deadline: When reading fails, by `time.monotonic`; None: never.
        reads: How often the socket was read.
    """

    deadline: float | None = None
    reads = 0

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")
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
            TimeoutError: The deadline has passed.
        """
        self.pace()
        self.reads += 1
        count = super().readinto(buffer)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimeoutError("the deadline for reading has passed")
        return count


class RequestReader:
    """The requests that arrive on one connection.

    Args:
        sock: The connected socket, whose timeout limits each wait for more bytes.
        timeout: Longest time from the first byte of a request to the end of its head,
            in seconds.

    Attributes:
        buffer: The buffered reader, which may hold bytes after the current request.
        line: The first line of the latest request, as far as it has come.
        in_a_hurry: Whether it had come, at least in part, before the response to the
            one before it was sent.
    """

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._raw = SocketReader(sock)
        self._timeout = timeout
        self.buffer: io.BufferedReader = io.BufferedReader(self._raw)
        self.line = b""
        self.in_a_hurry = False

    def wait(self) -> bool:
        """Wait for the first byte of a request; False when the client has closed.

        Raises:
            OSError: The connection was lost, or idle for too long.
        """
        before = self._raw.reads
        there = bool(self.buffer.peek(1))
        self.in_a_hurry = there and self._raw.reads == before
        return there

    def next_request(self) -> Request | None:
        """Read the head of the next request; None when the client has closed.

        Raises:
            RequestError: The client sent a bad request, or was too slow.
            OSError: The connection was lost, or idle for too long.
        """
        self.line = b""
        if self.in_a_hurry:
            self.pace()
        window = self.buffer.peek(1)
        if window[:1] == b"\r":
            window = self._skip_empty_lines()
        if not window:
            return None
        end = window.find(b"\r\n\r\n")
        if end >= 0:  # nearly always: the whole head is there
            self.line = window[: window.find(b"\r\n")]
            return parse_request(self.buffer.read(end + 4)[:-4])
        try:
            with self.within(self._timeout):
                return parse_request(self._read_lines())
        except TimeoutError:
            refuse(
                f"the request's head did not arrive within {self._timeout:g} seconds",
                status="408 Request Timeout",
            )

    def pace(self) -> None:
        """See `SocketReader.pace`."""
        self._raw.pace()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Reading in this block ends with TimeoutError after so many seconds.

        It is noticed when something arrives; until then the socket's timeout counts.
        """
        self._raw.deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self._raw.deadline = None

    def _skip_empty_lines(self) -> bytes:
        """Skip what some clients send after a body (RFC 9112 section 2.2).

        Returns:
            The beginning of what follows, still unread; no bytes if the client closes.
        """
        for _ in range(MAX_EMPTY_LINES):
            line = self.buffer.read(2)  # its LF may come in a packet of its own
            if len(line) < 2:
                return b""
            if line != b"\r\n":
                refuse(f"a CR before the request, without its LF: {line!r}")
            window = self.buffer.peek(1)
            if window[:1] != b"\r":
                return window
        refuse(f"more than {MAX_EMPTY_LINES} empty lines before the request")

    def _read_lines(self) -> bytes:
        """The request line and the field lines, without the empty line after them."""
        lines = [self._read_line(MAX_REQUEST_LINE, "414 URI Too Long")]
        size = 0
        while True:
            line = self._read_line(MAX_HEAD - size, TOO_MANY_FIELDS)
            if line == b"\r\n":
                return b"".join(lines)[:-2]
            lines.append(line)
            size += len(line)

    def _read_line(self, limit: int, status: str) -> bytes:
        line = self.buffer.readline(limit)
        self.line = self.line or line.rstrip(b"\r\n")
        if line[-2:] == b"\r\n":
            return line
        if line[-1:] == b"\n":
            refuse("a line of the request's head ends with LF alone, without CR")
        if len(line) == limit:
            refuse("the request line or the headers are too long", status=status)
        cut_off("the connection ended within the request's head")
