"""WAMP-Cryptosign: the client proves that it has an Ed25519 private key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wsocket.core.checks import check_text, refuse_type
from wsocket.core.keywords import checks_fields, checks_keywords
from wsocket.errors import Denied
from wsocket.project import installation
from wsocket.wamp.auth.base import (
    AuthRequest,
    ChallengeResponse,
    Identity,
    Principal,
    channel_binding,
    check_authid,
    requested_authid,
)
from wsocket.wamp.auth.encodings import from_hex
from wsocket.wamp.auth.users import Directory

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
except ImportError as error:
    raise ImportError(
        f"cryptosign needs the package cryptography: {installation('auth')}"
    ) from error

KEY_LENGTH = 32
MESSAGE_LENGTH = 32
SIGNATURE_LENGTH = 64

CHANNEL_BINDINGS = {"tls-unique", "tls-exporter"}  # RFC 5929, RFC 9266


@checks_fields
@dataclass(frozen=True, kw_only=True)
class CryptosignUser(Principal):
    """A user that the owner of a key may log in as (Advanced Profile,
    "Cryptosign-based Authentication").

    Attributes:
        authid: The authid that the client gets; it has no default.
        role: The authrole that the client gets; it has no default.
        provider: The authprovider; None, the default, is ``"static"`` for a table of
            users and ``"dynamic"`` for a callable.
        extra: For WELCOME.Details.authextra, which the client gets; ``{}`` by default.
    """

    authid: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_authid("CryptosignUser.authid", self.authid)


Users = CryptosignUser | Sequence[CryptosignUser]


def parse_users(name: str, value: object) -> tuple[CryptosignUser, ...]:
    """One user, or a sequence of them, as a tuple."""
    if isinstance(value, CryptosignUser):
        return (value,)
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        refuse_type(name, "a CryptosignUser or a sequence of them", value)
    for user in value:
        if not isinstance(user, CryptosignUser):
            refuse_type(f"{name}, an item", "a CryptosignUser", user)
    if len({user.authid for user in value}) != len(value):
        raise ValueError(f"{name}: two users with the same authid")
    return tuple(value)


def parse_public_key(name: str, key: object) -> str:
    """Check a public key, and return it in lower case."""
    check_text(name, key)
    octets = from_hex(key, length=KEY_LENGTH)
    if octets is None:
        raise ValueError(
            f"{name}: expected a public key as 64 hex characters, got {key!r}"
        )
    return octets.hex()


def parse_router_key(key: object) -> Ed25519PrivateKey | None:
    """Check the private key of the router; errors never show it."""
    if key is None or isinstance(key, Ed25519PrivateKey):
        return key
    name = "Cryptosign.router_key"
    if not isinstance(key, str):
        refuse_type(name, "hex text or an Ed25519PrivateKey", key)
    octets = from_hex(key, length=KEY_LENGTH)
    if octets is None:
        raise ValueError(f"{name}: expected a private key as 64 hex characters")
    return Ed25519PrivateKey.from_private_bytes(octets)


@dataclass(frozen=True)
class CryptosignChannel:
    """The TLS channel that signatures are bound to; by default none."""

    kind: str | None = None
    id: bytes = bytes(MESSAGE_LENGTH)  # XOR with zeros changes nothing

    def bind(self, challenge: bytes) -> bytes:
        """The message to sign for a challenge."""
        return bytes(a ^ b for a, b in zip(challenge, self.id, strict=True))

    @classmethod
    def of(cls, request: AuthRequest) -> CryptosignChannel:
        """The channel that HELLO asks for.

        Raises:
            Denied: This type is not available.
        """
        binding = channel_binding(request, CHANNEL_BINDINGS)
        if binding is None:
            return cls()
        kind, data = binding
        # A TLS Finished message (tls-unique) has 12 bytes; clients hash it.
        whole = len(data) == MESSAGE_LENGTH
        return cls(kind, data if whole else hashlib.sha256(data).digest())


class Cryptosign:
    """Lets in clients that have the private key of a known public key.

    A client that names no authid gets the first of its key's users.

    Args:
        keys: By public key (64 hex characters), or a callable that takes the
            `AuthRequest` (with ``authextra["pubkey"]`` checked and in lower case). Both
            give a `CryptosignUser` or a sequence of them, the callable None for a
            stranger. It has no default.
        router_key: Signs the challenges of clients, which proves who the router is: a
            private key as 64 hex characters, or an ``Ed25519PrivateKey``; None, the
            default, for no signature. It signs anything that a client sends, so use it
            for nothing else.
        require_channel_binding: Refuse clients whose signature is not bound to the TLS
            channel; False by default.
        token_bytes: Returns so many random bytes; those of `secrets` by default.

    Raises:
        TypeError, ValueError: An argument is invalid.
    """

    method = "cryptosign"

    @checks_keywords
    def __init__(
        self,
        keys: Mapping[str, Users] | Callable[[AuthRequest], Users | None],
        *,
        router_key: str | Ed25519PrivateKey | None = None,
        require_channel_binding: bool = False,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._users = Directory(
            keys,
            name="Cryptosign.keys",
            parse=parse_users,
            parse_key=parse_public_key,
        )
        self._router_key = parse_router_key(router_key)
        self._require_channel_binding = require_channel_binding
        self._token_bytes = token_bytes

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are known before anybody logs in."""
        return self._users.roles

    def begin(self, request: AuthRequest) -> CryptosignExchange | None:
        """Challenge the client; None if it names no public key."""
        is_named = request.authextra.get("pubkey") is not None
        if not is_named or not request.offers(self.method):
            return None
        authid = requested_authid(request)
        public_key = octets_of(request, "pubkey")
        channel = CryptosignChannel.of(request)
        if self._require_channel_binding and channel.kind is None:
            raise Denied("cryptosign: not bound to the TLS channel")
        challenge = self._token_bytes(MESSAGE_LENGTH)
        extra = {
            "challenge": challenge.hex(),
            "channel_binding": channel.kind,
            **self._router_proof(request, channel),
        }
        identity = self._identity(authid, public_key, request)
        return CryptosignExchange(
            extra, identity, public_key=public_key, message=channel.bind(challenge)
        )

    def _identity(
        self, authid: str | None, public_key: bytes, request: AuthRequest
    ) -> Identity | None:
        """Who the owner of this key is; None for a stranger."""
        pubkey = public_key.hex()
        authextra = {**request.authextra, "pubkey": pubkey}
        users = self._users.find(pubkey, replace(request, authextra=authextra)) or ()
        fitting = (user for user in users if authid in (None, user.authid))
        user = next(fitting, None)
        return None if user is None else self._users.identity(user.authid, user)

    def _router_proof(
        self, request: AuthRequest, channel: CryptosignChannel
    ) -> dict[str, str]:
        """The router's signature, if the client sent a challenge."""
        if request.authextra.get("challenge") is None:
            return {}
        message = channel.bind(octets_of(request, "challenge"))
        if self._router_key is None:
            return {}
        return {
            "pubkey": self._router_key.public_key().public_bytes_raw().hex(),
            "signature": (self._router_key.sign(message) + message).hex(),
        }


