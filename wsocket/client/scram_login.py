"""The client's half of WAMP-SCRAM (RFC 5802, RFC 7677)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from wsocket.client.challenge import (
    MOST_ITERATIONS,
    expect_method,
    number_in,
    text_in,
)
from wsocket.client.joining import Signature
from wsocket.errors import ProtocolError
from wsocket.wamp.auth.encodings import from_base64, to_base64
from wsocket.wamp.auth.saslprep import saslprep
from wsocket.wamp.auth.scram import escape
from wsocket.wamp.auth.scram_user import ARGON2ID13, PBKDF2, derive

_MOST_MEMORY = 2**20  # KiB: one GiB
_MOST_SALT = 1024  # characters

# gs2-header without channel binding, as ``c=`` carries it (RFC 5802, section 7).
_NO_BINDING = to_base64(b"n,,")


class ScramLogin:
    """One login.

    Args:
        nonce: Random.
    """

    def __init__(self, authid: str, password: str, nonce: bytes) -> None:
        self._authid = authid
        self._password = saslprep(password, allow_unassigned=False).encode()
        self._nonce = to_base64(nonce)
        self._verifier: str | None = None  # what the router must send

    @property
    def hello(self) -> dict[str, Any]:
        """See `LoginExchange`."""
        extra = {"nonce": self._nonce, "channel_binding": None}
        return {
            "authmethods": ["wamp-scram"],
            "authid": self._authid,
            "authextra": extra,
        }

    def answer(self, method: str, extra: Mapping[str, Any]) -> Signature:
        """ClientProof, and what it is for (RFC 5802, section 3)."""
        expect_method("wamp-scram", method)
        nonce, salt = text_in(extra, "nonce"), text_in(extra, "salt")
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ProtocolError("CHALLENGE.Extra.nonce: expected this client's, longer")
        iterations = number_in(extra, "iterations", most=MOST_ITERATIONS)
        salted = derive(self._password, _octets(salt), iterations, _memory(extra))
        message = (
            f"n={escape(self._authid)},r={self._nonce},"
            f"r={nonce},s={salt},i={iterations},"
            f"c={_NO_BINDING},r={nonce}"
        ).encode()
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self._verifier = to_base64(hmac.digest(server_key, message, "sha256"))
        told = {"nonce": nonce, "channel_binding": None, "cbind_data": None}
        return _proof(salted, message), told

    def check(self, authextra: Mapping[str, Any]) -> None:
        """The router must have proved that it knows the keys, too."""
        verifier = authextra.get("verifier")
        expected = self._verifier
        right = (
            isinstance(verifier, str)
            and expected is not None
            and hmac.compare_digest(verifier.encode(), expected.encode())
        )
        if not right:
            raise ProtocolError(
                "WELCOME.Details.authextra.verifier: the router does not know the "
                "keys made from the password: it is not who it says"
            )


def _proof(salted: bytes, message: bytes) -> str:
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    signature = hmac.digest(stored_key, message, "sha256")
    return to_base64(bytes(a ^ b for a, b in zip(client_key, signature, strict=True)))


def _octets(salt: str) -> bytes:
    octets = from_base64(salt, max_length=_MOST_SALT)
    if octets is None:
        raise ProtocolError("CHALLENGE.Extra.salt: expected base64")
    return octets


def _memory(extra: Mapping[str, Any]) -> int | None:
    """What `derive` wants: KiB for Argon2id, None for PBKDF2."""
    kdf = text_in(extra, "kdf")
    if kdf == PBKDF2:
        return None
    if kdf != ARGON2ID13:
        raise ProtocolError(
            f"CHALLENGE.Extra.kdf: expected {PBKDF2!r} or {ARGON2ID13!r}, "
            f"got {kdf!a:.50}"
        )
    return number_in(extra, "memory", most=_MOST_MEMORY)
