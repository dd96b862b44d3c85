"""A data message of which more is to come: checked and gathered as it arrives."""

from __future__ import annotations

from codecs import utf_8_decode
from typing import Final

from wsocket.core.websocket.deflate import Inflater
from wsocket.core.websocket.message_buffer import HUGE, MessageBuffer
from wsocket.errors import ProtocolError

MESSAGE_TOO_BIG = 1009  # RFC 6455 section 7.4.1

# Deflate makes at most 258 bytes of 2 bits.
_INFLATION: Final = 1032


class Utf8Validator:
    """Checks UTF-8 that comes in pieces; raises at the first impossible byte."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""  # the start of a character, at most 3 bytes

    def check(self, data: bytes) -> None:
        """Check the next piece, which may begin and end inside a character.

        Raises:
            UnicodeDecodeError: This is not UTF-8, whatever follows.
        """
        if self._rest:
            data = self._rest + data
        elif data.isascii():
            return
        used = utf_8_decode(data, "strict", False)[1]
        self._rest = rest = data[used:]
        # The codec reports a surrogate after its third byte; two are enough to know.
        if rest[:1] == b"\xed" and rest[1:2] >= b"\xa0":
            raise UnicodeDecodeError("utf-8", rest, 0, 2, "surrogate")


class IncomingMessage:
    """A data message of which more is to come.

    Args:
        text: Whether it is a text message.
        limit: Bytes that it may have, inflated.
        inflater: Inflates the payload; None if it is not compressed.
    """

    __slots__ = ("_buffer", "_inflater", "_limit", "_received", "_utf8")

    def __init__(self, *, text: bool, limit: int, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._utf8 = Utf8Validator() if text else None
        self._buffer = MessageBuffer()
        self._received = 0  # payload bytes, before inflation

    @property
    def size(self) -> int:
        """How many bytes of memory the message takes."""
        return self._buffer.held

    @property
    def compressed(self) -> bool:
        """Whether the payload has to be inflated."""
        return self._inflater is not None

    def after(self, length: int) -> int:
        """How many bytes a compressed message may have, with *length* more payload."""
        return min(self._limit, self._buffer.size + _INFLATION * length)

    def admit(self, length: int) -> None:
        """Refuse a frame before its payload is taken, if the message gets too big.

        Args:
            length: Payload bytes; as long as the header of the frame is incomplete, the
                least number that is possible.

        Raises:
            ProtocolError: Too big.
        """
        limit = self._limit
        if self._inflater is not None:
            # Deflate adds an eighth in the worst case, and more only in empty blocks.
            limit = 2 * limit + 1024
        if self._received + length > limit:
            raise _too_big(self._limit)

    def prepare(self, length: int, *, whole: bool) -> None:
        """A frame begins: decide where the message is gathered.

        Args:
            length: Payload bytes of that frame.
            whole: The message ends with it.
        """
        if self._inflater is not None:
            return
        binary = self._utf8 is None
        if binary and whole and length >= HUGE and not self._received:
            self._buffer.expect_huge(length)
        else:
            self._buffer.expect(self._received + length)

    def add(self, payload: bytes) -> None:
        """Take unmasked payload.

        Raises:
            ProtocolError: The message is too big, or not a valid deflate stream.
            UnicodeDecodeError: The text is not UTF-8.
        """
        self._received += len(payload)
        if self._inflater is None:
            self._store(payload)
            return
        for piece in self._inflater.inflate(payload, self._room()):
            self._store(piece)

    def complete(self) -> str | bytes:
        """The whole message; raises what `add` raises."""
        if self._inflater is not None:
            for piece in self._inflater.complete(self._room()):
                self._store(piece)
        buffer = self._buffer
        return buffer.binary() if self._utf8 is None else buffer.text()

    def _room(self) -> int:
        """How many bytes to inflate at most: one above the limit is enough to know."""
        return self._limit + 1 - self._buffer.size

    def _store(self, piece: bytes) -> None:
        if self._utf8 is not None:
            self._utf8.check(piece)
        self._buffer.add(piece)
        if self._buffer.size > self._limit:
            raise _too_big(self._limit)


def _too_big(limit: int) -> ProtocolError:
    problem = f"message of more than {limit} bytes (max_message_size)"
    return ProtocolError(problem, code=MESSAGE_TOO_BIG)