def octets_of(request: AuthRequest, field: str) -> bytes:
    """32 bytes of HELLO.Details.authextra, from hex.

    Raises:
        Denied: The field is not 64 hex characters.
    """
    octets = from_hex(request.authextra[field], length=KEY_LENGTH)
    if octets is None:
        raise Denied(f"cryptosign: authextra.{field} is not 64 hex characters")
    return octets


def is_signature(signature: bytes, *, message: bytes, public_key: bytes) -> bool:
    """Whether the owner of the key signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: not a valid key
        return False
    return True


class CryptosignExchange(ChallengeResponse):
    """Waits for a signature."""

    denial = "cryptosign: unknown key or authid, or wrong signature"

    def __init__(
        self,
        challenge: Mapping[str, Any],
        identity: Identity | None,
        *,
        public_key: bytes,
        message: bytes,
    ) -> None:
        super().__init__(challenge, identity)
        self._public_key = public_key
        self._message = message

    def _is_right(self, signature: str, extra: Mapping[str, Any]) -> bool:
        octets = from_hex(signature, length=SIGNATURE_LENGTH + MESSAGE_LENGTH)
        if octets is None:
            raise Denied("cryptosign: the signature is not 192 hex characters")
        return is_signature(
            octets[:SIGNATURE_LENGTH],
            message=self._message,
            public_key=self._public_key,
        ) & hmac.compare_digest(octets[SIGNATURE_LENGTH:], self._message)
