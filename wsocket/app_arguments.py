"""Checks of what `WSocketApp` is given, in all combinations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wsocket.core.checks import (
    check_instance,
    check_list,
    check_number,
    check_path,
    check_seconds,
    closest,
    refuse_type,
)
from wsocket.core.http.grammar import TOKEN
from wsocket.core.net.limits import Limits
from wsocket.wamp.auth.base import Identity
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
    others: Mapping[str, object],
) -> list[Realm]:
    """The realms of a router, if *names* asks for one.

    Args:
        others: Further settings that need a router, by name; None if not given.

    Raises:
        TypeError, ValueError: One is no realm, or two have the same name, or there is
            no router for what was given.
    """
    if WAMP in names:
        opened = _all_realms(realm, realms)
        _check_bridge(others.get("bridge"), opened)
        return opened
    _refuse_without_router(
        {
            "realm": realm if realm != DEFAULT_REALM else None,
            "realms": realms or None,
            **others,
        }
    )
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


def _check_bridge(bridge: object, realms: Sequence[Realm]) -> None:
    """Refuse realms that are not there, and roles with which nobody may do anything."""
    if not isinstance(bridge, Bridge):
        return
    own = _known("Bridge.realm", bridge.realm or realms[0].name, realms)
    for key_id, key in bridge.keys.items():
        name = f"Bridge.keys[{key_id!r}]"
        realm = _known(f"{name}.realm", key.realm or own.name, realms)
        _check_role(f"{name}.role", key.role, realm)
    if isinstance(bridge.tokens, Mapping):
        for owner in bridge.tokens.values():
            role = owner.authrole if isinstance(owner, Identity) else owner
            _check_role("Bridge.tokens, a role", role, own)


def _known(name: str, wanted: str, realms: Sequence[Realm]) -> Realm:
    """The realm of this name."""
    for realm in realms:
        if realm.name == wanted:
            return realm
    names = [each.name for each in realms]
    raise ValueError(
        f"{name}: expected one of the realms {', '.join(names)}, got {wanted!r:.100}; "
        f"write WSocketApp(realms=[Realm({wanted!r:.100})]){closest(wanted, names)}"
    )


def _check_role(name: str, role: str, realm: Realm) -> None:
    """Accept a role whose sessions may do something in *realm*."""
    if realm.lacks(role):
        known = [each.name for each in realm.roles]
        raise ValueError(
            f"{name}: expected one of the roles of {realm.name!r}, which has "
            f"{', '.join(known)}, got {role!r:.100}: its sessions could do nothing; "
            f"add Role({role!r:.100}, [...]){closest(role, known)}"
        )


def _refuse_without_router(settings: Mapping[str, object]) -> None:
    """Refuse settings of a router where there is none: they would do nothing."""
    for name, value in settings.items():
        if value is not None:
            raise ValueError(
                f"{name}: is for a router, and there is none; write "
                f'WSocketApp(protocol="WAMP", {name}=...)'
            )
