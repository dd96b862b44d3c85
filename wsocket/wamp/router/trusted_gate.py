"""How the application's own session joins a realm."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.session.in_process import NEVER, at_once
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.traffic import Traffic

# The authrole of the application's own session. Its rights do not come from this name.
TRUSTED = "trusted"


class TrustedGate:
    """The gatekeeper of the application's own session: it asks for no authentication.

    Args:
        realm_for: The realm that HELLO names; None after refusing the session.
        traffic: Counts what the session does.
    """

    def __init__(
        self,
        realm_for: Callable[[Session, Hello], RunningRealm | None],
        traffic: Traffic,
    ) -> None:
        self._realm_for = realm_for
        self.traffic = traffic

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer HELLO: WELCOME, or ABORT if the realm does not exist."""
        realm = self._realm_for(session, hello)
        if realm is not None:
            session.id = realm.new_session_id()
            session.authid = "application"
            session.authrole = TRUSTED
            session.authmethod = "internal"
            session.authprovider = "static"
            realm.join(session, {}, trusted=True)

    def verify(self, session: Session, message: Authenticate) -> None:
        """The application's session is never challenged."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """The application's session has no deadlines."""
        return NEVER

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """Nothing of this session ever waits for an authorizer."""
        at_once(steps, done)
