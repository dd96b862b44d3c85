"""What a client writes and reads, as bytes: HTTP, websocket frames, WAMP in JSON.

Nothing here comes from the package, so that the same bytes drive every version of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

MASK = b"\x37\xfa\x21\x3d"  # the one of RFC 6455 section 5.7

GET = b"GET /page HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"


def upgrade(path: str, subprotocol: str | None = None) -> bytes:
    """A client's request for a websocket (RFC 6455 section 1.2)."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode()


def text_frame(text: str) -> bytes:
    """A masked text message in one frame of less than 64 KiB."""
    payload = text.encode()
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    else:
        length = b"\xfe" + len(payload).to_bytes(2, "big")
    masked = bytes(a ^ b for a, b in zip(payload, cycle(MASK), strict=False))
    return b"\x81" + length + MASK + masked


def wamp_frame(*message: Any) -> bytes:
    """A WAMP message for ``wamp.2.json``."""
    return text_frame(json.dumps(message, separators=(",", ":")))


def payloads(data: bytes) -> Iterator[bytes]:
    """Payloads of a server's text messages; *data* has whole frames only."""
    start = 0
    while start < len(data):
        first, length, begin = data[start], data[start + 1], start + 2
        if first != 0x81:
            raise AssertionError(f"not a whole text message: {data[start:]!r}")
        if length == 126:
            length = int.from_bytes(data[begin : begin + 2], "big")
            begin += 2
        start = begin + length
        yield data[begin:start]
