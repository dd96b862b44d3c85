"""The arguments of the meta API's procedures, checked: they come from clients.

All functions raise `ValueError` with the name of the argument.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wsocket.wamp.protocol.client_messages import PublishOptions
from wsocket.wamp.protocol.uris import MATCHES, Match
from wsocket.wamp.pubsub.testaments import SCOPES, Scope
from wsocket.wamp.serializers.lenient import corrected, kind_of


def id_of(name: str, value: object) -> int:
    """An ID; nothing may have it."""
    if type(value) is not int:
        raise ValueError(f"{name}: expected an ID, got {value!r:.80}")
    return value


def text(name: str, value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a string, got {value!r:.80}")
    return value


def texts(name: str, value: object) -> frozenset[str] | None:
    """A list of strings; None for no list."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{name}: expected a list of strings, got {value!r:.80}")
    return frozenset(value)


def match_of(options: object) -> Match:
    """The matching policy in options such as ``{"match": "prefix"}``."""
    match = options.get("match") if isinstance(options, dict) else None
    if match is None:
        match = "exact"
    if not (options is None or isinstance(options, dict)) or match not in MATCHES:
        raise ValueError(
            f"options: expected a dict with match one of {', '.join(MATCHES)}, "
            f"got {options!r:.80}"
        )
    return match


def scope_of(value: object) -> Scope:
    """The scope of a testament."""
    for scope in SCOPES:
        if value == scope:
            return scope
    raise ValueError(f"scope: expected one of {', '.join(SCOPES)}, got {value!r:.80}")


def payload_of(args: object, kwargs: object) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a testament; None is an empty list or dict."""
    args, kwargs = [] if args is None else args, {} if kwargs is None else kwargs
    if not isinstance(args, list):
        raise ValueError(f"args: expected a list, got {args!r:.80}")
    if not isinstance(kwargs, dict):
        raise ValueError(f"kwargs: expected a dict, got {kwargs!r:.80}")
    return args, kwargs


def publish_options(value: object) -> PublishOptions:
    """PUBLISH.Options."""
    given = {} if value is None else corrected(value, kind_of(PublishOptions))
    try:
        return msgspec.convert(given, PublishOptions)
    except msgspec.ValidationError as error:
        raise ValueError(f"publish_options: {error}") from None
