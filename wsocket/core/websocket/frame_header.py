"""The header of a client's frame, checked as it comes (RFC 6455 section 5.2)."""

from __future__ import annotations

from typing import Final

from wsocket.core.websocket.opcodes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MASKED,
    MAX_CONTROL_PAYLOAD,
    OPCODE,
    PING,
    PONG,
    TEXT,
)
from wsocket.errors import ProtocolError

OPCODE_NAMES: Final = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}

# 7-bit length: bytes of the extended length that follows, and its least value.
_EXTENDED_LENGTHS = {126: (2, 126), 127: (8, 1 << 16)}


def read_header(data: bytes, pos: int) -> tuple[int, int]:
    """Check the header at *pos* after its first byte, as far as it has come.

    Returns:
        The least length that the payload may have, and where it starts. If it starts
        behind the end of *data*, the header is incomplete.
    """
    if len(data) - pos < 2:
        return 0, pos + 6
    _check_second_byte(data[pos], data[pos + 1])
    length = data[pos + 1] - MASKED
    start = pos + 6
    if length > 125:
        width, minimum = _EXTENDED_LENGTHS[length]
        given = data[pos + 2 : pos + 2 + width]
        missing = 8 * (width - len(given))
        length = int.from_bytes(given, "big") << missing
        if length >> 63:
            raise ProtocolError("64-bit payload length with its highest bit set")
        if length + (1 << missing) <= minimum:
            raise ProtocolError(f"payload length in {width} bytes that needs fewer")
        start += width
    return length, start


def _check_second_byte(first: int, second: int) -> None:
    name = OPCODE_NAMES[first & OPCODE]
    if second < MASKED:
        raise ProtocolError(f"{name} frame is not masked")
    length = second - MASKED
    if first & OPCODE >= CLOSE and length > MAX_CONTROL_PAYLOAD:
        raise ProtocolError(f"{name} frame with more than 125 bytes of payload")
    if first & OPCODE == CLOSE and length == 1:
        raise ProtocolError("close frame with 1 byte of payload, half a close code")
