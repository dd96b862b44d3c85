"""The frames of a server (RFC 6455 section 5), for those who speak to our endpoints.

They come from ourselves, over a socket pair. So they are checked for nothing but what
would be our bug."""

from __future__ import annotations

from typing import NamedTuple

from wsocket.core.websocket.frames import NO_STATUS_RECEIVED
from wsocket.core.websocket.opcodes import FIN, OPCODE


class ServerFrame(NamedTuple):
    """A whole frame of an endpoint.

    Attributes:
        final: Whether its message has no more frames.
    """

    opcode: int
    payload: bytes
    final: bool = True


def close_payload(code: int) -> bytes:
    """The payload of a Close frame that says what ASGI's ``disconnect`` has said."""
    return b"" if code == NO_STATUS_RECEIVED else code.to_bytes(2, "big")


class ServerFrames:
    """Cuts what an endpoint has sent into frames.

    Attributes:
        size: Bytes of the frame that has come in part, when it is whole; 0 for none.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.size = 0

    def feed(self, data: bytes) -> list[ServerFrame]:
        """The frames that *data* completes."""
        self._buffer += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> ServerFrame | None:
        buffer = self._buffer
        self.size = 0
        if len(buffer) < 2:
            return None
        start, size = 2, buffer[1]
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        end = start + size
        if len(buffer) < end:
            self.size = end
            return None
        first, payload = buffer[0], bytes(memoryview(buffer)[start:end])
        del buffer[:end]
        return ServerFrame(first & OPCODE, payload, final=bool(first & FIN))
