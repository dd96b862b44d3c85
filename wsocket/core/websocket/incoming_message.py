"""A data message of which more is to come: checked and gathered as it arrives."""

from __future__ import annotations

from codecs import utf_8_decode
from collections.abc import Callable
from typing import Final

from wsocket.core.websocket.deflate import Inflater
from wsocket.core.websocket.message_buffer import HUGE, LARGE, MessageBuffer
from wsocket.errors import ProtocolError

MESSAGE_TOO_BIG = 1009  # RFC 6455 section 7.4.1
TRY_AGAIN_LATER = 1013  # in the IANA registry of close codes

# Deflate makes at most 258 bytes of 2 bits.
_INFLATION: Final = 1032

# Python has 4 bytes for each character of a text, if it needs 4 for one of them; and
# while the text is made, what it is made of is there, too.
_WIDENING: Final = 5


class Utf8Validator:
    """Checks UTF-8 that comes in pieces; raises at the first impossible byte.

    Attributes:
        ascii: Whether there was nothing but ASCII.
    """

    __slots__ = ("_rest", "ascii")

    def __init__(self) -> None:
        self._rest = b""  # the start of a character, at most 3 bytes
        self.ascii = True

    def check(self, data: bytes) -> None:
        """Check the next piece, which may begin and end inside a character.

        Raises:
            UnicodeDecodeError: This is not UTF-8, whatever follows.
        """
        if self._rest:
            data = self._rest + data
        elif data.isascii():
            return
        self.ascii = False
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
        grows: Asked whether the message may take so many bytes of memory; None if
            nobody has to be asked.
    """

    __slots__ = ("_buffer", "_grows", "_inflater", "_limit", "_received", "_utf8")

    def __init__(
        self,
        *,
        text: bool,
        limit: int,
        inflater: Inflater | None,
        grows: Callable[[int], bool] | None = None,
    ) -> None:
        self._grows = grows
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
            ProtocolError: The message is too big, or not a valid deflate stream; or
                there is no room for it.
            UnicodeDecodeError: The text is not UTF-8.
        """
        self._received += len(payload)
        if self._inflater is None:
            self._store(payload)
            return
        for piece in self._inflater.inflate(payload, self._room()):
            self._store(piece)
            self._ask_for(self._buffer.size)

    def complete(self) -> str | bytes:
        """The whole message; raises what `add` raises."""
        if self._inflater is not None:
            for piece in self._inflater.complete(self._room()):
                self._store(piece)
        buffer = self._buffer
        if self._utf8 is None:
            return buffer.binary()
        if not self._utf8.ascii:
            self._ask_for(_WIDENING * buffer.size)
        return buffer.text()

    def _room(self) -> int:
        """How many bytes to inflate at most: one above the limit is enough to know."""
        return self._limit + 1 - self._buffer.size

    def _store(self, piece: bytes) -> None:
        if self._utf8 is not None:
            self._utf8.check(piece)
        self._buffer.add(piece)
        if self._buffer.size > self._limit:
            raise _too_big(self._limit)

    def _ask_for(self, size: int) -> None:
        if size > LARGE and self._grows is not None and not self._grows(size):
            problem = "all connections together keep too much (Limits.memory)"
            raise ProtocolError(problem, code=TRY_AGAIN_LATER)


def _too_big(limit: int) -> ProtocolError:
    problem = f"message of more than {limit} bytes (max_message_size)"
    return ProtocolError(problem, code=MESSAGE_TOO_BIG)
