"""Where a message is gathered that comes in parts.

Large messages decide how much memory a process takes. If one is copied once more, or
moved while it grows, it leaves holes in the heap that no other large message fits into:
500 halves of messages, 96 MiB in all, that came side by side took 300 MiB. So what is
large is gathered outside of the heap. The system gives pages as bytes come, and takes
back all of them at once.

12 echoes of 16 MiB, read 64 KiB at a time (CPython 3.11, glibc 2.36). MiB of memory
above the start, at the peak and after the last message:

    text        48, 32      without the mapping       49, 48
    binary      20,  4      without room or slack     16, 16
"""

from __future__ import annotations

import sys
from io import BytesIO
from mmap import mmap
from typing import Final

LARGE: Final = 1 << 17  # bytes from which on it matters where a message is gathered

HUGE: Final = 1 << 23  # bytes from which on a binary message must not be copied

# glibc maps a block that is larger than all that were freed before, and unmaps it when
# it is freed. A block of the same size goes to the heap, where something small may take
# its place before the next one comes. So a huge block is made this much larger first.
_SLACK: Final = 1 << 18  # bytes


class MessageBuffer:
    """The bytes of one message, as they come."""

    __slots__ = ("_awaited", "_capacity", "_data", "_room")

    def __init__(self) -> None:
        # Unlike a bytearray it becomes bytes without a copy.
        self._data: BytesIO | mmap = BytesIO()
        self._capacity = LARGE  # bytes that may be gathered where they are
        self._awaited = 0  # bytes for which there is no room yet
        self._room = 0  # bytes for which room was made before they came

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._data.tell()

    @property
    def held(self) -> int:
        """How many bytes of memory are taken."""
        return max(self._room, self._data.tell())

    def expect(self, size: int) -> None:
        """The message is announced to have *size* bytes, or more."""
        if size > self._capacity:
            self._move(size)

    def expect_huge(self, size: int) -> None:
        """The message is binary and will have exactly *size* bytes, at least `HUGE`.

        It is gathered where it stays, for a copy would take as much once more.
        """
        self._capacity = self._awaited = size

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        data = self._data
        size = data.tell() + len(piece)
        if size > self._capacity:
            data = self._move(size)
        data.write(piece)
        if self._awaited and size * 4 >= self._awaited:
            self._make_room()

    def binary(self) -> bytes:
        """The whole message."""
        data = self._data
        return data.getvalue() if isinstance(data, BytesIO) else data[: data.tell()]

    def text(self) -> str:
        """The whole message, decoded.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        data = self._data
        if isinstance(data, BytesIO):
            return str(data.getbuffer(), "utf-8")
        with memoryview(data) as view:
            return str(view[: data.tell()], "utf-8")

    def _move(self, size: int) -> BytesIO | mmap:
        """Go on outside of the heap, with room for *size* bytes; returns where."""
        old = self._data
        gathered = old.tell()
        if gathered:
            size = max(size, 2 * gathered)  # more may follow: do not copy each time
        new: BytesIO | mmap
        try:
            new = mmap(-1, size)
        except OSError:  # there is no room for it: then it is gathered in the heap
            new, size = BytesIO(), sys.maxsize
        with memoryview(old.getbuffer() if isinstance(old, BytesIO) else old) as view:
            new.write(view[:gathered])
        self._data, self._capacity = new, size
        return new

    def _make_room(self) -> None:
        """Make room for the rest at once, instead of growing step by step.

        This is done when a quarter has come: an announcement must not cost memory.
        """
        expected, self._awaited = self._awaited, 0
        data = self._data
        size = data.tell()
        if isinstance(data, BytesIO) and size < expected:
            data.seek(expected + _SLACK - 1)
            data.write(b"\0")
            data.truncate(expected)
            data.seek(size)
            self._room = expected
