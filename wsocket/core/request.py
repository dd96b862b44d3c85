"""A client's request, read strictly: bytes to a head, a body and a WSGI environ.

RFC 9112 lets a server repair some malformed requests. Proxies repair them differently,
and what two servers read differently can be smuggled past the first (section 11.2), so
here everything that is not plainly HTTP/1 is refused.
"""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

from wsocket.errors import RequestError
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Limits in bytes, and in lines; browsers and proxies stay well below.
MAX_REQUEST_LINE = 8 * 1024
MAX_HEAD = 64 * 1024
MAX_FIELDS = 128
MAX_CHUNK_LINE = 1024

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 section 5.6.2
# Section 3; of the target's own grammar only controls and "#" are looked for.
_REQUEST_LINE = re.compile(
    rf"({_TOKEN}) ([!\"$-~\x80-\xff]+) (HTTP/(\d)\.(\d))", re.ASCII
)
_FIELD = re.compile(rf"({_TOKEN}):([^\x00-\x08\x0a-\x1f\x7f]*)")
_ORIGIN = re.compile(r"https?://([^/?]+)", re.IGNORECASE)
_HOST = re.compile(r"[0-9A-Za-z\-._~%!$&'()*+,;=:\[\]]*")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n"
)


def closing_response(status: str, problem: str) -> bytes:
    """A whole response that tells of a problem and ends the connection."""
    body = f"{status}: {problem}\n".encode("ascii", "backslashreplace")
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


# What a client gets that speaks HTTP where TLS is expected.
TLS_EXPECTED = closing_response(
    "400 Bad Request", "this port speaks TLS: say https:// or wss://"
)


def refuse(problem: str, *, status: str = "400 Bad Request") -> NoReturn:
    """Refuse the request.

    Raises:
        RequestError: Always.
    """
    raise RequestError(status, problem)


class SocketReader(socket.SocketIO):
    """The unbuffered side of a connection's reader, with an end to patience.

    The socket's own timeout starts anew with each byte that arrives.

    Attributes:
        deadline: When the head must be complete, by `time.monotonic`; None: never.
    """

    deadline: float | None = None

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what there is, as `io.RawIOBase` has it."""
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
        """Read the head of the next request; None when there is none.

        Raises:
            RequestError: What came is no request that may be answered.
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
        if window[:2] == b"\r\n":  # left over from a sloppy client (section 2.2)
            self.buffer.read(2)
            window = self.buffer.peek(1)
        end = window.find(b"\r\n\r\n")
        if end >= 0:  # nearly always: the head came in one piece
            return self.buffer.read(end + 4)[:-4]
        lines = [self._read_line(MAX_REQUEST_LINE, "414 URI Too Long")]
        size = 0
        while True:
            line = self._read_line(
                MAX_HEAD - size, "431 Request Header Fields Too Large"
            )
            if line == b"\r\n":
                return b"".join(lines)[:-2]
            lines.append(line)
            size += len(line)

    def _read_line(self, limit: int, status: str) -> bytes:
        line = self.buffer.readline(limit)
        if line[-1:] == b"\n":
            return line
        if len(line) == limit:
            refuse("the request line or the headers are too long", status=status)
        refuse("the connection ended within the request's head")


