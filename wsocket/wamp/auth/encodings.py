"""Text and octets: UTF-8, and strict base64 and hex."""

from __future__ import annotations

import base64
import binascii


def as_bytes(text: str) -> bytes:
    """UTF-8; lone surrogates, which a peer may send, are encoded, too."""
    return text.encode("utf-8", "surrogatepass")


def to_base64(octets: bytes) -> str:
    """Base64 with padding, without line breaks (RFC 4648, section 4)."""
    return base64.b64encode(octets).decode("ascii")


def from_base64(text: object, *, max_length: int) -> bytes | None:
    """Decode canonical base64 of 1 to *max_length* characters; else None."""
    if not isinstance(text, str) or not 0 < len(text) <= max_length:
        return None
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None
    # Padding bits that are not zero would allow several texts for the same octets.
    return octets if to_base64(octets) == text else None


def from_hex(text: object, *, length: int) -> bytes | None:
    """Decode hex of exactly *length* bytes, in either case; else None."""
    if not isinstance(text, str) or len(text) != 2 * length:
        return None
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return None
    return octets if len(octets) == length else None  # fromhex skips white space
