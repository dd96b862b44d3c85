"""The configuration of a router: typed objects, checked when they are made.

A mistake raises `ValueError` or `TypeError` at once, with a message that names the
field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wsocket.core.checks import (
    check_bool,
    check_callable,
    check_list,
    check_number,
    check_seconds,
    closest,
)
from wsocket.core.keywords import checks_fields
from wsocket.wamp.auth.anonymous import Anonymous
from wsocket.wamp.auth.base import Authenticator
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.authorization.roles import Role, check_pattern
from wsocket.wamp.protocol.uris import Match, UriRules, reserved

# Fields of `Realm` by kind: numbers, booleans, and seconds with their least value.
_NUMBERS = (
    "retained_topics",
    "retained_bytes",
    "testaments",
    "testament_bytes",
    "subscriptions",
    "pattern_subscriptions",
    "registrations",
    "calls",
)
_SWITCHES = (
    "strict_uris",
    "strict_request_ids",
    "strict_progressive_results",
    "compat_autobahn_js",
)
_SECONDS = {"authorizer_ttl": 0.0, "authorizer_timeout": 0.001, "login_delay": 0.0}

# Names of realms that autobahn's clients accept.
_REALM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_\-@.]{2,254}")


@checks_fields
@dataclass(frozen=True)
class Remember:
    """Topics whose events are kept (Advanced Profile, "Event History").

    Args:
        uri: A topic, or a pattern of topics. It has no default.
        match: How *uri* is compared: ``"exact"``, the default, ``"prefix"`` or
            ``"wildcard"`` (Advanced Profile, "Pattern-based Subscription").
        limit: How many events are kept, 100 by default; for a new one the oldest is
            dropped. Whoever reads them has the router look at all, a microsecond each.
        limit_bytes: How many bytes these events may have together; 8 MiB by default.

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    uri: str
    match: Match = "exact"
    limit: int = 100
    limit_bytes: int = 8 * 2**20

    def __post_init__(self) -> None:
        check_pattern("Remember", self.uri, self.match)
        check_number("Remember.limit", self.limit, least=1)
        check_number("Remember.limit_bytes", self.limit_bytes, least=1)


ANYBODY: Final = (Anonymous(),)
"""How clients log in where a realm does not say."""


