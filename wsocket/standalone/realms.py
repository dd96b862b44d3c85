"""Realms: the tables ``[realms.NAME]``."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from wsocket.standalone.logins import ANONYMOUS, Entrance, read_logins
from wsocket.standalone.nodes import Node, Read, came, did_you_mean, usable
from wsocket.standalone.options import options_of
from wsocket.standalone.problems import quoted, shown_path
from wsocket.standalone.tables import (
    Given,
    Table,
    make,
    object_reader,
    readers_of,
    without_name,
)
from wsocket.standalone.values import list_of, text
from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.router.config import Realm, Remember

LEAVE_TO_AUTHORIZER = "authorizer"
"""The value of ``allow`` that stands for `Permission(allow=None)`."""


_REALM_OPTIONS = options_of(Realm, leave_out=("name",))


def read_realms(node: Node) -> list[Realm]:
    """All realms of a file, by the names of their tables."""
    realms: dict[str, Any] = node.expect(dict, "a table for each realm")
    if not realms:
        node.refuse("there is no realm; [realms.realm1] opens one")
    return usable(_read_realm, map(node.of, realms))


def _read_realm(node: Node) -> Realm:
    logins: list[Entrance] = []

    def read_auth(auth: Node) -> list[Any]:
        logins.extend(read_logins(auth))
        return [login.authenticator for login in logins]

    table = Table(_REALM_OPTIONS, readers={**_PARTS, "auth": read_auth})
    refuse_parts_of_name(node, _REALM_OPTIONS, what="realm")
    given = table.given(node)
    _report_roles(node, given, logins)
    if node.report.problems:
        # The realm is not served, and need not say once more that nobody has a role:
        # with an authorizer such a role is useful.
        given.values.setdefault("authorizer", "com.example.authorize")
    return make(node, partial(Realm, _name(node)), given)


def _name(node: Node) -> str:
    """The name of a realm; that of another one if it is invalid."""
    name = str(node.path[-1])
    try:
        return Realm(name).name
    except ValueError as error:
        node.note(without_name(str(error), "name"))
        return "realm1"


def refuse_parts_of_name(node: Node, options: Collection[str], *, what: str) -> None:
    """Refuse what is read as a table in a table whose name has dots.

    Args:
        options: Of the table.
        what: Has that name.

    Raises:
        Unusable: There is such a table.
    """
    parts = node.value if isinstance(node.value, dict) else {}
    for key, value in parts.items():
        if isinstance(value, dict) and key not in options:
            above, name = node.path[:-1], quoted(f"{node.path[-1]}.{key}")
            node.of(key).refuse(
                f"unknown table; if it is the name of the {what} that has dots, put "
                f"the name in quotes: [{shown_path(above)}.{name}]"
            )


def written_roles(realm: object) -> list[str] | None:
    """The roles of a realm as the file has them; None if others can do something, too.

    Args:
        realm: Its table, as TOML has it.
    """
    if not isinstance(realm, dict) or "authorizer" in realm:
        return None
    roles = realm.get("roles")
    if not isinstance(roles, list):
        return None
    return [str(role.get("name")) for role in roles if isinstance(role, dict)]


def _report_roles(node: Node, given: Given, logins: list[Entrance]) -> None:
    """Report users whose role is none of the realm's: they could do nothing."""
    names = written_roles(node.value)
    if names is None or not given.values.get("roles"):
        return
    if "auth" not in node.value and ANONYMOUS not in names:
        node.of("roles").note(
            f'nobody has one of these roles: without auth all have "{ANONYMOUS}"'
        )
    for role, place in (each for login in logins for each in login.roles):
        if role not in names:
            advice = did_you_mean(role, names)
            place.note(f"this realm has no role {quoted(role)}; {advice}")


def _tables(read: Read) -> Read:
    """A reader of lists of tables."""
    return lambda node: list_of(node, read)


def _allow(node: Node) -> list[str] | None:
    """The actions of a permission; None if the authorizer decides."""
    if node.value == LEAVE_TO_AUTHORIZER:
        return None
    if isinstance(node.value, str):
        node.refuse(
            'expected a list, such as ["call"], or "authorizer" to leave the decision '
            f"to it, got {came(node.value)}"
        )
    actions: list[str] = _ACTIONS(node)
    return actions


_ACTIONS = readers_of(options_of(Permission))["allow"]
_PERMISSION = object_reader(Permission, {"allow": _allow})
_PARTS: dict[str, Read] = {
    "authorizer": text,  # a function cannot stand in a file
    "roles": _tables(object_reader(Role, {"permissions": _tables(_PERMISSION)})),
    "history": _tables(object_reader(Remember)),
}
