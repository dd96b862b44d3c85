"""The HTTP bridge: the table ``[bridge]``, with those whom it lets in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from wsocket.standalone.nodes import Node, Read, did_you_mean, usable
from wsocket.standalone.options import options_of
from wsocket.standalone.problems import quoted
from wsocket.standalone.realms import refuse_parts_of_name, written_roles
from wsocket.standalone.tables import Table, make
from wsocket.standalone.values import list_of, text
from wsocket.wamp.auth.base import Identity
from wsocket.wamp.bridge.settings import Bridge, BridgeKey, check_key_id


class BridgeUser(NamedTuple):
    """Whom the bridge lets in, by a key or a token.

    Attributes:
        place: Of its table.
        realm: None for that of the bridge.
    """

    place: Node
    role: str
    realm: str | None = None


class BridgeTable(NamedTuple):
    """The bridge of a file.

    Attributes:
        place: Of its table.
    """

    bridge: Bridge
    place: Node
    users: list[BridgeUser]


def read_bridge(node: Node) -> BridgeTable:
    """Where the bridge is, whom it lets in, and what it may cost."""
    users: list[BridgeUser] = []
    readers: dict[str, Read] = {
        "keys": partial(_read_keys, users=users),
        "tokens": partial(_read_tokens, users=users),
    }
    given = Table(options_of(Bridge), readers=readers).given(node)
    return BridgeTable(make(node, Bridge, given), node, users)


def all_known(table: BridgeTable, realms: Mapping[str, Any]) -> bool:
    """Report realms that are not open, and roles that could do nothing.

    Args:
        realms: Those of the file, by name; as TOML has them.

    Returns:
        Whether there are none.
    """
    own = table.bridge.realm
    known = own is None or _is_open(table.place, own, realms)
    if own is None:
        own = next(iter(realms))
    for place, role, realm in table.users:
        if realm is not None:
            known &= _is_open(place, realm, realms)
        roles = written_roles(realms.get(realm or own))
        if roles and role not in roles:
            known = False
            place.of("role").note(
                f"the realm {quoted(realm or own)} has no role {quoted(role)}; "
                f"{did_you_mean(role, roles)}"
            )
    return known


def _is_open(place: Node, name: str, realms: Mapping[str, Any]) -> bool:
    if name in realms:
        return True
    place.of("realm").note(
        f"there is no realm {quoted(name)}; {did_you_mean(name, realms)}"
    )
    return False


# Who signs requests: [bridge.keys.NAME]


def _read_keys(node: Node, users: list[BridgeUser]) -> dict[str, BridgeKey]:
    keys: dict[str, Any] = node.expect(dict, "a table for each key, [bridge.keys.NAME]")
    read = usable(_read_key, map(node.of, keys))
    users += [BridgeUser(place, key.role, key.realm) for place, key in read]
    return {str(place.path[-1]): key for place, key in read}


def _read_key(node: Node) -> tuple[Node, BridgeKey]:
    refuse_parts_of_name(node, _KEY_OPTIONS, what="key")
    given = _KEY.given(node)
    try:
        check_key_id("ID", str(node.path[-1]))
    except ValueError as error:
        node.refuse(str(error).removeprefix("ID: "))
    return node, make(node, BridgeKey, given)


_KEY_OPTIONS = options_of(BridgeKey)
_KEY = Table(_KEY_OPTIONS, readers={"secret": text}, secrets=("secret",))


# Who has a bearer token: [[bridge.tokens]]


class _Token(NamedTuple):
    """A token, and whose it is."""

    token: str
    owner: str | Identity
    role: str


def _read_tokens(node: Node, users: list[BridgeUser]) -> dict[str, str | Identity]:
    owners: dict[str, str | Identity] = {}
    for place, written, (token, owner, role) in list_of(node, _read_token):
        if token in owners:
            place.of(written).note("this token has an owner already")
        owners[token] = owner
        users.append(BridgeUser(place, role))
    return owners


def _read_token(node: Node) -> tuple[Node, str, _Token]:
    given = _TOKEN.given(node)
    token = make(node, _token, given)
    return node, given.written["token"], token


def _token(
    token: str,
    role: str,
    *,
    authid: str | None = None,
    provider: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> _Token:
    """A token; the options are those that users have elsewhere in the file."""
    if authid is not None:
        identity = Identity(authid, role, provider or "static", extra or {})
        return _Token(token, identity, role)
    for name, value in (("provider", provider), ("extra", extra)):
        if value is not None:
            raise ValueError(f"{name}: give an authid, too; without one it is not used")
    return _Token(token, role, role)


_TOKEN = Table(options_of(_token), readers={"token": text}, secrets=("token",))