@checks_fields
@dataclass(frozen=True)
class Realm:
    """A realm: who may enter, and what they may do there.

    The specification leaves most of this to routers; where it has a section, that is
    named.

    Args:
        name: 3 to 255 letters, digits, ``_``, ``-``, ``@`` or ``.``, the first a
            letter; it has no default (Basic Profile, "URIs").
        roles: What sessions may do, by authrole. Without roles, which is the default,
            ``()``, everybody may do everything. With roles, a session whose authrole is
            not one of them may do nothing (Advanced Profile, "Authorization").
        auth: Ways to log in, the preferred one first; ``[Anonymous()]`` by default
            (Advanced Profile, "Authentication").
        authorizer: Decides if no permission does: a function, or the URI of a WAMP
            procedure; None, the default, for nobody. The procedure gets ``(session,
            uri, action, options)`` and returns a bool, or a dict with ``allow``,
            ``disclose``, ``cache`` (Advanced Profile, "Authorization").
        authorizer_ttl: Seconds for which its answers are kept; 0.0, the default, keeps
            none.
        authorizer_timeout: Seconds to wait for its answer, 10.0 by default; then the
            request is refused with ``wamp.error.authorization_failed``.
        login_delay: Seconds from a failed login to its answer; 1.0 by default.
        history: Topics whose events are kept; ``()``, the default, for none (Advanced
            Profile, "Event History").
        retained_topics: How many topics may have a retained event; 10,000 by default
            (Advanced Profile, "Event Retention").
        retained_bytes: How many bytes retained payloads may have together; 64 MiB by
            default.
        testaments: How many testaments one session may have; 100 by default (Advanced
            Profile, "Session Testament").
        testament_bytes: How many bytes they may have together; 1 MiB by default.
        subscriptions: How many subscriptions one session may have; 10,000 by default.
        pattern_subscriptions: How many of them may be prefixes and wildcards; 1,000 by
            default. One event can fit all of these, and costs an EVENT for each.
        registrations: How many registrations one session may have; 10,000 by default.
        calls: How many calls of one session may be under way; 20,000 by default. The
            application's own session has none of these last four limits.
        strict_uris: Only lower-case letters, digits and _ in URIs; False by default
            (Basic Profile, "URIs").
        strict_request_ids: Requests must be numbered 1, 2, 3, ...; False by default,
            because autobahn.js can leave gaps (Basic Profile, "IDs").
        strict_progressive_results: Ask a callee for progressive results only if it
            announced ``call_canceling`` too, as the specification demands (Advanced
            Profile, "Progressive Call Results"); False by default, because autobahn.js
            does not announce that.
        compat_autobahn_js: Do not answer CANCEL, except in mode ``kill``: autobahn.js
            closes its connection when it gets the ERROR for a canceled call (Advanced
            Profile, "Call Canceling"); False by default.

    Raises:
        TypeError, ValueError: A field is invalid, or two of them do not go together.
    """

    name: str
    roles: Sequence[Role] = ()
    auth: Sequence[Authenticator] = ANYBODY
    authorizer: Authorizer | str | None = None
    authorizer_ttl: float = 0.0
    authorizer_timeout: float = 10.0
    login_delay: float = 1.0
    history: Sequence[Remember] = ()
    retained_topics: int = 10_000
    retained_bytes: int = 64 * 2**20
    testaments: int = 100
    testament_bytes: int = 2**20
    subscriptions: int = 10_000
    pattern_subscriptions: int = 1_000
    registrations: int = 10_000
    calls: int = 20_000
    strict_uris: bool = False
    strict_request_ids: bool = False
    strict_progressive_results: bool = False
    compat_autobahn_js: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _REALM_NAME.fullmatch(self.name):
            raise ValueError(
                "Realm.name: expected 3 to 255 letters, digits, _, -, @ or '.', "
                f"the first a letter, got {self.name!r}"
            )
        check_list("Realm.roles", self.roles, kind=Role)
        names = [role.name for role in self.roles]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"Realm.roles: there are two roles {name!r}")
        self._check_auth()
        check_authorizer("Realm.authorizer", self.authorizer)
        self._check_roles_of_logins()
        check_list("Realm.history", self.history, kind=Remember)
        for name in _NUMBERS:
            check_number(f"Realm.{name}", getattr(self, name), least=0)
        for name, least in _SECONDS.items():
            check_seconds(f"Realm.{name}", getattr(self, name), least=least)
        for name in _SWITCHES:
            check_bool(f"Realm.{name}", getattr(self, name))

    @property
    def is_open(self) -> bool:
        """Whether everybody who enters may do everything."""
        return not self.roles and self.authorizer is None

    def lacks(self, role: str) -> bool:
        """Whether no rule knows *role*, so that its sessions could do nothing.

        With an authorizer such a role is useful, and without roles every one is.
        """
        decides = bool(self.roles) and self.authorizer is None
        return decides and all(each.name != role for each in self.roles)

    def _check_auth(self) -> None:
        check_list("Realm.auth", self.auth)
        if not self.auth:
            raise ValueError("Realm.auth: nobody could enter; give at least one method")
        for each in self.auth:
            if isinstance(each, type) or not callable(getattr(each, "begin", None)):
                raise TypeError(
                    "Realm.auth: expected methods such as Anonymous() or Ticket(...), "
                    f"got {each!r}"
                )

    def _check_roles_of_logins(self) -> None:
        """Refuse a login that gives a role which no rule knows.

        Who has named no login has not named a wrong role either: nobody may do
        anything.
        """
        if self.auth is ANYBODY:
            return
        known = {role.name for role in self.roles}
        for method in self.auth:
            for role in sorted(filter(self.lacks, set(getattr(method, "roles", ())))):
                names = ", ".join(sorted(known))
                raise ValueError(
                    f"Realm.auth: {type(method).__name__} gives the role {role!r}, and "
                    f"Realm.roles has only {names}: its sessions could do nothing; "
                    f"add Role({role!r}, [...]){closest(role, known)}"
                )


def check_authorizer(name: str, authorizer: object) -> None:
    """Accept what decides for a realm: a function, a URI, or None.

    Raises:
        TypeError, ValueError: It is something else.
    """
    if isinstance(authorizer, str):
        if not UriRules().valid(authorizer) or reserved(authorizer):
            raise ValueError(
                f"{name}: nobody can register a procedure {authorizer!r:.100}"
            )
    elif authorizer is not None:
        check_callable(
            name,
            authorizer,
            expected="a function or URI",
            parameters=("request",),
        )
