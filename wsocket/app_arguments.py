"""Checks of what `WSocketApp` is given, in all combinations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wsocket.core.checks import (
    check_instance,
    check_list,
    check_number,
    check_path,
    check_seconds,
    refuse_type,
)
from wsocket.core.http.grammar import TOKEN
from wsocket.core.net.limits import Limits
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.router.config import Realm
from wsocket.wamp.transports.longpoll_settings import LongPolling

WAMP = "WAMP"
DEFAULT_REALM = "realm1"

_TOKEN = re.compile(TOKEN)


def protocol_names(protocol: object) -> list[str]:
    """The names in *protocol*: one, several or none.

    Raises:
        TypeError: It is neither a string nor a list of strings.
        ValueError: A name cannot be that of a subprotocol (RFC 6455 section 4.1), or
            only nearly asks for the router.
    """
    if protocol is None:
        return []
    names = [protocol] if isinstance(protocol, str) else protocol
    if isinstance(names, bytes) or not isinstance(names, Sequence):
        refuse_type("protocol", "'WAMP', another name or a list of names", protocol)
    for name in names:
        _check_protocol_name(name)
    return list(names)


def _check_protocol_name(name: object) -> None:
    if not isinstance(name, str):
        refuse_type("protocol", "names (strings)", name)
    if name != WAMP and name.upper().startswith(WAMP):
        raise ValueError(
            f"protocol: expected 'WAMP' (in capitals) for a router, got {name!r:.100}; "
            "write protocol='WAMP', and the router agrees with each client on its "
            "serializer"
        )
    if not _TOKEN.fullmatch(name):
        raise ValueError(
            "protocol: expected 'WAMP' for a router, or the name of a subprotocol "
            f"(letters, digits, '.', '-', '_'), got {name!r:.100}"
        )


def check_settings(
    max_workers: object,
    longpoll: object,
    bridge: object,
    limits: object,
    join_timeout: object,
    metrics: object,
) -> None:
    """Check each for itself.

    Raises:
        TypeError, ValueError: One has the wrong type or value.
    """
    if max_workers is not None:
        check_number("max_workers", max_workers, least=1)
    if longpoll is not None and not isinstance(longpoll, (str, LongPolling)):
        refuse_type("longpoll", "a path such as '/longpoll', or LongPolling", longpoll)
    if bridge is not None and not isinstance(bridge, (str, Bridge)):
        refuse_type("bridge", "a path such as '/wamp', or Bridge", bridge)
    if limits is not None:
        check_instance("limits", limits, Limits)
    check_seconds("join_timeout", join_timeout, least=0.001)
    if metrics is not None:
        check_path("metrics", metrics)


def opened_realms(
    names: Sequence[str],
    realm: str | Realm,
    realms: Sequence[Realm],
    *,
    max_workers: object,
) -> list[Realm]:
    """The realms of a router, if *names* asks for one.

    Raises:
        TypeError, ValueError: One is no realm, or two have the same name, or there is
            no router for what was given.
    """
    if WAMP in names:
        return _all_realms(realm, realms)
    _refuse_without_router(realm, realms, max_workers=max_workers)
    return []


def _all_realms(realm: str | Realm, realms: Sequence[Realm]) -> list[Realm]:
    """The application's own realm, and then the others."""
    if isinstance(realm, str):
        realm = Realm(realm)
    check_instance("realm", realm, Realm)
    check_list("realms", realms, kind=Realm)
    names = [each.name for each in (realm, *realms)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"realms: there is a realm {name!r} already")
    return [realm, *realms]


def _refuse_without_router(
    realm: object, realms: object, *, max_workers: object
) -> None:
    """Refuse settings of a router where there is none: they would do nothing."""
    given = {
        "realm": realm != DEFAULT_REALM,
        "realms": bool(realms),
        "max_workers": max_workers is not None,
    }
    for name, is_given in given.items():
        if is_given:
            raise ValueError(
                f"{name}: is for a router, and there is none; write "
                f'WSocketApp(protocol="WAMP", {name}=...)'
            )
