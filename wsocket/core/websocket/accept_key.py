"""Sec-WebSocket-Accept: the server's proof that it has read the client's key."""

from __future__ import annotations

from base64 import b64encode

# `hashlib` loads all of OpenSSL, for which the command line would wait; `random` of the
# standard library does the same with another hash.
try:
    from _sha1 import sha1  # type: ignore[import-not-found] # it has no stubs
except ImportError:
    from hashlib import sha1

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key: str) -> str:
    """The value for a Sec-WebSocket-Key (RFC 6455 section 4.2.2)."""
    return b64encode(sha1((key + GUID).encode()).digest()).decode()
