"""Where a message is gathered that comes in parts.

Large messages decide how much memory a process takes. If one is copied once more, or
moved while it grows, it leaves holes in the heap that no other large message fits into.

12 echoes of 16 MiB, read 64 KiB at a time (CPython 3.11, glibc 2.36). MiB of memory
above the start, at the peak and after the last message:

    text        48, 32      without the mapping       49, 48
    binary      20,  4      without room or slack     16, 16
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from mmap import mmap
from typing import Final

LARGE: Final = 1 << 20  # bytes from which on it matters where a message is gathered

_HUGE: Final = 1 << 23  # bytes from which on memory counts for more than speed

# glibc maps a block that is larger than all that were freed before, and unmaps it when
# it is freed. A block of the same size goes to the heap, where something small may take
# its place before the next one comes. So a huge block is made this much larger first.
_SLACK: Final = 1 << 18  # bytes


class MessageBuffer:
    """The bytes of one message, as they come."""

    __slots__ = ("_data", "_expected")

    def __init__(self) -> None:
        # Unlike a bytearray it becomes bytes without a copy.
        self._data: BytesIO | mmap = BytesIO()
        self._expected = 0  # bytes for which there is no room yet

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._data.tell()

    def expect(self, size: int) -> None:
        """The message is announced to have *size* bytes, or more."""
        self._expected = size if size >= LARGE else 0

    def expect_text(self, size: int) -> None:
        """The message is text and will have exactly *size* bytes.

        It is gathered outside of the heap, for it is decoded to another place. The
        system gives pages as bytes come, and takes back all of them at once.
        """
        if size >= LARGE:
            with suppress(OSError):  # no room for it: then it is gathered in the heap
                self._data = mmap(-1, size)

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._data.write(piece)
        if self._expected and self._data.tell() * 4 >= self._expected:
            self._make_room()

    def binary(self) -> bytes:
        """The whole message, not announced by `expect_text`."""
        data = self._data
        assert isinstance(data, BytesIO)
        return data.getvalue()

    def text(self) -> str:
        """The whole message, decoded.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        data = self._data
        return str(data.getbuffer() if isinstance(data, BytesIO) else data, "utf-8")

    def _make_room(self) -> None:
        """Make room for the rest at once, instead of growing step by step.

        This is done when a quarter has come: an announcement must not cost memory.
        """
        expected, self._expected = self._expected, 0
        data = self._data
        size = data.tell()
        if isinstance(data, BytesIO) and size < expected:
            slack = _SLACK if expected >= _HUGE else 0
            data.seek(expected + slack - 1)
            data.write(b"\0")
            data.truncate(expected)
            data.seek(size)
