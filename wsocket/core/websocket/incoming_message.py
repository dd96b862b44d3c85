"""A data message of which more is to come: checked and gathered as it arrives.

Large messages decide how much memory a process takes, so theirs is not left to chance:
what is copied once more, or moved while it grows, leaves holes in the heap that no
other large message fits into.
"""

from __future__ import annotations

from codecs import utf_8_decode
from contextlib import suppress
from io import BytesIO
from mmap import mmap

from wsocket.core.websocket.deflate import Inflater
from wsocket.errors import ProtocolError

MESSAGE_TOO_BIG = 1009  # RFC 6455 section 7.4.1

_LARGE = 1 << 20  # bytes
_HUGE = 1 << 23  # bytes; from here on memory counts for more than speed

# glibc takes what is larger than all that was freed before from the system, and gives
# it back at once. What is just as large goes to the heap, and when the next is to have
# its place something small is in it.
_SLACK = 1 << 18  # bytes


class Utf8Validator:
    """Checks UTF-8 that arrives in pieces; raises at the first impossible byte."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""  # the start of a character, at most 3 bytes

    def check(self, data: bytes) -> None:
        """Check the next piece, which may begin and end inside a character.

        Raises:
            UnicodeDecodeError: No continuation makes this UTF-8.
        """
        if self._rest:
            data = self._rest + data
        elif data.isascii():
            return
        used = utf_8_decode(data, "strict", False)[1]
        self._rest = rest = data[used:]
        # The codec waits for the third byte of a surrogate before it objects.
        if rest[:1] == b"\xed" and rest[1:2] >= b"\xa0":
            raise UnicodeDecodeError("utf-8", rest, 0, 2, "surrogate")


class IncomingMessage:
    """A data message of which more is to come.

    Args:
        text: Whether it is a text message.
        limit: Bytes that it may have, inflated.
        inflater: Set if it is compressed.
    """

    __slots__ = (
        "_announced",
        "_data",
        "_inflater",
        "_limit",
        "_received",
        "_utf8",
    )

    def __init__(self, *, text: bool, limit: int, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._utf8 = Utf8Validator() if text else None
        # Unlike a bytearray it becomes bytes without a copy.
        self._data: BytesIO | mmap = BytesIO()
        self._received = 0  # payload bytes, before inflation
        self._announced = 0  # how many there are to be, while there is no room for them

    def admit(self, length: int) -> None:
        """Refuse a frame before any of it is taken, if it makes the message too big.

        Args:
            length: Payload bytes; the least that there may be while the frame's header
                is incomplete.

        Raises:
            ProtocolError: Too big.
        """
        limit = self._limit
        if self._inflater is not None:
            # Deflate adds an eighth at its very worst, more only in empty blocks.
            limit = 2 * limit + 1024
        if self._received + length > limit:
            raise _too_big(self._limit)

    def prepare(self, length: int, *, whole: bool) -> None:
        """Decide where a message is gathered that the next frame makes a large one.

        Args:
            length: Payload bytes of that frame.
            whole: The message ends with it.
        """
        total = self._received + length
        if self._inflater is not None or total < _LARGE:
            return
        if whole and total == length and self._utf8 is not None:
            self._map(length)
        else:
            self._announced = total

    def add(self, payload: bytes) -> None:
        """Take unmasked payload.

        Raises:
            ProtocolError: Too big, or no valid deflate stream.
            UnicodeDecodeError: Text that is not UTF-8.
        """
        self._received += len(payload)
        if self._inflater is None:
            self._store(payload)
            if self._announced:
                self._make_room()
            return
        for piece in self._inflater.inflate(payload, self._room()):
            self._store(piece)

    def finish(self) -> str | bytes:
        """The whole message; raises as `add` does."""
        if self._inflater is not None:
            for piece in self._inflater.finish(self._room()):
                self._store(piece)
        data = self._data
        if not isinstance(data, BytesIO):
            return str(data, "utf-8")
        if self._utf8 is None:
            return data.getvalue()
        return str(data.getbuffer(), "utf-8")

    def _map(self, length: int) -> None:
        """Gather text, all of it in this frame, outside of the heap.

        It is decoded to another place. Of this one pages are taken as bytes come, and
        all go back at once.
        """
        with suppress(OSError):  # no room for it: it is gathered as ever
            self._data = mmap(-1, length)

    def _make_room(self) -> None:
        """When a quarter is there, make room for the rest, instead of growing by and
        by; not before, for an announcement alone must not cost memory.
        """
        if self._received * 4 < self._announced:
            return
        data = self._data
        if isinstance(data, BytesIO) and self._received < self._announced:
            slack = _SLACK if self._announced >= _HUGE else 0
            data.seek(self._announced + slack - 1)
            data.write(b"\0")
            data.truncate(self._announced)
            data.seek(self._received)
        self._announced = 0

    def _room(self) -> int:
        """How many bytes to inflate at most: one over the limit tells enough."""
        return self._limit + 1 - self._data.tell()

    def _store(self, piece: bytes) -> None:
        if self._utf8 is not None:
            self._utf8.check(piece)
        self._data.write(piece)
        if self._data.tell() > self._limit:
            raise _too_big(self._limit)


def _too_big(limit: int) -> ProtocolError:
    problem = f"message of more than {limit} bytes (max_message_size)"
    return ProtocolError(problem, code=MESSAGE_TOO_BIG)
