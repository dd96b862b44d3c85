"""The session behind an HTTP request; on the loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Raw

from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.outbox import Droppable
from wsocket.wamp.bridge.codecs import HeadAndParts, PartsCodec
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    ABORT,
    CHALLENGE,
    GOODBYE,
    WELCOME,
    ClientMessage,
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
)
from wsocket.wamp.session.session import Gatekeeper, Session

# What those can do who send HTTP requests.
_ROLES: Final = ClientRoles(
    caller=ClientRole({"caller_identification": True, "call_timeout": True}),
    publisher=ClientRole(
        {
            "publisher_exclusion": True,
            "publisher_identification": True,
            "subscriber_blackwhite_listing": True,
        }
    ),
    subscriber=ClientRole(
        {
            "pattern_based_subscription": True,
            "publication_trustlevels": True,
            "publisher_identification": True,
            "subscription_revocation": True,
        }
    ),
)

# A request without a proof may have the cookie of a login.
_WITHOUT_PROOF = ["cookie", "anonymous"]


class BridgeLink(ABC):
    """A session's end of one HTTP request; one that publishes, calls or listens.

    Args:
        connections: Those of the process: their loop, limits and memory.
        environ: The request, which may be over before the session is.
        ended: Called once, when the session has ended.
    """

    transport = "bridge"

    def __init__(
        self,
        connections: OpenConnections,
        gatekeeper: Gatekeeper,
        codec: PartsCodec,
        *,
        environ: Mapping[str, Any],
        ended: Callable[[BridgeLink], object],
    ) -> None:
        self.codec = codec
        self.budget = connections.memory.part(connections.limits.session_bytes)
        self._loop = connections.loop
        self._ended = ended
        self._over = False
        self._session = Session(self, gatekeeper, environ=environ)

    # What is made of the session

    @abstractmethod
    def welcomed(self) -> None:
        """The session has begun, and may send requests."""

    @abstractmethod
    def replied(self, head: list[Any], parts: list[Raw]) -> None:
        """The router has answered a request."""

    @abstractmethod
    def happened(self, event: Droppable) -> None:
        """There is an event."""

    @abstractmethod
    def refused(self, error: str, explanation: str, *, otherwise: int = 503) -> None:
        """The session has not begun, or the router has ended it.

        Args:
            otherwise: The status if an application has chosen the error.
        """

    @abstractmethod
    def drop(self) -> None:
        """The server is about to end; later calls do nothing."""

    def join(self, realm: str) -> None:
        """Say HELLO."""
        details = HelloDetails(_ROLES, authmethods=_WITHOUT_PROOF)
        self._session.handle(Hello(realm, details))

    def send(self, message: ClientMessage, size: int = 0) -> None:
        """Send a message, of *size* bytes as it came."""
        if not self._over:
            self._session.handle(message, size)

    def end(self) -> None:
        """The request is over: so is the session. Later calls do nothing."""
        if not self._over:
            self._over = True
            self._ended(self)
            # Not now: the router may be about to write to this session.
            self._loop.call_soon(self._session.lost)

    # What the session asks for

    def write(self, frame: Droppable | HeadAndParts) -> None:
        """Take a message from the router."""
        if self._over:
            return
        if isinstance(frame, Droppable):
            self.happened(frame)
            return
        head, parts = frame
        if head[0] == WELCOME:
            # Not now: the session is still joining.
            self._loop.call_soon(self._begin)
        elif head[0] in (ABORT, GOODBYE):
            _, details, reason = head
            text = details.get("message", "the router has ended the session")
            self.refused(reason, text, otherwise=401 if head[0] == ABORT else 503)
        elif head[0] == CHALLENGE:
            problem = "this realm demands a login: sign the request, or send a token"
            self.refused(errors.AUTHENTICATION_DENIED, problem)
        else:
            self.replied(head, parts)

    def unread(self, request: int) -> int:
        """Nothing waits here; an answer has no parts."""
        return 0

    def close(self) -> None:
        """The router has ended the session, and has said why."""
        self.end()

    def abort(self) -> None:
        """The same as `close`."""
        self.end()

    def _begin(self) -> None:
        if not self._over:
            self.welcomed()
