"""What a client computes; none of it is taken from the package under test."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wsocket.wamp.auth import AuthRequest, Denied, Exchange, Identity

SESSION = 3251278072152162


def hello(method: str, authid: str | None = "joe", **fields: Any) -> AuthRequest:
    """A request of a client that offers one method."""
    given: dict[str, Any] = {
        "realm": "realm1",
        "authid": authid,
        "authmethods": (method,),
        "session": SESSION,
    }
    return AuthRequest(**(given | fields))


def challenged(answer: Identity | Exchange | None) -> Exchange:
    """The exchange that `begin` started."""
    assert answer is not None
    assert not isinstance(answer, Identity)
    return answer


def refusal(exchange: Exchange, signature: Any, extra: Any = None) -> tuple[str, str]:
    """What the client reads in ABORT; it is a failure if there is no refusal."""
    try:
        exchange.verify(signature, {} if extra is None else extra)
    except Denied as denied:
        return denied.reason, denied.message
    raise AssertionError("the client was let in")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


class ScramClient:
    """The client's half of WAMP-SCRAM for a SaltedPassword (RFC 5802, section 3)."""

    def __init__(
        self,
        name: str,
        salted_password: bytes,
        *,
        nonce: str = "rOprNGfwEbeRWgbNEkqO",
        binding: tuple[str, bytes] | None = None,
    ) -> None:
        self.name = name
        self.salted_password = salted_password
        self.nonce = nonce
        self.kind, self.data = binding or (None, b"")
        self.auth_message = b""

    @property
    def authextra(self) -> dict[str, Any]:
        return {"nonce": self.nonce, "channel_binding": self.kind}

    def answer(self, challenge: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Signature and Extra of AUTHENTICATE."""
        nonce = challenge["nonce"]
        flag = f"p={self.kind}" if self.kind else "n"
        binding = base64.b64encode(f"{flag},,".encode() + self.data).decode()
        self.auth_message = (
            f"n={self.name},r={self.nonce},r={nonce},s={challenge['salt']},"
            f"i={challenge['iterations']},c={binding},r={nonce}"
        ).encode()
        client_key = hmac_sha256(self.salted_password, b"Client Key")
        stored_key = hashlib.sha256(client_key).digest()
        signature = hmac_sha256(stored_key, self.auth_message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        data = base64.b64encode(self.data).decode() if self.kind else None
        extra = {"nonce": nonce, "channel_binding": self.kind, "cbind_data": data}
        return base64.b64encode(proof).decode(), extra

    @property
    def expected_verifier(self) -> str:
        server_key = hmac_sha256(self.salted_password, b"Server Key")
        return base64.b64encode(hmac_sha256(server_key, self.auth_message)).decode()


class KeyOwner:
    """A client of WAMP-Cryptosign."""

    def __init__(self, seed: bytes) -> None:
        self.private_key = Ed25519PrivateKey.from_private_bytes(seed)
        self.pubkey = self.private_key.public_key().public_bytes_raw().hex()

    def sign(self, challenge: Mapping[str, Any], channel_id: bytes = bytes(32)) -> str:
        octets = bytes.fromhex(challenge["challenge"])
        message = bytes(a ^ b for a, b in zip(octets, channel_id, strict=True))
        return (self.private_key.sign(message) + message).hex()
