"""Checks of what the application gives to `WSocketApp`: URIs and options.

Each message begins with the name of the argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from wsocket.core.checks import check_choice, check_instance
from wsocket.core.functions import kind_of
from wsocket.wamp.authorization.stars import refuse_stars
from wsocket.wamp.protocol.fields import Fields
from wsocket.wamp.protocol.options import (
    INVOKE_POLICIES,
    InvokePolicy,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
    check_options,
)
from wsocket.wamp.protocol.uris import MATCHES, Match, UriRules, reserved

_OptionsT = TypeVar("_OptionsT", bound=Fields)

_URIS = UriRules()

# What the application's own session cannot do.
_FOR_REMOTE_CLIENTS = ("progress", "ppt_scheme")


def check_uri(
    name: str,
    uri: object,
    *,
    match: Match | None = None,
    namespace: bool = False,
) -> None:
    """Accept a URI or a pattern.

    Args:
        match: How a pattern is compared; None for what is no pattern.
        namespace: Whether it may be in the protocol's own namespace.

    Raises:
        TypeError: *uri* is not a string.
        ValueError: *uri* is not valid.
    """
    if not isinstance(uri, str):
        got = repr(uri)[:100]
        if callable(uri):
            got = f"{kind_of(uri)}; a decorator needs its parentheses and a URI"
        raise TypeError(f"{name}: a URI is a str such as 'com.example.add', got {got}")
    if not _URIS.valid(uri, match or "exact"):
        raise ValueError(f"{name}: invalid URI: {_URIS.problem(uri, match or 'exact')}")
    if "*" in uri:
        refuse_stars(name, uri, match)
    if not namespace and reserved(uri):
        raise ValueError(
            f"{name}: {uri!r} is in the protocol's own namespace, 'wamp.'; use one of "
            "your own, such as 'com.example.'"
        )


def check_payload(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Accept values that are no options: these would be sent to everybody.

    Raises:
        TypeError: There are options among them.
    """
    for value in (*args, *kwargs.values()):
        if isinstance(value, Fields):
            kind = type(value).__name__
            raise TypeError(
                f"options: expected them by name, got {kind} among the values to be "
                f"sent; write options={kind}(...)"
            )


def register_options(
    options: RegisterOptions | None, *, match: Match, invoke: InvokePolicy
) -> RegisterOptions:
    """The options of a registration, from what `WSocketApp.register` was given.

    Raises:
        TypeError, ValueError: An argument is invalid, or given twice.
    """
    check_choice("match", match, MATCHES)
    check_choice("invoke", invoke, INVOKE_POLICIES)
    if options is None:
        return RegisterOptions(match=match, invoke=invoke)
    own_options(options, RegisterOptions)
    _refuse_twice("match", match, "exact", options)
    _refuse_twice("invoke", invoke, "single", options)
    return options


def subscribe_options(
    options: SubscribeOptions | None, *, match: Match
) -> SubscribeOptions:
    """The options of a subscription, from what `WSocketApp.subscribe` was given.

    Raises:
        TypeError, ValueError: An argument is invalid, or given twice.
    """
    check_choice("match", match, MATCHES)
    if options is None:
        return SubscribeOptions(match=match)
    own_options(options, SubscribeOptions)
    _refuse_twice("match", match, "exact", options)
    return options


def publish_options(
    options: PublishOptions | None, *, acknowledge: bool
) -> PublishOptions:
    """The options of a publication, from what a client's ``publish`` was given.

    Raises:
        TypeError, ValueError: *options* is invalid.
    """
    chosen = PublishOptions() if options is None else options
    own_options(chosen, PublishOptions)
    return msgspec.structs.replace(chosen, acknowledge=True) if acknowledge else chosen


def own_options(options: object, kind: type[_OptionsT]) -> _OptionsT:
    """Options of *kind* that the application's own session can have.

    They are checked once more, because the application may have changed them.

    Raises:
        TypeError: They are of another kind, or a field has the wrong type.
        ValueError: A field has the wrong value, or is for remote clients only.
    """
    check_instance("options", options, kind)
    assert isinstance(options, kind)
    check_options(options)
    for name in _FOR_REMOTE_CLIENTS:
        if getattr(options, name, None):
            raise ValueError(
                f"{kind.__name__}.{name}: the application's session has no such mode; "
                "leave it out"
            )
    return options


def _refuse_twice(name: str, value: str, default: str, options: Fields) -> None:
    if value != default:
        kind = type(options).__name__
        raise ValueError(
            f"{name}: expected no value beside options=, got {value!r}; write "
            f"{kind}({name}={value!r})"
        )
