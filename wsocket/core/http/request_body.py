"""A request's body, as the server reads it: with a length, or in chunks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from wsocket.core.http.fields import MAX_FIELDS, parse_fields
from wsocket.core.http.grammar import QUOTED_STRING, TOKEN
from wsocket.core.http.refusal import cut_off, refuse
from wsocket.errors import RequestError
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# In bytes, with the line's end.
MAX_CHUNK_LINE = 1024
MAX_TRAILER_LINE = 8 * 1024

_PORTION = 256 * 1024  # bytes that are read at once

# RFC 9112 section 7.1: the size, and extensions, which are ignored.
_CHUNK_LINE = re.compile(
    rf"([0-9A-Fa-f]{{1,15}})"
    rf"(?:[ \t]*;[ \t]*{TOKEN}(?:[ \t]*=[ \t]*(?:{TOKEN}|{QUOTED_STRING}))?)*"
    r"\r\n".encode("latin-1")
)


class RequestBody(io.RawIOBase):
    """The body of a request, unbuffered; `stream` makes WSGI's ``wsgi.input`` of it.

    Args:
        source: The connection's reader.
        length: Bytes of the body; None when it is chunked.
        before_read: Called once, before the first read.

    Attributes:
        complete: The whole body has been read.
        broken: Reading has failed, and will not be tried again.
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
        """The body as a file; reading raises RequestError if the client broke HTTP."""
        return io.BytesIO() if self.complete else _BodyStream(self)

    def readable(self) -> bool:
        """Part of `io.RawIOBase`."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Part of `io.RawIOBase`.

        Raises:
            RequestError: The body is malformed or did not arrive.
        """
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
            cut_off(f"the connection was lost within the request body: {error}")

    def may_be_drained(self, limit: int) -> bool:
        """Whether `drain` is worth trying: the rest is short, and will come.

        Args:
            limit: Bytes that `drain` reads at most.
        """
        waits_for_continue = self._before_read is not None and not self.complete
        return not self.broken and not waits_for_continue and self._left <= limit

    def drain(self, limit: int) -> bool:
        """Skip the bytes that the application has not read.

        Args:
            limit: Bytes to read at most.

        Returns:
            False if the body did not end: the connection must be closed.
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
            cut_off("the connection ended within the request body")
        self._left -= count
        self.complete = self._left == 0 and not self._chunked
        return count

    def _start_chunk(self) -> None:
        """Read the line before a chunk's data (RFC 9112 section 7.1)."""
        if not self._first_chunk and (end := self._source.read(2)) != b"\r\n":
            if len(end) < 2:
                cut_off("the connection ended within the request body")
            refuse("a chunk is longer than its size says")
        self._first_chunk = False
        line = self._source.readline(MAX_CHUNK_LINE)
        parsed = _CHUNK_LINE.fullmatch(line)
        if parsed is None:
            problem = f"malformed chunk size {line[:40]!r}"
            _refuse_line(line, problem, limit=MAX_CHUNK_LINE)
        self._left = int(parsed[1], 16)
        if self._left == 0:
            self._skip_trailers()
            self.complete = True

    def _skip_trailers(self) -> None:
        lines: list[str] = []
        while (line := self._source.readline(MAX_TRAILER_LINE)) != b"\r\n":
            if line[-2:] != b"\r\n" or len(lines) == MAX_FIELDS:
                problem = "malformed or too many trailers after the last chunk"
                _refuse_line(line, problem, limit=MAX_TRAILER_LINE)
            lines.append(line[:-2].decode("latin-1"))
        parse_fields(lines)


class _BodyStream(io.BufferedReader):
    """Takes memory for the bytes that come, not for those that were announced."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Part of `io.BufferedReader`."""
        if size is None or size <= _PORTION:
            return super().read(size)
        taken = io.BytesIO()
        while data := super().read(min(size - taken.tell(), _PORTION)):
            taken.write(data)
        return taken.getvalue()

    def read1(self, size: int = -1, /) -> bytes:
        """Part of `io.BufferedReader`."""
        return super().read1(min(size, _PORTION))


def _refuse_line(line: bytes, problem: str, *, limit: int) -> NoReturn:
    """Refuse a line, or say that its client has left.

    Raises:
        RequestError: Always.
    """
    if line[-1:] == b"\n" or len(line) == limit:
        refuse(problem)
    cut_off(problem)
