"""What has come over a websocket: messages, and what is answered at once.

This is the client's side of RFC 6455, section 5, without extensions: what comes must
not be masked, what is sent is. `wsocket.core.websocket` has the server's side, with
compression, for which a client would wait when it is imported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wsocket.core.websocket.opcodes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MASKED,
    MAX_CONTROL_PAYLOAD,
    OPCODE,
    PING,
    PONG,
    RESERVED_BITS,
    TEXT,
)
from wsocket.errors import ProtocolError

_OPCODES = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)


class WebSocketMessages:
    """The messages that wait to be received.

    Args:
        kind: The opcode that messages must have, `TEXT` or `BINARY`.
        limit: The largest message, in bytes.
        pong: Answers a Ping with its payload.

    Attributes:
        closed: Whether the router has sent Close; what comes after it is ignored.
        code: The close code in it, if there was one.
    """

    def __init__(
        self, kind: int, *, limit: int, pong: Callable[[bytes], object]
    ) -> None:
        self.closed = False
        self.code: int | None = None
        self._kind = kind
        self._limit = limit
        self._pong = pong
        self._buffer = bytearray()  # the beginning of a frame
        self._awaited = 2  # bytes that it must have before there is something to do
        self._parts: bytearray | None = None  # of a message of which more is to come
        self._messages: deque[bytes] = deque()
        self._failure: ProtocolError | None = None  # to be raised after the messages
        self._has_failed = False  # what comes after that is ignored

    def __bool__(self) -> bool:
        return bool(self._messages) or self._failure is not None

    def feed(self, data: bytes) -> None:
        """Take what has been read.

        Raises:
            OSError: A Ping cannot be answered: the connection is broken.
        """
        if self.closed or self._has_failed:
            return
        self._buffer += data
        pos = 0
        try:
            while not self.closed and len(self._buffer) - pos >= self._awaited:
                pos = self._frame(pos)
        except ProtocolError as error:
            self._failure, self._has_failed = error, True
        del self._buffer[:pos]

    def next(self) -> bytes:
        """The next message; b"" if there is none.

        Raises:
            ProtocolError: The router broke the protocol after the last one; it is
                raised once.
        """
        if self._messages:
            return self._messages.popleft()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return b""

    def _frame(self, pos: int) -> int:
        """Take the frame at *pos*, if it is whole; returns where the next one is."""
        buffer = self._buffer
        first, second = buffer[pos], buffer[pos + 1]
        self._check_head(first, second)
        start = pos + 2 + {126: 2, 127: 8}.get(second, 0)
        if len(buffer) < start:
            self._awaited = start - pos
            return pos
        size = second
        if size > 125:
            size = int.from_bytes(buffer[pos + 2 : start], "big")
        end = start + size
        if first & OPCODE < CLOSE:
            self._check_size(size)
        if len(buffer) < end:
            self._awaited = end - pos
            return pos
        self._awaited = 2
        self._take(first, bytes(memoryview(buffer)[start:end]))
        return end

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & OPCODE
        if opcode not in _OPCODES or first & RESERVED_BITS:
            raise ProtocolError(f"a frame that begins with 0x{first:02X}")
        if second & MASKED:
            raise ProtocolError("a masked frame: a server does not mask")
        if opcode >= CLOSE:
            if not first & FIN or second > MAX_CONTROL_PAYLOAD:
                raise ProtocolError("a control frame in parts, or of over 125 bytes")
        elif (opcode == CONTINUATION) is (self._parts is None):
            raise ProtocolError(f"opcode {opcode} where another message is due")
        elif opcode not in (CONTINUATION, self._kind):
            expected = "text" if self._kind == TEXT else "binary"
            raise ProtocolError(f"expected {expected} messages, got another kind")

    def _check_size(self, size: int) -> None:
        if size + len(self._parts or b"") > self._limit:
            raise ProtocolError("a message is larger than max_message_size", code=1009)

    def _take(self, first: int, payload: bytes) -> None:
        opcode = first & OPCODE
        if opcode == PING:
            self._pong(payload)
        elif opcode == CLOSE:
            self._take_close(payload)
        elif opcode != PONG:
            self._take_data(payload, final=bool(first & FIN))

    def _take_data(self, payload: bytes, *, final: bool) -> None:
        if self._parts is not None:
            self._parts += payload
            payload = bytes(self._parts) if final else b""
        elif not final:
            self._parts = bytearray(payload)
        if final:
            self._parts = None
            if self._kind == TEXT:
                _check_text(payload)
            self._messages.append(payload)

    def _take_close(self, payload: bytes) -> None:
        self.closed = True
        if len(payload) == 1:
            raise ProtocolError("half a close code")
        if payload:
            self.code = int.from_bytes(payload[:2], "big")
            _check_text(payload[2:])


def _check_text(payload: bytes) -> None:
    if payload.isascii():
        return
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"text is not UTF-8: {error.reason}", code=1007) from error
