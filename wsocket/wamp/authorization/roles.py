"""Roles and their permissions, as the application configures them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from wsocket.core.checks import (
    check_bool,
    check_choice,
    check_list,
    check_number,
)
from wsocket.core.keywords import checks_fields
from wsocket.wamp.authorization.stars import refuse_stars
from wsocket.wamp.protocol.uris import MATCHES, Match, UriRules
from wsocket.wamp.session.grant import ACTIONS, Action, Disclosure


@checks_fields
@dataclass(frozen=True)
class Permission:
    """What a role may do with the URIs that a pattern fits.

    Args:
        uri: A URI or a pattern. It has no default.
        match: How *uri* is compared: ``"exact"``, the default, ``"prefix"`` or
            ``"wildcard"`` (Advanced Profile, "Pattern-based Subscription").
        allow: Actions: ``call``, ``register``, ``publish``, ``subscribe``. Actions that
            are not listed are denied, so ``()``, the default, denies all. None leaves
            the decision to the realm's authorizer; without an authorizer, everything is
            denied (Advanced Profile, "Authorization").
        disclose: Whether the session's identity is disclosed to callees and
            subscribers: if it asks for that (``"allow"``, the default), always
            (``"force"``), never (``"deny"``). With ``allow=None``, this is used for
            answers of the authorizer that do not say it (Advanced Profile, "Caller
            Identification", "Publisher Identification").
        cache: With ``allow=None``: whether the authorizer's answers for these URIs may
            be kept for `Realm.authorizer_ttl`; True by default.

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    uri: str
    match: Match = "exact"
    allow: Sequence[Action] | None = ()
    disclose: Disclosure = "allow"
    cache: bool = True

    def __post_init__(self) -> None:
        check_pattern("Permission", self.uri, self.match)
        check_list("Permission.allow", () if self.allow is None else self.allow)
        for action in self.allow or ():
            check_choice("Permission.allow", action, ACTIONS)
        check_choice("Permission.disclose", self.disclose, get_args(Disclosure))
        check_bool("Permission.cache", self.cache)


@checks_fields
@dataclass(frozen=True)
class Role:
    """What the sessions of one authrole may do. Everything else is denied.

    Args:
        name: The authrole, as logins give it. It has no default (Basic Profile,
            "WELCOME").
        permissions: Rules; the longest pattern that fits a URI decides. ``()``, the
            default, allows nothing (Advanced Profile, "Authorization").
        trustlevel: An integer, 0 at least, that is sent to callees and subscribers
            which announced trust levels; None, the default, sends none (Advanced
            Profile, "Call Trust Levels", "Publication Trust Levels").

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    name: str
    permissions: Sequence[Permission] = ()
    trustlevel: int | None = None

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise ValueError(
                f"Role.name: expected a non-empty string, got {self.name!r}"
            )
        check_list("Role.permissions", self.permissions, kind=Permission)
        if self.trustlevel is not None:
            check_number("Role.trustlevel", self.trustlevel, least=0)


def check_pattern(name: str, uri: object, match: Match) -> None:
    """Accept a valid URI or pattern; raises TypeError or ValueError."""
    rules = UriRules()
    check_choice(f"{name}.match", match, MATCHES)
    if not isinstance(uri, str):
        raise TypeError(f"{name}.uri: expected a string, got {uri!r}")
    if not rules.valid(uri, match):
        raise ValueError(f"{name}.uri: {rules.problem(uri, match)}")
    if "*" in uri:
        refuse_stars(f"{name}.uri", uri, match)
