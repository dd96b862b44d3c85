"""Where the HTTP bridge is, whom it lets in, and what it may cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wsocket.core.checks import (
    check_callable,
    check_mapping,
    check_number,
    check_seconds,
    check_text,
    refuse_type,
)
from wsocket.core.keywords import checks_fields
from wsocket.wamp.auth.base import Identity, check_authid
from wsocket.wamp.bridge.signature import KEY_ID

TokenOwner = str | Identity | None
"""Whose a bearer token is: the role alone or an identity; None for nobody's."""

_LEAST_SECRET = 16  # bytes
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")

# Fields of `Bridge` by kind, with their least value.
_NUMBERS = {"max_requests": 1, "max_streams": 0, "max_nonces": 1}
_SECONDS = {"max_timeout": 0.001, "clock_skew": 1.0, "heartbeat": 0.001, "retry": 0.0}


@checks_fields
@dataclass(frozen=True)
class BridgeKey:
    """A key with which requests are signed.

    Args:
        secret: At least 16 bytes; text counts as UTF-8. Make it with
            ``openssl rand -hex 32``. It has no default.
        role: The authrole of its sessions, one of the roles of their realm. It has no
            default.
        realm: The realm of its sessions; None, the default, for that of the bridge.

    Raises:
        TypeError, ValueError: A field is not what it must be.
    """

    secret: str | bytes = field(repr=False)
    role: str = field(kw_only=True)
    realm: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.secret, (str, bytes)):
            refuse_type("BridgeKey.secret", "a string or bytes", self.secret)
        if len(self.secret_bytes) < _LEAST_SECRET:
            raise ValueError(
                f"BridgeKey.secret: expected at least {_LEAST_SECRET} bytes, "
                f"got {len(self.secret_bytes)}; make one with: openssl rand -hex 32"
            )
        check_text("BridgeKey.role", self.role)
        if self.realm is not None:
            check_text("BridgeKey.realm", self.realm)

    @property
    def secret_bytes(self) -> bytes:
        """The secret for HMAC."""
        return self.secret.encode() if isinstance(self.secret, str) else self.secret


@checks_fields
@dataclass(frozen=True)
class Bridge:
    """Publish, call and listen with plain HTTP requests; see docs/bridge.md.

    No part of the specification knows it: to the router each request is a session.

    Attributes:
        path: The base path; for ``"/wamp"``, the default, there are
            ``POST /wamp/publish``, ``POST /wamp/call`` and ``GET /wamp/events``.
        keys: The keys of those who sign their requests, by key ID; ``{}``, the default,
            for none.
        tokens: Bearer tokens, each with the role or `Identity` of its owner; ``{}``,
            the default, for none. Or a function that takes a token and returns one of
            these, None for a token that is not known; it may block.
        realm: The realm of all sessions but those of keys that have their own; None,
            the default, for that of the application.
        max_body: Largest body of a request in bytes; None, the default, for
            `max_message_size`.
        max_requests: How many publish and call requests may wait for an answer at
            once; 200 by default. Beyond that they are refused with 503.
        max_streams: How many streams of events may be open at once; 100 by default.
            Each takes a thread or greenlet of the server. Beyond that they are refused
            with 503.
        max_timeout: Seconds that a request waits for its answer at most; 60.0 by
            default.
        clock_skew: Seconds by which the timestamp of a signed request may differ from
            the clock of this server; 300.0 by default.
        max_nonces: How many signed requests are remembered, each for twice the
            `clock_skew`, so that none is accepted twice; 100,000 by default. Beyond
            that they are refused with 503.
        heartbeat: Seconds between two comments in a stream without events; 15.0 by
            default.
        retry: Seconds after which a browser opens a broken stream again; 3.0 by
            default.

    Raises:
        TypeError, ValueError: A setting is not what it must be.
    """

    path: str = "/wamp"
    keys: Mapping[str, BridgeKey] = field(default_factory=dict, kw_only=True)
    tokens: Mapping[str, str | Identity] | Callable[[str], TokenOwner] = field(
        default_factory=dict, kw_only=True, repr=False
    )
    realm: str | None = field(default=None, kw_only=True)
    max_body: int | None = field(default=None, kw_only=True)
    max_requests: int = field(default=200, kw_only=True)
    max_streams: int = field(default=100, kw_only=True)
    max_timeout: float = field(default=60.0, kw_only=True)
    clock_skew: float = field(default=300.0, kw_only=True)
    max_nonces: int = field(default=100_000, kw_only=True)
    heartbeat: float = field(default=15.0, kw_only=True)
    retry: float = field(default=3.0, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            refuse_type("Bridge.path", "a string", self.path)
        if not _PATH.fullmatch(self.path):
            raise ValueError(
                "Bridge.path: expected a path of letters, digits and ._~- that does "
                f"not end with '/', such as '/wamp', got {self.path!r:.100}"
            )
        self._check_keys()
        self._check_tokens()
        if self.realm is not None:
            check_text("Bridge.realm", self.realm)
        if self.max_body is not None:
            check_number("Bridge.max_body", self.max_body, least=1)
        for name, number in _NUMBERS.items():
            check_number(f"Bridge.{name}", getattr(self, name), least=number)
        for name, seconds in _SECONDS.items():
            check_seconds(f"Bridge.{name}", getattr(self, name), least=seconds)

    def _check_keys(self) -> None:
        check_mapping("Bridge.keys", self.keys)
        for name, key in self.keys.items():
            check_key_id("Bridge.keys, a key ID", name)
            if not isinstance(key, BridgeKey):
                refuse_type(f"Bridge.keys[{name!r}]", "a BridgeKey", key)

    def _check_tokens(self) -> None:
        if not isinstance(self.tokens, Mapping):
            check_callable(
                "Bridge.tokens", self.tokens, expected="a mapping or a function"
            )
            return
        for token, owner in self.tokens.items():
            check_text("Bridge.tokens, a token", token)
            if not isinstance(owner, Identity):
                check_text("Bridge.tokens, a role", owner)


def check_key_id(name: str, value: str) -> None:
    """Accept the ID of a key.

    Raises:
        ValueError: It is none; the message begins with *name*.
    """
    check_authid(name, value)
    if not re.fullmatch(KEY_ID, value):
        raise ValueError(
            f"{name}: expected letters, digits and ._~@:+/=-, got {value!r}"
        )
