"""The static rules of roles.

For each role and action there is one dict of answers by pattern. A missing answer is
computed from the rules and kept, so the next one takes a single look-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.protocol.uris import Match, fits
from wsocket.wamp.session.grant import (
    ACTIONS,
    DENIED,
    Action,
    Ask,
    Grant,
    Verdict,
)
from wsocket.wamp.session.role_grants import Grants, RoleGrants


class _Ruled(Grants):
    """The rules of a role, for one action."""

    def __init__(
        self,
        permissions: Iterable[Permission],
        action: Action,
        *,
        role: Role,
        asks: bool,
    ) -> None:
        super().__init__()
        # The rule that decides comes first: the longest URI; of the same length, an
        # exact URI before a pattern; else in the order of the configuration.
        self._permissions = sorted(
            permissions, key=lambda each: (-len(each.uri), each.match != "exact")
        )
        self._action = action
        self._asks = asks
        self._trustlevel = role.trustlevel

    def decide(self, uri: str, match: Match) -> Verdict:
        # More specific rules may be about some of the URIs that a pattern fits. If one
        # of them denies, the pattern is denied. Else, if one leaves the decision to the
        # authorizer, it is asked about the whole pattern.
        asking: list[Permission] = []
        for rule in self._permissions:
            covering = covers(rule, uri, match)
            if not covering and not overlaps(rule, uri, match):
                continue
            verdict = self._verdict(rule)
            if isinstance(verdict, Ask):
                asking.append(rule)
            elif not verdict.allowed:
                return verdict if covering else DENIED
            if covering:
                return _ask(asking) if asking else verdict
        return _ask(asking) if self._asks else DENIED

    def _verdict(self, rule: Permission) -> Verdict:
        """What *rule* says about the URIs that it covers."""
        if rule.allow is None:
            return Ask() if self._asks else DENIED
        return Grant(self._action in rule.allow, rule.disclose, self._trustlevel)


def _ask(rules: Sequence[Permission]) -> Ask:
    """The question for the authorizer; the first of *rules* is the most specific."""
    cache = all(rule.cache for rule in rules)
    return Ask(cache, rules[0].disclose) if rules else Ask()


class _Nothing(Grants):
    def __init__(self, *, asks: bool) -> None:
        super().__init__()
        self._answer: Verdict = Ask() if asks else DENIED

    def decide(self, uri: str, match: Match) -> Verdict:
        return self._answer


def compile_roles(roles: Iterable[Role], *, asks: bool) -> dict[str, RoleGrants]:
    """The grants of each role, by its name.

    Args:
        asks: Whether an authorizer decides where no rule does.
    """
    return {
        role.name: {
            action: _Ruled(role.permissions, action, role=role, asks=asks)
            for action in ACTIONS
        }
        for role in roles
    }


def unknown_role(*, asks: bool) -> RoleGrants:
    """The grants of a role that is not configured."""
    return {action: _Nothing(asks=asks) for action in ACTIONS}


def covers(permission: Permission, uri: str, match: Match) -> bool:
    """Whether *permission* is about every URI that (*uri*, *match*) fits."""
    if match == "exact":
        return fits(uri, permission.uri, permission.match)
    if match == "prefix":
        return permission.match == "prefix" and uri.startswith(permission.uri)
    if permission.match == "prefix":
        return _literal_start(uri).startswith(permission.uri)
    if permission.match == "wildcard":
        # An empty component of the request is only covered by an empty component.
        return fits(uri, permission.uri, "wildcard")
    return "" not in uri.split(".") and uri == permission.uri


def overlaps(permission: Permission, uri: str, match: Match) -> bool:
    """Whether *permission* and (*uri*, *match*) may fit a common URI.

    If two patterns are hard to compare, the answer is yes.
    """
    if match == "exact":
        return fits(uri, permission.uri, permission.match)
    if permission.match == "exact":
        return fits(permission.uri, uri, match)
    ours, theirs = permission.uri, uri
    if permission.match == "wildcard" and match == "wildcard":
        mine, wanted = ours.split("."), theirs.split(".")
        return len(mine) == len(wanted) and all(
            not left or not right or left == right
            for left, right in zip(mine, wanted, strict=True)
        )
    if permission.match == "wildcard":
        ours = _literal_start(ours)
    if match == "wildcard":
        theirs = _literal_start(theirs)
    return ours.startswith(theirs) or theirs.startswith(ours)


def _literal_start(wildcard: str) -> str:
    """The text with which every URI begins that *wildcard* fits."""
    components = wildcard.split(".")
    if "" not in components:
        return wildcard
    first = components.index("")
    return "".join(f"{component}." for component in components[:first])