class Request:
    """The head of a request, checked.

    Attributes:
        line: The request line.
        version: ``"HTTP/1.1"`` or ``"HTTP/1.0"``.
        target: Path and query; empty for ``OPTIONS *``.
        fields: The headers, by lower-case name.
        length: Bytes of the body; None when it is chunked.
        expects_continue: The client waits for 100 Continue before it sends the body.
        keeps_alive: The connection may serve another request.
    """

    def __init__(
        self,
        line: str,
        fields: dict[str, str],
        *,
        method: str,
        target: str,
        version: str,
    ) -> None:
        self.line = line
        self.method = method
        self.version = version
        self.modern = version != "HTTP/1.0"
        self.fields = fields
        host, self.target = _split_target(target, method)
        if host is not None:
            fields["host"] = host  # it takes precedence (section 3.2.2)
        _check_host(fields, modern=self.modern)
        self.length = _body_length(fields, modern=self.modern)
        # In HTTP/1.0 the end of the connection marks the end of the response.
        self.keeps_alive = self.modern and "close" not in _options(fields)
        self.expects_continue = self.modern and _expects_continue(fields)

    def environ(self) -> dict[str, Any]:
        """What the request says about itself, for WSGI's environ (PEP 3333)."""
        path, _, query = self.target.partition("?")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.version,
        }
        for name, value in self.fields.items():
            key = name.replace("-", "_").upper()
            # An underscore could pass for a header that a proxy has set.
            if "_" not in name:
                environ[key if key in _CGI_FIELDS else f"HTTP_{key}"] = value
        return environ


_CGI_FIELDS = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})

# Fields of which a second one is an attack, or may as well be.
_SINGLE = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


def parse_request(data: bytes) -> Request:
    """Parse a request's head: lines that end in CRLF, but for the last one.

    Raises:
        RequestError: It is malformed.
    """
    line, *field_lines = data.decode("latin-1").split("\r\n")
    parsed = _REQUEST_LINE.fullmatch(line)
    if parsed is None:
        refuse(f"the request line must be METHOD TARGET HTTP/1.1, not {line[:200]!r}")
    method, target, version, major, minor = parsed.groups()
    if major != "1":
        refuse(f"{version} is not spoken here", status="505 HTTP Version Not Supported")
    version = "HTTP/1.0" if minor == "0" else "HTTP/1.1"
    fields = _parse_fields(field_lines)
    return Request(line, fields, method=method, target=target, version=version)


def _split_target(target: str, method: str) -> tuple[str | None, str]:
    """The host, where the target names one, and path and query (section 3.2)."""
    if target[0] == "/":
        return None, target
    if target == "*" and method == "OPTIONS":
        return None, ""
    absolute = _ORIGIN.match(target)
    if absolute is None:
        refuse(f"the request target must be a path, not {target[:200]!r}")
    rest = target[absolute.end() :]
    return absolute[1], rest if rest[:1] == "/" else f"/{rest}"


def _check_host(fields: dict[str, str], *, modern: bool) -> None:
    host = fields.get("host")
    if host is None and modern:
        refuse("the Host header is missing")
    if host is not None and not _HOST.fullmatch(host):
        refuse(f"the Host header is malformed: {host[:200]!r}")


def _parse_fields(lines: list[str]) -> dict[str, str]:
    """Field lines to lower-case names and values (section 5)."""
    if len(lines) > MAX_FIELDS:
        refuse(
            f"more than {MAX_FIELDS} headers",
            status="431 Request Header Fields Too Large",
        )
    fields: dict[str, str] = {}
    for line in lines:
        parsed = _FIELD.fullmatch(line)
        if parsed is None:
            # Among others: a space before the colon, a folded line, a bare CR or LF.
            refuse(f"malformed header line {line[:200]!r}")
        name, value = parsed[1].lower(), parsed[2].strip(" \t")
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            refuse(f"more than one {name.title()} header")
        else:
            separator = "; " if name == "cookie" else ", "
            fields[name] += separator + value
    return fields


def _options(fields: dict[str, str]) -> list[str]:
    """The connection options (section 9.1)."""
    connection = fields.get("connection")
    if connection is None:
        return []
    return [option.strip() for option in connection.lower().split(",")]


def _body_length(fields: dict[str, str], *, modern: bool) -> int | None:
    """The body's length in bytes, None for a chunked one (section 6.3)."""
    length = fields.get("content-length")
    coding = fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            refuse("both Content-Length and Transfer-Encoding")
        if not modern:
            refuse("Transfer-Encoding in an HTTP/1.0 request")
        if coding.lower() != "chunked":
            refuse(
                f"transfer coding {coding!r} is not supported, only chunked is",
                status="501 Not Implemented",
            )
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        refuse(f"Content-Length must be a number of bytes, not {length!r}")
    return int(length)


