"""Frames from the client's side (RFC 6455 section 5): for what speaks to our endpoints.

They come from ourselves, over a socket pair. So they are checked for nothing but what
would be our bug."""

from __future__ import annotations

from typing import NamedTuple

from wsocket.core.websocket.frames import FIN, MASKED, NO_STATUS_RECEIVED, OPCODE

NO_MASK = bytes(4)
"""A client must mask (section 5.3); this mask changes nothing."""


class ServerFrame(NamedTuple):
    """A whole frame of an endpoint.

    Attributes:
        final: Whether its message has no more frames.
    """

    opcode: int
    payload: bytes
    final: bool = True


def client_header(opcode: int, size: int, mask: bytes = NO_MASK) -> bytes:
    """What comes before a message of *size* bytes in one frame."""
    first = bytes([FIN | opcode])
    if size < 126:
        return first + bytes([MASKED | size]) + mask
    if size < 2**16:
        return first + bytes([MASKED | 126]) + size.to_bytes(2, "big") + mask
    return first + bytes([MASKED | 127]) + size.to_bytes(8, "big") + mask


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
