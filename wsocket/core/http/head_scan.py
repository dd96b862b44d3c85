"""Seeing that the head of a request has come, without understanding it."""

from __future__ import annotations

import re
from typing import Final

# Limits in bytes. Browsers and proxies stay well below.
MAX_REQUEST_LINE: Final = 8 * 1024
MAX_HEAD: Final = 64 * 1024

# Empty lines before a request that are ignored.
MAX_EMPTY_LINES: Final = 8

_END = b"\r\n\r\n"
_LONE_LF = re.compile(rb"(?<!\r)\n")


class HeadScan:
    """Looks at what comes on a connection, until a request can be read from it.

    It can when its head is whole, and also as soon as it is certain to be refused.

    Attributes:
        begun: Whether more has come than the empty lines before a request.
    """

    __slots__ = ("_empty_lines", "_has_line", "_size", "_tail", "begun")

    def __init__(self) -> None:
        self.begun = False
        self._empty_lines = 0
        self._has_line = False  # the request line is there
        self._size = 0
        self._tail = b""  # what is to be looked at again, with what follows

    def add(self, data: bytes) -> bool:
        """Look at the next part; whether a request can be read."""
        seen, data = len(self._tail), self._tail + data
        if not self.begun:
            seen, data = 0, self._without_empty_lines(data)
            if self._empty_lines > MAX_EMPTY_LINES:
                return True
            self._tail = data
            if data in (b"", b"\r"):
                return False
            self.begun = True
        self._tail = data[-3:]
        self._size += len(data) - seen
        self._has_line = self._has_line or b"\n" in data
        return _END in data or self._is_wrong(data, seen)

    def _without_empty_lines(self, data: bytes) -> bytes:
        start = 0
        while data.startswith(b"\r\n", start):
            start += 2
        self._empty_lines += start // 2
        return data[start:]

    def _is_wrong(self, data: bytes, seen: int) -> bool:
        if self._size == len(data) and data[:1] == b"\r":  # no empty line, no method
            return True
        if _LONE_LF.search(data, seen):
            return True
        if not self._has_line:
            return self._size >= MAX_REQUEST_LINE
        return self._size >= MAX_REQUEST_LINE + MAX_HEAD
