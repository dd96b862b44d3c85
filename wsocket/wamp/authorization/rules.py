"""Who may do what: the static rules of roles.

Rules are compiled per role into one dict for each action, which answers for a pattern
it has seen before in one look-up, and computes the answer when it is missing."""

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
        # The deciding one first: the longest; an exact one before a pattern; of two
        # such patterns, the one that was given first.
        self._permissions = sorted(
            permissions, key=lambda each: (-len(each.uri), each.match != "exact")
        )
        self._action = action
        self._asks = asks
        self._trustlevel = role.trustlevel

    def decide(self, uri: str, match: Match) -> Verdict:
        # Of the URIs that a pattern stands for, longer rules may have left some to the
        # authorizer: then it is asked about all of them, if no other rule denies any.
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
        """What *rule* says of what it covers."""
        if rule.allow is None:
            return Ask() if self._asks else DENIED
        return Grant(self._action in rule.allow, rule.disclose, self._trustlevel)


def _ask(rules: Sequence[Permission]) -> Ask:
    """The question that *rules* leave to the authorizer, the deciding one first."""
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
        asks: Whether there is an authorizer for what no rule decides.
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
    """Whether *permission* is about every URI that (*uri*, *match*) stands for."""
    if match == "exact":
        return fits(uri, permission.uri, permission.match)
    if match == "prefix":
        return permission.match == "prefix" and uri.startswith(permission.uri)
    if permission.match == "prefix":
        return _literal_start(uri).startswith(permission.uri)
    if permission.match == "wildcard":
        # An empty component of the request is covered by an empty one only.
        return fits(uri, permission.uri, "wildcard")
    return "" not in uri.split(".") and uri == permission.uri


def overlaps(permission: Permission, uri: str, match: Match) -> bool:
    """Whether some URI may be meant both by *permission* and by (*uri*, *match*).

    Where two patterns are hard to compare, the answer is yes.
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
    """What every URI begins with that fits *wildcard*."""
    components = wildcard.split(".")
    if "" not in components:
        return wildcard
    first = components.index("")
    return "".join(f"{component}." for component in components[:first])
