"""How a WAMP client of a test logs in: the client's half of each method."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wsocket.wamp.auth.saslprep import saslprep
from wsocket.wamp.auth.scram_user import derive
from wsocket.wamp.auth.wampcra import derive_key


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
        key = secret
        if challenge.get("salt"):
            iterations, keylen = challenge["iterations"], challenge["keylen"]
            key = derive_key(
                secret, challenge["salt"], iterations=iterations, keylen=keylen
            )
        message = challenge["challenge"].encode()
        return Signed(_base64(hmac.digest(key.encode(), message, "sha256")))

    return Credentials("wampcra", {}, answer)


def scram(password: str) -> Credentials:
    """Log in with WAMP-SCRAM (RFC 5802), without a channel binding.

    A password with ``argon2id13`` needs the extra ``wsocket[auth]``.
    """
    nonce = _base64(os.urandom(16))

    def answer(challenge: Mapping[str, Any], authid: str) -> Signed:
        salted = derive(
            saslprep(password, allow_unassigned=False).encode(),
            base64.b64decode(challenge["salt"]),
            challenge["iterations"],
            challenge.get("memory"),
        )
        message = _scram_message(authid, nonce, challenge)
        extra = {"nonce": challenge["nonce"], "channel_binding": None}
        return Signed(_scram_proof(salted, message), extra)

    return Credentials("wamp-scram", {"nonce": nonce}, answer)


def _scram_message(authid: str, nonce: str, challenge: Mapping[str, Any]) -> bytes:
    """AuthMessage (RFC 5802 section 3)."""
    name = authid.replace("=", "=3D").replace(",", "=2C")
    both = challenge["nonce"]
    return (
        f"n={name},r={nonce},r={both},s={challenge['salt']},"
        f"i={challenge['iterations']},c={_base64(b'n,,')},r={both}"
    ).encode()


def _scram_proof(salted_password: bytes, message: bytes) -> str:
    """ClientProof (RFC 5802 section 3)."""
    client_key = hmac.digest(salted_password, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    signature = hmac.digest(stored_key, message, "sha256")
    return _base64(bytes(a ^ b for a, b in zip(client_key, signature, strict=True)))


def cryptosign(sign: Callable[[bytes], bytes], public_key: bytes | str) -> Credentials:
    """Log in with WAMP-Cryptosign, without a channel binding.

    Args:
        sign: Signs a message with Ed25519: the method `sign` of the package
            cryptography's ``Ed25519PrivateKey``, for instance.
        public_key: 32 bytes, or their 64 hex characters.
    """
    hexed = public_key if isinstance(public_key, str) else public_key.hex()

    def answer(challenge: Mapping[str, Any], authid: str) -> Signed:
        message = bytes.fromhex(challenge["challenge"])
        return Signed((sign(message) + message).hex())

    return Credentials("cryptosign", {"pubkey": hexed}, answer)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
