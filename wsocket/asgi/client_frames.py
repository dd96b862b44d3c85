"""The frames of a websocket, seen from the side of the client.

These go to and come from our own endpoint, over a socket pair. So they are checked for
nothing but what would be our bug."""

from __future__ import annotations

from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10  # opcodes, RFC 6455 section 5.2
NO_STATUS_RECEIVED, ABNORMAL_CLOSURE = 1005, 1006  # section 7.4.1

_FIN, _MASKED = 0x80, 0x80
_NO_MASK = bytes(4)  # a client must mask (section 5.3); this mask changes nothing


class ServerFrame(NamedTuple):
    """A whole frame of our endpoint."""

    opcode: int
    payload: bytes


def client_header(opcode: int, size: int) -> bytes:
    """What comes before a payload of *size* bytes."""
    first = bytes([_FIN | opcode])
    if size < 126:
        return first + bytes([_MASKED | size]) + _NO_MASK
    if size < 2**16:
        return first + bytes([_MASKED | 126]) + size.to_bytes(2, "big") + _NO_MASK
    return first + bytes([_MASKED | 127]) + size.to_bytes(8, "big") + _NO_MASK


def close_payload(code: int) -> bytes:
    """The payload of a Close frame that says what ASGI's ``disconnect`` has said."""
    return b"" if code == NO_STATUS_RECEIVED else code.to_bytes(2, "big")


class ServerFrames:
    """Cuts what our endpoint has sent into frames.

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
        frame = ServerFrame(buffer[0] & 0x0F, bytes(memoryview(buffer)[start:end]))
        del buffer[:end]
        return frame