def _expects_continue(fields: dict[str, str]) -> bool:
    expectation = fields.get("expect")
    if expectation is not None and expectation.lower() != "100-continue":
        refuse(f"unknown expectation {expectation!r}", status="417 Expectation Failed")
    return expectation is not None


class RequestBody(io.RawIOBase):
    """The unbuffered body of a request; `stream` makes it WSGI's ``wsgi.input``.

    Args:
        source: The connection's reader.
        length: Bytes of the body; None when it is chunked.
        before_read: Called once, before the first byte is waited for.
    """

    def __init__(
        self,
        source: io.BufferedReader,
        length: int | None,
        *,
        before_read: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._chunked = length is None
        self._left = length or 0  # of the body, or of the current chunk
        self._first_chunk = True
        self._before_read = before_read
        self.complete = length == 0
        self.broken = False

    def stream(self) -> io.BufferedIOBase:
        """The body as a file; reading raises RequestError if the client breaks it."""
        return io.BytesIO() if self.complete else io.BufferedReader(self)

    def readable(self) -> bool:
        """Part of `io.RawIOBase`."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what there is, as `io.RawIOBase` has it."""
        if self.broken:
            refuse("the request body could not be read before")
        if self.complete:
            return 0
        try:
            return self._read(memoryview(buffer))
        except RequestError:
            self.broken = True
            raise
        except TimeoutError:
            self.broken = True
            refuse("the request body did not arrive", status="408 Request Timeout")
        except OSError as error:
            self.broken = True
            refuse(f"the connection was lost within the request body: {error}")

    def may_be_drained(self, limit: int) -> bool:
        """Whether the unread rest of the body, if any, is known to come and is short.

        Args:
            limit: Most bytes that are worth waiting for.
        """
        waits_for_continue = self._before_read is not None and not self.complete
        return not self.broken and not waits_for_continue and self._left <= limit

    def drain(self, limit: int) -> bool:
        """Skip what the application left unread; False when the connection must close.

        Args:
            limit: Most bytes that are worth waiting for.
        """
        if not self.may_be_drained(limit):
            return False
        try:
            while limit > 0 and (count := self.readinto(bytearray(8192))):
                limit -= count
        except RequestError as error:
            logger.debug("unread request body: %s", error.problem)
        return self.complete

    def _read(self, buffer: memoryview) -> int:
        before_read, self._before_read = self._before_read, None
        if before_read is not None:
            before_read()
        if self._left == 0:
            self._start_chunk()
            if self.complete:
                return 0
        count = self._source.readinto1(buffer[: self._left])
        if not count:
            refuse("the connection ended within the request body")
        self._left -= count
        self.complete = self._left == 0 and not self._chunked
        return count

    def _start_chunk(self) -> None:
        """Read what stands before a chunk's data (RFC 9112 section 7.1)."""
        if not self._first_chunk and self._source.read(2) != b"\r\n":
            refuse("a chunk is longer than its size says")
        self._first_chunk = False
        line = self._source.readline(MAX_CHUNK_LINE)
        parsed = _CHUNK_LINE.fullmatch(line)
        if parsed is None:
            refuse(f"malformed chunk size {line[:40]!r}")
        self._left = int(parsed[1], 16)
        if self._left == 0:
            self._skip_trailers()
            self.complete = True

    def _skip_trailers(self) -> None:
        lines: list[str] = []
        while (line := self._source.readline(MAX_REQUEST_LINE)) != b"\r\n":
            if line[-2:] != b"\r\n" or len(lines) == MAX_FIELDS:
                refuse("malformed or too many trailers after the last chunk")
            lines.append(line[:-2].decode("latin-1"))
        _parse_fields(lines)
