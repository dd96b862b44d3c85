"""The numbers in the first two bytes of a frame (RFC 6455 section 5.2)."""

from __future__ import annotations

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

FIN = 0x80
RSV1 = 0x40  # "compressed" (RFC 7692 section 6)
RESERVED_BITS = 0x70
OPCODE = 0x0F
MASKED = 0x80

MAX_CONTROL_PAYLOAD = 125  # bytes, section 5.5
