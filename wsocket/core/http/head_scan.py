"""Seeing that the head of a request has come, without understanding it."""

from __future__ import annotations

from typing import Final

from wsocket.core.http.fields import MAX_FIELDS

# Limits in bytes. Browsers and proxies stay well below.
MAX_REQUEST_LINE: Final = 8 * 1024
MAX_HEAD: Final = 64 * 1024

# Empty lines before a request that are ignored.
MAX_EMPTY_LINES: Final = 8


class HeadScan:
    """Looks at what comes on a connection, until a request can be read from it.

    It can when its head is whole, and also as soon as it is certain to be refused.

    Attributes:
        begun: Whether more has come than the empty lines before a request.
    """

    __slots__ = ("_empty_lines", "_lines", "_size", "_tail", "begun")

    def __init__(self) -> None:
        self.begun = False
        self._empty_lines = 0
        self._lines = 0  # of the head
        self._size = 0
        self._tail = b""  # what is to be looked at again, with what follows

    def add(self, data: bytes) -> bool:
        """Look at the next part; whether a request can be read."""
        seen, data = len(self._tail), self._tail + data
        if not self.begun:
            seen, data = 0, self._without_empty_lines(data)
            self._tail = data
            if self._empty_lines > MAX_EMPTY_LINES:
                return True
            if data in (b"", b"\r"):
                return False
            self.begun = True
            if data[:1] == b"\r":  # no empty line, and no method
                return True
        self._tail = data[-3:]
        self._size += len(data) - seen
        return self._ends(data, seen) or self._is_too_long()

    def _without_empty_lines(self, data: bytes) -> bytes:
        start = 0
        while data.startswith(b"\r\n", start):
            start += 2
        self._empty_lines += start // 2
        return data[start:]

    def _ends(self, data: bytes, seen: int) -> bool:
        """Whether a line that ends after *seen* bytes is empty, wrong or one too many.

        A head has few lines, which may be long.
        """
        end = data.find(b"\n", seen)
        while end >= 0:
            self._lines += 1
            if data[end - 1 : end] != b"\r" or self._lines > MAX_FIELDS + 1:
                return True
            if data[end - 3 : end + 1] == b"\r\n\r\n":
                return True
            end = data.find(b"\n", end + 1)
        return False

    def _is_too_long(self) -> bool:
        most = MAX_REQUEST_LINE + MAX_HEAD if self._lines else MAX_REQUEST_LINE
        return self._size >= most
