"""Who a client is, and how it proves that: one of these is ``connect(auth=...)``.

No secret is shown by ``repr``, and none is in an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from wsocket.client.anonymous import Anonymous
from wsocket.client.challenge import expect_method
from wsocket.client.joining import LoginExchange, RandomBytes, Signature
from wsocket.client.scram_login import ScramLogin
from wsocket.client.signatures import cra_signature, cryptosign_signature
from wsocket.core.checks import check_text, refuse_type
from wsocket.project import installation
from wsocket.wamp.auth.encodings import from_hex
from wsocket.wamp.auth.saslprep import saslprep

__all__ = ["CRA", "Anonymous", "Cookie", "Cryptosign", "Scram", "Ticket"]

_KEY_LENGTH = 32  # bytes


class Simple:
    """What is the same for logins that keep nothing between two messages."""

    def begin(self, random_bytes: RandomBytes) -> LoginExchange:
        """See `LoginMethod`."""
        return self  # type: ignore[return-value] # each has `hello` and `answer`

    def check(self, authextra: Mapping[str, Any]) -> None:
        """These routers prove nothing."""


@dataclass(frozen=True)
class Ticket(Simple):
    """A secret that is sent as it is: use it over TLS only."""

    authid: str
    ticket: str = field(repr=False)

    def __post_init__(self) -> None:
        check_text("Ticket.authid", self.authid)
        check_text("Ticket.ticket", self.ticket)

    @property
    def hello(self) -> dict[str, Any]:
        """See `LoginExchange`."""
        return {"authmethods": ["ticket"], "authid": self.authid}

    def answer(self, method: str, extra: Mapping[str, Any]) -> Signature:
        """The ticket itself."""
        expect_method("ticket", method)
        return self.ticket, {}


@dataclass(frozen=True)
class CRA(Simple):
    """WAMP-CRA: a shared secret, or the password that it is derived from."""

    authid: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        check_text("CRA.authid", self.authid)
        check_text("CRA.secret", self.secret)

    @property
    def hello(self) -> dict[str, Any]:
        """See `LoginExchange`."""
        return {"authmethods": ["wampcra"], "authid": self.authid}

    def answer(self, method: str, extra: Mapping[str, Any]) -> Signature:
        """The signature of the challenge."""
        expect_method("wampcra", method)
        return cra_signature(self.secret, extra), {}


@dataclass(frozen=True)
class Scram:
    """WAMP-SCRAM: a password that is neither sent nor known to the router.

    The router proves that it knows the keys made from it.
    """

    authid: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        check_text("Scram.authid", self.authid)
        check_text("Scram.password", self.password)
        saslprep(self.password, allow_unassigned=False)  # ValueError now, not later

    def begin(self, random_bytes: RandomBytes) -> ScramLogin:
        """See `LoginMethod`."""
        return ScramLogin(self.authid, self.password, random_bytes(16))


@dataclass(frozen=True)
class Cryptosign(Simple):
    """WAMP-Cryptosign: an Ed25519 key. It needs the extra ``wsocket[auth]``.

    Attributes:
        authid: None: the router knows it by the key.
        private_key: 32 bytes, or 64 hex characters.
    """

    authid: str | None
    private_key: str | bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.authid is not None:
            check_text("Cryptosign.authid", self.authid)
        if not isinstance(self.private_key, (str, bytes)):
            refuse_type("Cryptosign.private_key", "hex text or bytes", self.private_key)
        self._signer()

    @property
    def hello(self) -> dict[str, Any]:
        """See `LoginExchange`."""
        public: str = self._signer().public_key().public_bytes_raw().hex()
        named = {} if self.authid is None else {"authid": self.authid}
        extra = {"pubkey": public, "channel_binding": None}
        return {"authmethods": ["cryptosign"], "authextra": extra, **named}

    def answer(self, method: str, extra: Mapping[str, Any]) -> Signature:
        """The signature of the challenge, and the challenge."""
        expect_method("cryptosign", method)
        return cryptosign_signature(self._signer().sign, extra), {}

    def _signer(self) -> Any:
        key = self.private_key
        octets = from_hex(key, length=_KEY_LENGTH) if isinstance(key, str) else key
        if octets is None or len(octets) != _KEY_LENGTH:
            raise ValueError(
                "Cryptosign.private_key: expected 32 bytes, or 64 hex characters"
            )
        return _ed25519().from_private_bytes(octets)


class Cookie(Anonymous, frozen=True):
    """The login of a web page: its cookie is in ``connect(headers=...)``."""

    @property
    def hello(self) -> dict[str, Any]:
        """See `LoginExchange`."""
        return {**super().hello, "authmethods": ["cookie"]}


def _ed25519() -> Any:
    try:
        module = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError as error:
        raise ImportError(
            f"Cryptosign needs the package cryptography: {installation('auth')}"
        ) from error
    return module.Ed25519PrivateKey
