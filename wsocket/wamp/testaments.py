"""Testaments: events that a session leaves behind, published when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from wsocket.wamp.grants import Grant
from wsocket.wamp.messages import PublishOptions
from wsocket.wamp.serializers import Payload
from wsocket.wamp.session import Session

Scope = Literal["destroyed", "detached"]

# Without session resumption a session is detached and destroyed at once, in this order.
SCOPES: tuple[Scope, ...] = ("detached", "destroyed")


class Testament(NamedTuple):
    """What will be published, authorized when it was added."""

    topic: str
    payload: Payload
    options: PublishOptions
    grant: Grant


class Testaments:
    """The testaments of one realm ("Testament").

    Args:
        limit: How many one session may have.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._held: dict[Session, dict[Scope, list[Testament]]] = {}

    def add(self, session: Session, scope: Scope, testament: Testament) -> bool:
        """Add a testament; False when the session has as many as it may have."""
        scopes = self._held.setdefault(session, {each: [] for each in SCOPES})
        if sum(map(len, scopes.values())) >= self._limit:
            return False
        scopes[scope].append(testament)
        return True

    def flush(self, session: Session, scope: Scope) -> int:
        """Drop the testaments of one scope; return how many there were."""
        scopes = self._held.get(session)
        if scopes is None:
            return 0
        count = len(scopes[scope])
        scopes[scope].clear()
        return count

    def take(self, session: Session) -> Iterator[Testament]:
        """Take all testaments of a session that ends, in the order of publication."""
        scopes = self._held.pop(session, None)
        if scopes is not None:
            for scope in SCOPES:
                yield from scopes[scope]
