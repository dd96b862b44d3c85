"""Ways to log in: the tables ``[[realms.NAME.auth]]``, with their users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, NamedTuple

from wsocket.standalone.nodes import Node, Read, Unusable, came, did_you_mean
from wsocket.standalone.options import options_of
from wsocket.standalone.tables import Table, make
from wsocket.standalone.values import list_of, text
from wsocket.wamp import auth
from wsocket.wamp.auth.base import Authenticator, check_authid
from wsocket.wamp.auth.encodings import from_hex

# The users are read here; the other is made of them.
_NOT_OPTIONS = ("users", "keys", "decoy")

ANONYMOUS: str = options_of(auth.Anonymous)["role"].default
"""The role of anonymous clients, if the file says no other."""

_KEY_LENGTH = 32  # bytes of a public key of Ed25519


class Entrance(NamedTuple):
    """A way to log in.

    Attributes:
        place: Of its table.
        roles: The roles that its clients get, each with its place.
    """

    authenticator: Authenticator
    place: Node
    roles: list[tuple[str, Node]]


class User(NamedTuple):
    """A user of one method.

    Attributes:
        place: Of its table.
        principal: Such as a `TicketUser`.
        keys: Public keys, in lower case; only those of cryptosign have some.
    """

    place: Node
    authid: str
    principal: Any
    keys: tuple[str, ...] = ()


def read_logins(node: Node) -> list[Entrance]:
    """The ways into a realm, in the order of the file."""
    logins = list_of(node, _read_login)
    known: set[str] = set()
    for login in logins:
        if (name := login.authenticator.method) in known:
            login.place.note(f"there is {name} already: give it all the users")
        known.add(name)
    if not node.value:
        node.note("nobody could enter: give at least one method")
    if not logins:
        raise Unusable
    return logins


def _read_login(node: Node) -> Entrance:
    given = node.expect(dict, "a table").get("method")
    if given is None:
        node.refuse(f"method is missing; expected one of {', '.join(METHODS)}")
    place = node.of("method")
    name = place.expect(str, f"one of {', '.join(METHODS)}")
    if name not in METHODS:
        place.refuse(f"got {came(name)}; {did_you_mean(name, METHODS)}")
    return METHODS[name](node)


def _anonymous(node: Node) -> Entrance:
    given = Table(options_of(auth.Anonymous), readers={"method": text}).given(node)
    del given.values["method"]
    role = given.values.get("role", ANONYMOUS)
    place = node.of("role" if "role" in node.value else "method")
    roles = [] if "role" in given.unusable else [(role, place)]
    return Entrance(make(node, auth.Anonymous, given), node, roles)


def _ticket(node: Node) -> Entrance:
    table = _user_table(auth.TicketUser, secrets=("ticket",))
    return _with_users(node, auth.Ticket, partial(_user, table, auth.TicketUser))


def _wampcra(node: Node) -> Entrance:
    table = _user_table(auth.WampCraUser, secrets=("secret",))
    return _with_users(node, auth.WampCra, partial(_user, table, auth.WampCraUser))


def _scram(node: Node) -> Entrance:
    by_password = auth.ScramUser.from_password
    keys = ("stored_key", "server_key")
    tables = {
        by_password: _user_table(by_password, secrets=("password",)),
        auth.ScramUser: _user_table(auth.ScramUser, secrets=keys),
    }

    def read(user: Node) -> User:
        options = user.expect(dict, "a table")
        has_keys = any(name.startswith(keys) for name in options)
        kind = auth.ScramUser if has_keys else by_password
        return _user(tables[kind], kind, user)

    return _with_users(node, auth.Scram, read)


def _cryptosign(node: Node) -> Entrance:
    try:
        kind, user_kind = auth.Cryptosign, auth.CryptosignUser
    except ImportError as error:
        node.of("method").refuse(str(error))
    table = _user_table(user_kind, readers={"public_keys": _public_keys})

    def read(user: Node) -> User:
        given = table.given(user)
        table.require(user, given, ("public_keys",))
        keys = tuple(given.values.pop("public_keys"))
        principal = make(user, user_kind, given)
        return User(user, principal.authid, principal, keys)

    return _with_users(node, kind, read, _by_key)


METHODS: dict[str, Callable[[Node], Entrance]] = {
    "anonymous": _anonymous,
    "ticket": _ticket,
    "wampcra": _wampcra,
    "wamp-scram": _scram,
    "cryptosign": _cryptosign,
}


def _by_authid(users: list[User]) -> dict[str, Any]:
    return {user.authid: user.principal for user in users}


def _by_key(users: list[User]) -> dict[str, Any]:
    table: dict[str, list[Any]] = {}
    for user in users:
        for key in user.keys:
            table.setdefault(key, []).append(user.principal)
    return table


def _with_users(
    node: Node,
    kind: Callable[..., Authenticator],
    read_user: Callable[[Node], User],
    arrange: Callable[[list[User]], dict[str, Any]] = _by_authid,
) -> Entrance:
    """Read a method whose users stand in the file.

    Args:
        arrange: Makes of the users the first argument of *kind*.
    """
    options = options_of(kind, leave_out=_NOT_OPTIONS)
    table = Table(
        options,
        readers={"method": text, "users": lambda users: _users(users, read_user)},
        secrets=[name for name in options if name in ("router_key", "decoy_key")],
    )
    given = table.given(node)
    table.require(node, given, ("users",))
    del given.values["method"]
    users: list[User] = given.values.pop("users")
    _report_twins(users)
    authenticator = make(node, partial(kind, arrange(users)), given)
    roles = [(user.principal.role, user.place.of("role")) for user in users]
    return Entrance(authenticator, node, roles)


def _users(node: Node, read: Callable[[Node], User]) -> list[User]:
    if node.value == []:
        node.refuse("nobody could log in: give at least one user")
    return list_of(node, read)


def _report_twins(users: list[User]) -> None:
    """Report users with the authid of another one."""
    known: set[str] = set()
    for user in users:
        if user.authid in known:
            user.place.of("authid").note("another user has this authid")
        known.add(user.authid)


def _user_table(
    kind: Callable[..., Any],
    *,
    secrets: Collection[str] = (),
    readers: Mapping[str, Read] | None = None,
) -> Table:
    """The table of a user, with the authid that `_user` takes away."""
    options = options_of(kind)
    own = {"authid": _authid, **(readers or {})}
    return Table(options, readers=own, secrets=secrets)


def _user(table: Table, kind: Callable[..., Any], node: Node) -> User:
    given = table.given(node)
    table.require(node, given, ("authid",))
    authid = given.values.pop("authid")
    return User(node, authid, make(node, kind, given))


def _authid(node: Node) -> str:
    authid = text(node)
    try:
        check_authid("authid", authid)
    except ValueError as error:
        node.refuse(str(error).removeprefix("authid: "))
    return authid


def _public_keys(node: Node) -> list[str]:
    return list_of(node, _public_key)


def _public_key(node: Node) -> str:
    octets = from_hex(text(node), length=_KEY_LENGTH)
    if octets is None:
        node.refuse(
            f"expected a public key as 64 hex characters, got {came(node.value)}"
        )
    return octets.hex()
