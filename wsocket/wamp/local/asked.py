"""Checks of what an application asks its session for, before anything is sent."""

from __future__ import annotations

import msgspec

from wsocket.wamp.protocol.client_messages import Fields
from wsocket.wamp.protocol.uris import MATCHES, Match, UriRules, reserved

_URIS = UriRules()


def check_uri(uri: str, match: Match, *, namespace: bool = False) -> None:
    """Accept a URI or pattern.

    Args:
        namespace: Whether it may be in the protocol's own namespace, ``wamp.``.

    Raises:
        TypeError, ValueError: It is none, or not an allowed one.
    """
    if not isinstance(uri, str):
        raise TypeError(f"a URI is a str such as 'com.example.add', got {uri!r}")
    if match not in MATCHES:
        raise ValueError(f"match must be exact, prefix or wildcard, got {match!r}")
    if not _URIS.valid(uri, match):
        raise ValueError(f"invalid URI: {_URIS.problem(uri, match)}")
    if reserved(uri) and not namespace:
        raise ValueError(f"{uri!r} is in the protocol's own namespace, 'wamp.'")


def check_options(options: Fields) -> None:
    """Refuse options with which a session would break the protocol.

    Raises:
        ValueError: A field has a wrong type or value, or asks for a mode that the
            sessions of applications do not have.
    """
    fields = msgspec.structs.asdict(options)
    msgspec.convert(fields, type(options))
    for name in ("progress", "ppt_scheme"):
        if fields.get(name):
            kind = type(options).__name__
            raise ValueError(
                f"{kind}.{name}: the application's session has no such mode"
            )
