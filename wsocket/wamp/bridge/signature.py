"""Signed requests: HMAC-SHA256 over method, target, timestamp, nonce and body.

The signed text has five parts, with a line feed between them: the method, the path
with the query as it was sent, the timestamp, the nonce, and the body as it is. No part
but the body can have a line feed, so two requests never have the same text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final, NamedTuple

SCHEME = "WAMP-HMAC"

KEY_ID: Final = r"[A-Za-z0-9._~@:+/=-]+"
"""What the ID of a key looks like, as a regular expression."""

_FIELDS = ("key", "ts", "nonce", "signature")
_PARAMETER = re.compile(r'[ \t]*([a-z]+)[ \t]*=[ \t]*"([^"\\]*)"[ \t]*')
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[A-Za-z0-9_.~+/=-]{16,128}")
_MAX_LENGTH = 2048  # characters

_EXPECTED = f'{SCHEME} key="...", ts="...", nonce="...", signature="..."'


class SignedClaim(NamedTuple):
    """What a signed request says of itself.

    Attributes:
        key: The ID of the key.
        timestamp: When it was signed, in whole seconds since the epoch.
        nonce: What tells it from others of the same second.
        signature: Of 32 bytes, if it is one.
    """

    key: str
    timestamp: int
    nonce: str
    signature: bytes

    def holds(self, secret: bytes, method: str, target: str, body: bytes) -> bool:
        """Whether the request was signed with *secret*; takes the same time always."""
        text = _signed_text(method, target, self.timestamp, self.nonce, body)
        return hmac.compare_digest(_digest(secret, text), self.signature)


def authorization(
    key: str,
    secret: bytes,
    *,
    method: str,
    target: str,
    body: bytes,
    timestamp: int,
    nonce: str,
) -> str:
    """The value of the header Authorization for a request.

    Args:
        target: The path, with ``?`` and the query if there is one.
        timestamp: Seconds since the epoch.
        nonce: 16 to 128 letters, digits and ``_.~+/=-``, never used before.
    """
    text = _signed_text(method, target, timestamp, nonce, body)
    signature = base64.b64encode(_digest(secret, text)).decode()
    return (
        f'{SCHEME} key="{key}", ts="{timestamp}", nonce="{nonce}", '
        f'signature="{signature}"'
    )


def read_claim(parameters: str) -> SignedClaim:
    """Read what follows the scheme in the header Authorization.

    Raises:
        ValueError: It is malformed; the message says what is expected.
    """
    if len(parameters) > _MAX_LENGTH:
        raise ValueError(f"Authorization has more than {_MAX_LENGTH} characters")
    found: dict[str, str] = {}
    for part in parameters.split(","):
        match = _PARAMETER.fullmatch(part)
        if match is None or match[1] in found:
            raise ValueError(f"Authorization: expected {_EXPECTED}")
        found[match[1]] = match[2]
    if found.keys() != set(_FIELDS):
        raise ValueError(f"Authorization: expected {_EXPECTED}")
    return _checked(found)


def _checked(found: dict[str, str]) -> SignedClaim:
    if not _TIMESTAMP.fullmatch(found["ts"]):
        raise ValueError("Authorization, ts: expected whole seconds since 1970")
    if not _NONCE.fullmatch(found["nonce"]):
        raise ValueError(
            "Authorization, nonce: expected 16 to 128 letters, digits and _.~+/=-"
        )
    try:
        signature = base64.b64decode(found["signature"], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Authorization, signature: expected Base64") from None
    return SignedClaim(found["key"], int(found["ts"]), found["nonce"], signature)


def _signed_text(
    method: str, target: str, timestamp: int, nonce: str, body: bytes
) -> bytes:
    head = f"{method}\n{target}\n{timestamp}\n{nonce}\n"
    # A server has the bytes of the target as latin-1 (PEP 3333, "Unicode Issues").
    return head.encode("latin-1", "replace") + body


def _digest(secret: bytes, text: bytes) -> bytes:
    return hmac.new(secret, text, hashlib.sha256).digest()
