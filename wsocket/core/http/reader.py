"""Reading the heads of requests from a connection, within limits of size and time."""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING

from wsocket.core.http.refusal import TOO_MANY_FIELDS, refuse
from wsocket.core.http.request import Request, parse_request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Limits in bytes. Browsers and proxies stay well below.
MAX_REQUEST_LINE = 8 * 1024
MAX_HEAD = 64 * 1024


class SocketReader(socket.SocketIO):
    """The unbuffered side of a connection's reader, with a deadline.

    The socket's own timeout is not enough: it starts anew with each byte that arrives.

    Attributes:
        deadline: When reading fails, by `time.monotonic`; None: never.
    """

    deadline: float | None = None

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Part of `io.RawIOBase`.

        Raises:
            TimeoutError: The deadline has passed.
        """
        count = super().readinto(buffer)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimeoutError("the request head took too long")
        return count


class RequestReader:
    """The requests that arrive on one connection.

    Args:
        sock: The connected socket, whose timeout limits each wait for more bytes.
        timeout: Longest time from the first byte of a request to the end of its head,
            in seconds.

    Attributes:
        buffer: The buffered reader, which may hold bytes after the current request.
    """

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._raw = SocketReader(sock)
        self._timeout = timeout
        self.buffer: io.BufferedReader = io.BufferedReader(self._raw)

    def next_request(self) -> Request | None:
        """Read the head of the next request; None when the client has closed.

        Raises:
            RequestError: The client sent a bad request, or was too slow.
            OSError: The connection was lost, or idle for too long.
        """
        if not self.buffer.peek(1):
            return None
        self._raw.deadline = time.monotonic() + self._timeout
        try:
            return parse_request(self._read_head())
        except TimeoutError:
            refuse(
                f"the request's head did not arrive within {self._timeout:g} seconds",
                status="408 Request Timeout",
            )
        finally:
            self._raw.deadline = None

    def _read_head(self) -> bytes:
        """The request line and the field lines, without the empty line after them."""
        window = self.buffer.peek(1)
        if window[:2] == b"\r\n":  # some clients send one too many (section 2.2)
            self.buffer.read(2)
            window = self.buffer.peek(1)
        end = window.find(b"\r\n\r\n")
        if end >= 0:  # nearly always: the whole head is there
            return self.buffer.read(end + 4)[:-4]
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
        if line[-2:] == b"\r\n":
            return line
        if line[-1:] == b"\n":
            refuse("a line of the request's head ends with LF alone, without CR")
        if len(line) == limit:
            refuse("the request line or the headers are too long", status=status)
        refuse("the connection ended within the request's head")
