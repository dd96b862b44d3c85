"""Reading the heads of requests from a connection, within limits of size and time."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from enum import Enum
from typing import Final

from wsocket.core.http.client_wait import ClientWait
from wsocket.core.http.fields import MAX_FIELDS
from wsocket.core.http.head_scan import (
    MAX_EMPTY_LINES,
    MAX_HEAD,
    MAX_REQUEST_LINE,
    HeadScan,
)
from wsocket.core.http.refusal import TOO_LATE, TOO_MANY_FIELDS, cut_off, refuse
from wsocket.core.http.request import Request, parse_request
from wsocket.core.http.socket_reader import SocketReader
from wsocket.core.net.socket_io import READ_SIZE, receive


class Coming(Enum):
    """What is to be done with a connection, as to its next request."""

    WAIT = "wait"
    """The request has not come, or not its whole head."""

    SERVE = "serve"
    """It has come; or what has come is to be refused."""

    END = "end"
    """The client has closed, and nothing has to be answered."""

    DEPART = "depart"
    """There will be none, and the client may still be sending."""


# Looking up a member of an enumeration is slow, and each request needs several.
WAIT: Final = Coming.WAIT
SERVE: Final = Coming.SERVE
END: Final = Coming.END
DEPART: Final = Coming.DEPART


class RequestReader:
    """The requests that arrive on one connection.

    Whoever may not wait calls `look`, until that says that the next one can be read.

    Args:
        sock: The connected socket, whose timeout limits each wait for more bytes.
        timeout: Longest time from the first byte of a request to the end of its head,
            in seconds.

    Attributes:
        wait_for_client: How long the latest request has waited for its client.
        line: The first line of the latest request, as far as it has come.
        in_a_hurry: Whether it had come, at least in part, before the response to the
            one before it was sent.
    """

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._sock = sock
        self.wait_for_client = ClientWait()
        self._raw = SocketReader(sock, self.wait_for_client)
        self._timeout = timeout
        self._buffer: io.BufferedReader | None = None
        self._scan = HeadScan()
        self._whole = False  # what the scan has said
        self.line = b""
        self.in_a_hurry = False

    @property
    def buffer(self) -> io.BufferedReader:
        """The buffered reader, which may hold bytes after the current request."""
        if self._buffer is None:  # many connections wait for long, and need none
            self._buffer = io.BufferedReader(self._raw)
        return self._buffer

    @property
    def ahead(self) -> int:
        """How many bytes have come of a request that is not whole."""
        return len(self._raw.ahead)

    @property
    def begun(self) -> bool:
        """Whether something of the next request has come, as `look` has seen."""
        return self._scan.begun

    def look(self) -> Coming:
        """Take what has come, without waiting.

        Raises:
            OSError: The connection was lost.
        """
        return self._judge(receive(self._sock))

    def look_forward(self) -> None:
        """The latest request has been answered; what has come is for the next one."""
        self._scan = HeadScan()
        buffered, ahead = self._buffered(), self._raw.ahead
        self.in_a_hurry = bool(buffered or ahead)
        # What was read ahead may be much, and many requests: it is copied if it counts.
        self._whole = self._scan.add(buffered) or self._scan.add(bytes(ahead))

    def wait_a_little(self, patience: float) -> Coming:
        """Take what has come, or comes within *patience* seconds, if more is needed.

        Raises:
            OSError: The connection was lost.
        """
        if self._whole:
            return SERVE
        self._sock.settimeout(patience)
        try:
            data = self._sock.recv(READ_SIZE)
        except TimeoutError:
            return WAIT
        finally:
            self._sock.settimeout(self._timeout)
        return self._judge(data)

    def end_body(self) -> None:
        """Wait no longer for the rest of a body; the socket is not read any more."""
        self._raw.over = True

    def lateness(self) -> str:
        """The problem, when the time for the head is over."""
        return f"the request's head did not arrive within {self._timeout:g} seconds"

    def give_up(self) -> None:
        """Take what has come of a head for its `line`: the rest is not waited for."""
        left = self._buffered() + self._raw.ahead
        self.line = bytes(left.partition(b"\r\n")[0])

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
        buffer = self.buffer
        window = buffer.peek(1)
        if window[:1] == b"\r":
            window = self._skip_empty_lines()
        if not window:
            return None
        end = window.find(b"\r\n\r\n")
        if end >= 0:  # nearly always: the whole head is there
            self.line = window[: window.find(b"\r\n")]
            return parse_request(buffer.read(end + 4)[:-4])
        try:
            with self.within(self._timeout):
                return parse_request(self._read_lines())
        except TimeoutError:
            refuse(self.lateness(), status=TOO_LATE)

    def close(self) -> None:
        """Free the buffer; the socket stays open."""
        self._raw.close()

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

    def _judge(self, data: bytes | None) -> Coming:
        """What to do, after *data* has come; none are the end of what comes."""
        if data is None:
            return WAIT
        if data:
            self._raw.ahead += data
            self._whole = self._scan.add(data)
        elif self._scan.begun:
            self._whole = True
        else:
            return END
        return SERVE if self._whole else WAIT

    def _buffered(self) -> bytes:
        """What is in the buffer, behind the latest request."""
        self._raw.dry = True
        buffered = self.buffer.peek()
        self._raw.dry = False
        return buffered

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
            if len(lines) > MAX_FIELDS + 1:
                refuse(f"more than {MAX_FIELDS} headers", status=TOO_MANY_FIELDS)

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
