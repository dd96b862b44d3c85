"""The configuration of a router: typed objects, checked when they are made.

A mistake raises `ValueError` or `TypeError` at once, with a message that names the
field.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from wsocket.core.checks import (
    check_bool,
    check_list,
    check_number,
    check_seconds,
)
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


@dataclass(frozen=True)
class Remember:
    """Topics whose events are kept ("Event History").

    Args:
        limit: How many events are kept; for a new one the oldest is dropped. Whoever
            reads them has the router look at all, a microsecond each.
        limit_bytes: How many bytes these events may have together.
    """

    uri: str
    match: Match = "exact"
    limit: int = 100
    limit_bytes: int = 8 * 2**20

    def __post_init__(self) -> None:
        check_pattern("Remember", self.uri, self.match)
        check_number("Remember.limit", self.limit, least=1)
        check_number("Remember.limit_bytes", self.limit_bytes, least=1)


@dataclass(frozen=True)
class Realm:
    """A realm: who may enter, and what they may do there.

    Args:
        roles: Without roles, everybody may do everything. With roles, a session whose
            authrole is not one of them may do nothing.
        auth: Ways to log in, the preferred one first.
        login_delay: Seconds from a failed login to its answer.
        authorizer: Decides if no permission does: a function, or the URI of a WAMP
            procedure. The procedure gets ``(session, uri, action, options)`` and
            returns a bool, or a dict with ``allow``, ``disclose``, ``cache``.
        authorizer_ttl: Seconds for which its answers are kept; 0 keeps none.
        authorizer_timeout: Seconds to wait for its answer; then the request is refused
            with ``wamp.error.authorization_failed``.
        history: Topics whose events are kept.
        retained_topics: How many topics may have a retained event.
        retained_bytes: How many bytes retained payloads may have together.
        testaments: How many testaments one session may have.
        testament_bytes: How many bytes they may have together.
        subscriptions: How many subscriptions one session may have.
        pattern_subscriptions: How many of them may be prefixes and wildcards. One event
            can fit all of these, and costs an EVENT for each.
        registrations: How many registrations one session may have.
        calls: How many calls of one session may be under way. The application's own
            session has none of these last four limits.
        strict_uris: Only lower-case letters, digits and _ in URIs.
        strict_request_ids: Requests must be numbered 1, 2, 3, ... autobahn.js can
            leave gaps.
        strict_progressive_results: Ask a callee for progressive results only if it
            announced ``call_canceling`` too, as the specification demands. autobahn.js
            does not announce that.
        compat_autobahn_js: Do not answer CANCEL, except in mode ``kill``: autobahn.js
            closes its connection when it gets the ERROR for a canceled call.
    """

    name: str
    roles: Sequence[Role] = ()
    auth: Sequence[Authenticator] = field(default_factory=lambda: (Anonymous(),))
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
        self._check_authorizer()
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

    def _check_authorizer(self) -> None:
        authorizer = self.authorizer
        if isinstance(authorizer, str):
            if not UriRules().valid(authorizer) or reserved(authorizer):
                raise ValueError(
                    f"Realm.authorizer: nobody can register a procedure {authorizer!r}"
                )
        elif authorizer is not None:
            if not callable(authorizer):
                raise TypeError(
                    f"Realm.authorizer: expected a function or URI, got {authorizer!r}"
                )
            if inspect.iscoroutinefunction(authorizer):
                raise TypeError(
                    "Realm.authorizer: expected a plain function, got an async one"
                )
