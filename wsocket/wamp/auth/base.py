"""The contract of authentication methods: requests, identities, exchanges, refusals.

A router asks each `Authenticator` of a realm in turn to `begin`, except for those that
the client has not offered. The answer is an
`Identity` (let in at once), an `Exchange` (CHALLENGE, AUTHENTICATE, then its `verify`),
None (not for this client) or `Denied`. `begin` and `verify` may run the application's
code, and so may block."""

from __future__ import annotations

import hashlib
import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from wsocket.core.checks import check_mapping, check_text
from wsocket.core.keywords import checks_fields
from wsocket.errors import Denied
from wsocket.log import logger
from wsocket.wamp.auth.encodings import as_bytes
from wsocket.wamp.protocol.errors import AUTHENTICATION_FAILED

MAX_AUTHID = 1024
"""Characters; a longer one is refused before anything is computed from it."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

ChannelId = Callable[[str], "bytes | None"]
"""Returns TLS channel binding data by type (RFC 5929, RFC 9266), or None."""


@dataclass(frozen=True, kw_only=True)
class AuthRequest:
    """The request of a client to join a realm, from its HELLO.

    Attributes:
        authid: Whom the client says that it is; None if it does not say.
        authextra: HELLO.Details.authextra, unchecked.
        authmethods: The methods that the client offers; empty means anonymous.
        session: The session ID that WELCOME will carry.
        environ: The upgrade request's WSGI environ. On transports without a request,
            ``REMOTE_ADDR`` and ``REMOTE_PORT`` alone, or nothing.
        channel_id: None where TLS does not end in the router.
    """

    realm: str
    authid: str | None
    authmethods: tuple[str, ...]
    session: int
    # Credentials may be in these two.
    authextra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    environ: Mapping[str, Any] = field(default_factory=dict, repr=False)
    channel_id: ChannelId | None = field(default=None, repr=False)

    def offers(self, method: str) -> bool:
        """Whether the client offers this method."""
        return method in self.authmethods


@checks_fields
@dataclass(frozen=True)
class Identity:
    """Who the client is, for WELCOME and for authorization (Basic Profile, "WELCOME").

    Attributes:
        authid: The name of the client, 1 to 1024 characters; it has no default.
        authrole: Its role, one of `Realm.roles` if there are any; it has no default.
        authprovider: Who says so, such as the name of a database; ``"static"`` by
            default.
        authextra: For WELCOME.Details.authextra, which the client gets; ``{}`` by
            default.

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    authid: str
    authrole: str
    authprovider: str = "static"
    authextra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_authid("Identity.authid", self.authid)
        check_text("Identity.authrole", self.authrole)
        check_text("Identity.authprovider", self.authprovider)
        check_mapping("Identity.authextra", self.authextra)


@checks_fields
@dataclass(frozen=True, kw_only=True)
class Principal:
    """What all kinds of users have, besides a secret.

    Attributes:
        role: The authrole that the client gets; it has no default.
        provider: The authprovider; None, the default, is ``"static"`` for a table of
            users and ``"dynamic"`` for a callable.
        extra: For WELCOME.Details.authextra, which the client gets; ``{}`` by default.
    """

    role: str
    provider: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_text(f"{name}.role", self.role)
        if self.provider is not None:
            check_text(f"{name}.provider", self.provider)
        check_mapping(f"{name}.extra", self.extra)


class Exchange(Protocol):
    """A CHALLENGE that waits for its AUTHENTICATE."""

    @property
    def challenge(self) -> Mapping[str, Any]:
        """CHALLENGE.Extra."""

    def verify(self, signature: str, extra: Mapping[str, Any]) -> Identity:
        """Judge AUTHENTICATE's Signature and Extra; once only, the next is refused.

        Raises:
            Denied: The client is not let in.
        """


class Authenticator(Protocol):
    """One authentication method, with its users.

    A method that is meant for clients that offer another one, too, has their names in
    an attribute `serves`: a collection of strings. One that knows before a login which
    roles it gives has them in `roles`. One that knows why it did not apply has a method
    `why_not`, which takes the request and returns a sentence for the client, or "".
    """

    @property
    def method(self) -> str:
        """Its name in HELLO, CHALLENGE and WELCOME."""

    def begin(self, request: AuthRequest) -> Identity | Exchange | None:
        """Start; None if the method does not apply, so that another one is tried.

        Raises:
            Denied: The client is not let in.
        """


