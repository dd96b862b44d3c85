"""Encodes the frames of a client, which are masked (RFC 6455 section 5.3)."""

from __future__ import annotations

from wsocket.core.websocket.opcodes import FIN, MASKED

try:
    from wsocket.core.websocket._unmasking import apply_mask
except ImportError:  # built without a C compiler
    from wsocket.core.websocket.unmasking import apply_mask

NO_MASK = bytes(4)
"""A client must mask; this mask changes nothing."""


def client_header(opcode: int, size: int, mask: bytes = NO_MASK) -> bytes:
    """What comes before a message of *size* bytes in one frame."""
    first = bytes([FIN | opcode])
    if size < 126:
        return first + bytes([MASKED | size]) + mask
    if size < 2**16:
        return first + bytes([MASKED | 126]) + size.to_bytes(2, "big") + mask
    return first + bytes([MASKED | 127]) + size.to_bytes(8, "big") + mask


def masked_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """A frame that is a whole message.

    Args:
        mask: Four bytes that nobody can foresee.
    """
    return client_header(opcode, len(payload), mask) + apply_mask(payload, mask)
