"""What answers a CHALLENGE, computed from its Extra and a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsocket.client.challenge import MOST_ITERATIONS, number_in, text_in
from wsocket.errors import ProtocolError
from wsocket.wamp.auth.encodings import from_hex
from wsocket.wamp.auth.wampcra import MAX_KEYLEN, derive_key, sign

_CHALLENGE_LENGTH = 32  # bytes


def cra_signature(secret: str, extra: Mapping[str, Any]) -> str:
    """The signature of WAMP-CRA.

    Args:
        secret: The shared secret, or the password that it is derived from.

    Raises:
        ProtocolError: The router's challenge cannot be answered.
    """
    return sign(_cra_key(secret, extra), text_in(extra, "challenge"))


def _cra_key(secret: str, extra: Mapping[str, Any]) -> str:
    if extra.get("salt") is None:
        return secret
    salt = text_in(extra, "salt")
    iterations = number_in(extra, "iterations", 1000, most=MOST_ITERATIONS)
    keylen = number_in(extra, "keylen", 32, most=MAX_KEYLEN)
    return derive_key(secret, salt, iterations=iterations, keylen=keylen)


def cryptosign_signature(
    signed: Callable[[bytes], bytes], extra: Mapping[str, Any]
) -> str:
    """The signature of WAMP-Cryptosign without a channel binding, and the challenge.

    Args:
        signed: Signs a message with Ed25519.

    Raises:
        ProtocolError: The router's challenge cannot be answered.
    """
    challenge = from_hex(extra.get("challenge"), length=_CHALLENGE_LENGTH)
    if challenge is None:
        raise ProtocolError("CHALLENGE.Extra.challenge: expected 64 hex characters")
    return (signed(challenge) + challenge).hex()