class ChallengeResponse(ABC):
    """An `Exchange` that can be used once.

    Attributes:
        denial: What the log says of a wrong answer.

    Args:
        identity: Who a client with the right answer is. None for a stranger, who gets
            the same challenge and is refused whatever the answer.
    """

    denial: ClassVar[str]

    def __init__(self, challenge: Mapping[str, Any], identity: Identity | None) -> None:
        self._challenge = challenge
        self._identity = identity
        self._attempts = [None]

    @property
    def challenge(self) -> Mapping[str, Any]:
        """CHALLENGE.Extra."""
        return self._challenge

    def verify(self, signature: str, extra: Mapping[str, Any]) -> Identity:
        """Judge AUTHENTICATE's Signature and Extra; once only, the next is refused.

        Raises:
            Denied: The client is not let in.
        """
        try:
            self._attempts.pop()  # atomic: only one of two threads gets it
        except IndexError:
            raise Denied("a second AUTHENTICATE for one CHALLENGE") from None
        if not isinstance(signature, str) or not isinstance(extra, Mapping):
            raise Denied("AUTHENTICATE: Signature or Extra is of the wrong type")
        # A stranger's answer is checked, too: it must take as long.
        is_right = self._is_right(signature, extra)
        if not is_right or self._identity is None:
            raise Denied(self.denial)
        return self._granted(self._identity)

    @abstractmethod
    def _is_right(self, signature: str, extra: Mapping[str, Any]) -> bool:
        """Whether the answer is right; may raise `Denied` itself."""

    def _granted(self, identity: Identity) -> Identity:
        """The identity for WELCOME, after a right answer."""
        return identity


@contextmanager
def application_code(name: str) -> Iterator[None]:
    """Run the application's code: an exception is logged, and the client is refused.

    `Denied` passes, so that an application can choose the reason itself.
    """
    try:
        yield
    except Denied:
        raise
    except Exception as error:
        logger.exception("authentication: %s failed; the client is refused", name)
        raise Denied(f"{name} failed", reason=AUTHENTICATION_FAILED) from error


def requested_authid(request: AuthRequest) -> str | None:
    """The authid that the client asks for, if any.

    Raises:
        Denied: It is invalid.
    """
    if request.authid is None:
        return None
    try:
        check_authid("HELLO.Details.authid", request.authid)
    except (TypeError, ValueError) as error:
        raise Denied(str(error)) from None
    return request.authid


def channel_binding(
    request: AuthRequest, known: Collection[str]
) -> tuple[str, bytes] | None:
    """Type and data of the TLS channel binding, if HELLO asks for one.

    A client that asks for a binding must not log in without it.

    Raises:
        Denied: This type is not available; the client is told why.
    """
    kind = request.authextra.get("channel_binding")
    if kind is None:
        return None
    if not isinstance(kind, str) or kind not in known:
        expected = " or ".join(sorted(known))
        problem = f"channel_binding: expected {expected}, got {kind!r:.100}"
        raise Denied(problem, message=problem)
    data = request.channel_id(kind) if request.channel_id else None
    if not data:
        problem = (
            f"channel_binding: {kind} is not possible on this connection; tls-unique "
            "needs TLS 1.2 that ends in the router, without session resumption"
        )
        raise Denied(problem, message=problem)
    return kind, data


def same_text(given: str, expected: str) -> bool:
    """Compare a secret in constant time, also if the lengths differ."""
    digests = (hashlib.sha256(as_bytes(text)).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)


def check_authid(name: str, value: object) -> None:
    """Accept a short, non-empty string without control characters."""
    check_text(name, value)
    text = str(value)
    if len(text) > MAX_AUTHID:
        raise ValueError(
            f"{name}: expected at most {MAX_AUTHID} characters, got {len(text)}"
        )
    if _CONTROL.search(text):
        raise ValueError(f"{name}: a control character is not allowed")
