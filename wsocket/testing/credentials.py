"""How a WAMP client of a test logs in: the client's half of each method."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wsocket.client.scram_login import ScramLogin
from wsocket.client.signatures import cra_signature, cryptosign_signature
from wsocket.wamp.auth.encodings import to_base64


class Signed(NamedTuple):
    """Signature and Extra of AUTHENTICATE."""

    signature: str
    extra: Mapping[str, Any] = {}


class Credentials(NamedTuple):
    """What a client needs for one method; `ticket` and the others make it.

    Attributes:
        method: The name in HELLO.Details.authmethods.
        authextra: HELLO.Details.authextra.
        answer: Makes AUTHENTICATE of CHALLENGE.Extra, and of the client's authid.
    """

    method: str
    authextra: Mapping[str, Any]
    answer: Callable[[Mapping[str, Any], str], Signed]


def ticket(ticket: str) -> Credentials:
    """Log in with a ticket."""
    return Credentials("ticket", {}, lambda challenge, authid: Signed(ticket))


def wampcra(secret: str) -> Credentials:
    """Log in with WAMP-CRA.

    Args:
        secret: The shared secret, or the password that it is derived from.
    """

    def answer(challenge: Mapping[str, Any], authid: str) -> Signed:
        return Signed(cra_signature(secret, challenge))

    return Credentials("wampcra", {}, answer)


def scram(password: str) -> Credentials:
    """Log in with WAMP-SCRAM (RFC 5802), without a channel binding.

    A password with ``argon2id13`` needs the extra ``wsocket[auth]``.
    """
    nonce = os.urandom(16)

    def answer(challenge: Mapping[str, Any], authid: str) -> Signed:
        return Signed(
            *ScramLogin(authid, password, nonce).answer("wamp-scram", challenge)
        )

    return Credentials("wamp-scram", {"nonce": to_base64(nonce)}, answer)


def cryptosign(sign: Callable[[bytes], bytes], public_key: bytes | str) -> Credentials:
    """Log in with WAMP-Cryptosign, without a channel binding.

    Args:
        sign: Signs a message with Ed25519: the method `sign` of the package
            cryptography's ``Ed25519PrivateKey``, for instance.
        public_key: 32 bytes, or their 64 hex characters.
    """
    hexed = public_key if isinstance(public_key, str) else public_key.hex()

    def answer(challenge: Mapping[str, Any], authid: str) -> Signed:
        return Signed(cryptosign_signature(sign, challenge))

    return Credentials("cryptosign", {"pubkey": hexed}, answer)
