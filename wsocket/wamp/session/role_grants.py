"""The grants of one role, by action and URI."""

from __future__ import annotations

from wsocket.wamp.protocol.caching import MAX_URI, keep
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.session.grant import (
    ACTIONS,
    OPEN,
    Action,
    Verdict,
)

Asked = str | tuple[str, Match]
"""The key of `Grants`: a URI, or (uri, match) of a pattern."""


class Grants(dict[Asked, Verdict]):
    """The grants of one role for one action; a missing one is computed and kept."""

    def __missing__(self, key: Asked) -> Verdict:
        pattern: tuple[str, Match] = (key, "exact") if isinstance(key, str) else key
        uri, match = pattern
        verdict = self.decide(uri, match)
        if len(uri) <= MAX_URI:
            keep(self, key, verdict)
        return verdict

    def decide(self, uri: str, match: Match) -> Verdict:
        """Compute the answer."""
        raise NotImplementedError


def asked(uri: str, match: Match) -> Asked:
    """The key of `Grants`."""
    return uri if match == "exact" else (uri, match)


class _Everything(Grants):
    def decide(self, uri: str, match: Match) -> Verdict:
        return OPEN


RoleGrants = dict[Action, Grants]

OPEN_GRANTS: RoleGrants = {action: _Everything() for action in ACTIONS}
