"""Fast functions for plain frames: messages without fragments and compression.

Nearly all messages are plain. `apply_mask`, `take_messages` and `encode_unmasked` exist
twice: in C (``_unmasking.c``), and here for installations without a C compiler. Both
do the same.
"""

from __future__ import annotations

from typing import Any

_FIN_TEXT = 0x81
_FIN_BINARY = 0x82
_MASKED = 0x80


def apply_mask(data: bytes | memoryview, mask: bytes) -> bytes:
    """Mask or unmask *data* (RFC 6455 section 5.3); *mask* has 4 bytes."""
    size = len(data)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return masked.to_bytes(size, "little")


def take_messages(
    data: bytes, pos: int, limit: int, messages: list[Any], most: int
) -> int:
    """Append to *messages* the plain messages in *data* from *pos* on.

    This stops at the first frame that is not plain, incomplete, or wrong.

    Args:
        limit: Bytes of payload that a message may have.
        most: It also stops when *messages* has so many.

    Returns:
        The position of the first frame that was not taken.

    Raises:
        UnicodeDecodeError: A text message is not UTF-8.
    """
    unmask = apply_mask
    end = len(data)
    last = end - 6
    while pos <= last and len(messages) < most:
        first = data[pos]
        if first != _FIN_TEXT and first != _FIN_BINARY:
            break
        length = data[pos + 1] - _MASKED
        start = pos + 6
        if length > 125:
            if length == 127:
                break
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < 126:
                break
            start = pos + 8
        stop = start + length
        if stop > end or not 0 <= length <= limit:
            break
        payload = unmask(data[start:stop], data[start - 4 : start])
        messages.append(str(payload, "utf-8") if first == _FIN_TEXT else payload)
        pos = stop
    return pos


def encode_header(first: int, size: int) -> bytes:
    """The header of an unmasked frame with *size* bytes of payload."""
    if size < 126:
        return bytes((first, size))
    if size < 1 << 16:
        return bytes((first, 126, size >> 8, size & 0xFF))
    return bytes((first, 127)) + size.to_bytes(8, "big")


def encode_unmasked(first: int, payload: bytes) -> bytes:
    """One unmasked frame; its *first* byte has the opcode and the flags."""
    return encode_header(first, len(payload)) + payload
