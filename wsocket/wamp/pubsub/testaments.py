"""Testaments: events that are published when the session that left them ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import PublishOptions
from wsocket.wamp.protocol.errors import Refusal, too_many, too_much
from wsocket.wamp.protocol.publish_lists import lists_size
from wsocket.wamp.pubsub.publication import texts_size
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.session import Session

Scope = Literal["destroyed", "detached"]

# There is no session resumption: a session is detached, and destroyed right after it.
SCOPES: tuple[Scope, ...] = ("detached", "destroyed")


class Testament(NamedTuple):
    """An event to be published; it was authorized when it was added."""

    topic: str
    payload: Payload
    options: PublishOptions
    grant: Grant

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes; an estimate."""
        options = self.options
        rest = texts_size(options.passthru()) + lists_size(options)
        return len(self.topic) + self.payload.size + rest


class Testaments:
    """The testaments of one realm ("Testament").

    Args:
        limit: How many one session may have.
        limit_bytes: Size of all testaments of one session.
    """

    def __init__(self, *, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._held: dict[Session, dict[Scope, list[Testament]]] = {}

    @property
    def holders(self) -> Collection[Session]:
        """The sessions that have added a testament."""
        return self._held.keys()

    def count(self, session: Session) -> int:
        """How many testaments *session* has."""
        return sum(map(len, self._held.get(session, {}).values()))

    def add(
        self, session: Session, scope: Scope, testament: Testament
    ) -> Refusal | None:
        """Add a testament, or return why it would exceed a limit of the session."""
        scopes = self._held.get(session) or {each: [] for each in SCOPES}
        held = [each for testaments in scopes.values() for each in testaments]
        if len(held) >= self._limit:
            return too_many("testaments", self._limit)
        size = testament.size + sum(each.size for each in held)
        if size > self._limit_bytes:
            problem = (
                f"limit of {self._limit_bytes} bytes of testaments per session "
                f"exceeded: {size} bytes"
            )
            return Refusal(errors.NOT_AUTHORIZED, problem)
        lacking = session.budget.take(testament.size)
        if lacking is not None:
            return too_much("this testament", lacking)
        scopes[scope].append(testament)
        self._held[session] = scopes
        return None

    def flush(self, session: Session, scope: Scope) -> int:
        """Drop the testaments of one scope; returns their number."""
        scopes = self._held.get(session)
        if scopes is None:
            return 0
        testaments = scopes[scope]
        session.budget.give_back(sum(each.size for each in testaments))
        scopes[scope] = []
        return len(testaments)

    def take(self, session: Session) -> Iterator[Testament]:
        """Remove and return the testaments of a session that ends, in their order."""
        scopes = self._held.pop(session, {})
        for scope in SCOPES:
            for testament in scopes.get(scope, ()):
                session.budget.give_back(testament.size)
                yield testament
