"""How a session joins a realm whose client has proved who it is with its request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsocket.wamp.auth.base import Identity
from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Session


class ProvenGate:
    """The gatekeeper of one such session: like any client, but never challenged.

    Args:
        authmethod: How the client has proved it.
        now: Seconds of a clock that nobody sets.
    """

    def __init__(
        self, router: Router, identity: Identity, *, authmethod: str, now: float
    ) -> None:
        self._router = router
        self._identity = identity
        self._authmethod = authmethod
        self._now = now
        self.traffic = router.traffic

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer HELLO: WELCOME; ABORT if there is no such realm, or at the door."""
        address = session.environ.get("REMOTE_ADDR", "")
        refusal = self._router.door.knock(address, self._now)
        if refusal is not None:
            session.refuse(*refusal)
            return
        realm = self._router.realm_for(session, hello)
        if realm is None:
            return
        session.id = realm.new_session_id()
        session.authid = self._identity.authid
        session.authrole = self._identity.authrole
        session.authmethod = self._authmethod
        session.authprovider = self._identity.authprovider
        realm.join(session, self._identity.authextra)
        self._router.look_at(realm, session)

    def verify(self, session: Session, message: Authenticate) -> None:
        """This session is never challenged."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """See `Gatekeeper.deadline`."""
        return self._router.deadline(callback)

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """See `Gatekeeper.in_turns`."""
        self._router.in_turns(steps, done)
