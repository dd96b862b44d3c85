"""The sessions of one realm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsocket.wamp.protocol.ids import RandomBelow, random_id
from wsocket.wamp.session.session import Session


class Members:
    """The sessions of one realm.

    Attributes:
        by_id: The sessions that have joined, by session ID.
        trusted: The sessions of the application and of the router itself. They may do
            everything, and no client can end them.
    """

    def __init__(self, random_below: RandomBelow) -> None:
        self._random_below = random_below
        self.by_id: dict[int, Session] = {}
        self.trusted: set[Session] = set()

    def new_id(self) -> int:
        """A session ID that no member has."""
        while True:
            candidate = random_id(self._random_below)
            if candidate not in self.by_id:
                return candidate

    def add(self, session: Session) -> None:
        """Add a session whose ID is settled."""
        self.by_id[session.id] = session

    def remove(self, session: Session) -> None:
        """Remove a session that is a member."""
        del self.by_id[session.id]
        self.trusted.discard(session)

    def closing(
        self,
        ids: Iterable[int],
        reason: str,
        message: str | None = None,
        *,
        silent: bool = False,
    ) -> Iterator[None]:
        """Close these sessions, one with each step; see `Session.close`.

        Some may leave meanwhile, and their clients may begin other sessions.
        """
        for session_id in ids:
            session = self.by_id.get(session_id)
            if session is not None:
                session.close(reason, message, silent=silent)
            yield
