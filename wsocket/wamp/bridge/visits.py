"""The sessions of requests, while they last; on the loop."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, NamedTuple

from wsocket.core.net.future import Future
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.errors import ApplicationError, Denied
from wsocket.log import logger
from wsocket.wamp.bridge.answers import BridgeAnswer
from wsocket.wamp.bridge.bodies import Wanted
from wsocket.wamp.bridge.credentials import Proven
from wsocket.wamp.bridge.link import BridgeLink
from wsocket.wamp.bridge.nonces import Nonces
from wsocket.wamp.bridge.proven_gate import ProvenGate
from wsocket.wamp.bridge.request_link import RequestLink
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.bridge.signature import SignedClaim
from wsocket.wamp.bridge.stream_link import Listening, Opened, StreamLink
from wsocket.wamp.protocol import errors
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.prepare import Prepare
from wsocket.wamp.session.session import Gatekeeper


class Visitor(NamedTuple):
    """Who sends a request.

    Attributes:
        proof: Who it is; None for a client that does not say.
        environ: The request, without what belongs to the server.
        client: The descriptor of its connection, if it is known.
    """

    proof: Proven | None
    environ: Mapping[str, Any]
    client: int | None


class Visits:
    """The sessions of one bridge.

    Args:
        realm: The realm of those who do not prove who they are.
        prepare: See `Prepare`.
        connections: The sessions end together with these.
    """

    def __init__(
        self,
        settings: Bridge,
        router: Router,
        *,
        realm: str,
        prepare: Prepare,
        connections: PerProcess[OpenConnections],
    ) -> None:
        self._settings = settings
        self._router = router
        self._realm = realm
        self._prepare = prepare
        self._connections = connections
        self._requests: PerProcess[set[BridgeLink]] = PerProcess(lambda loop: set())
        self._streams: PerProcess[set[BridgeLink]] = PerProcess(lambda loop: set())
        self._nonces = PerProcess(
            lambda loop: Nonces(
                # A timestamp of the future is good for so long; and a second more,
                # because two clocks are compared.
                lifetime=2 * settings.clock_skew + 1,
                limit=settings.max_nonces,
            )
        )

    def close(self, code: int, reason: str) -> None:
        """End every session; HTTP has no close codes. See `Closable.close`."""
        for link in [*self._requests.get(), *self._streams.get()]:
            link.drop()

    def request(
        self,
        visitor: Visitor,
        wanted: Wanted,
        answer: Future[BridgeAnswer],
        *,
        size: int,
    ) -> None:
        """Publish or call, and set *answer*.

        Args:
            size: Bytes of the body.

        Raises:
            ApplicationError: The client is refused.
        """
        open_ones = self._requests.get()
        self._check_room(open_ones, "max_requests")
        gatekeeper, realm = self._enter(visitor)
        link = RequestLink(
            self._connections.get(),
            gatekeeper,
            wanted,
            answer,
            size=size,
            environ=visitor.environ,
            ended=lambda link: self._ended(open_ones, link),
        )
        self._begun(open_ones, link)
        if visitor.client is not None:
            link.watch(visitor.client)
        link.join(realm)

    def listen(
        self, visitor: Visitor, listening: Listening, opened: Future[Opened]
    ) -> StreamLink:
        """Subscribe, and set *opened*.

        Raises:
            ApplicationError: The client is refused.
        """
        open_ones = self._streams.get()
        self._check_room(open_ones, "max_streams")
        gatekeeper, realm = self._enter(visitor)
        link = StreamLink(
            self._connections.get(),
            gatekeeper,
            listening,
            opened,
            heartbeat=self._settings.heartbeat,
            environ=visitor.environ,
            ended=lambda link: self._ended(open_ones, link),
        )
        self._begun(open_ones, link)
        link.join(realm)
        return link

    def _check_room(self, open_ones: set[BridgeLink], name: str) -> None:
        most = getattr(self._settings, name)
        if len(open_ones) >= most:
            problem = f"too many requests wait here (Bridge.{name}, {most})"
            raise ApplicationError(errors.UNAVAILABLE, f"{problem}; try again later")

    def _enter(self, visitor: Visitor) -> tuple[Gatekeeper, str]:
        """Who lets the visitor in, and where."""
        self._prepare(visitor.environ)
        proof, now = visitor.proof, monotonic()
        if proof is None:
            return self._router, self._realm
        if proof.claim is not None:
            self._use_nonce(proof.claim, now)
        gate = ProvenGate(
            self._router, proof.identity, authmethod=proof.authmethod, now=now
        )
        return gate, proof.realm

    def denied(self, denied: Denied, environ: Mapping[str, Any]) -> None:
        """Count a failed login, as those of other clients.

        Raises:
            ApplicationError: There are too many of this address.
        """
        self._prepare(environ)
        address, now = environ.get("REMOTE_ADDR", ""), monotonic()
        refusal = self._router.door.knock(address, now)
        if refusal is not None:
            raise ApplicationError(*refusal)
        self._router.door.failed(address, now)
        logger.info("request refused: %s", denied.detail or denied.message)

    def _use_nonce(self, claim: SignedClaim, now: float) -> None:
        outcome = self._nonces.get().use(claim.key, claim.nonce, now)
        if outcome == "used":
            problem = "this request was sent before: sign each with a new nonce"
            raise ApplicationError(errors.AUTHENTICATION_DENIED, problem)
        if outcome == "no room":
            most = self._settings.max_nonces
            problem = f"too many signed requests (Bridge.max_nonces, {most})"
            raise ApplicationError(errors.UNAVAILABLE, f"{problem}; try again later")

    def _begun(self, open_ones: set[BridgeLink], link: BridgeLink) -> None:
        open_ones.add(link)
        self._connections.get().add(self)

    def _ended(self, open_ones: set[BridgeLink], link: BridgeLink) -> None:
        open_ones.discard(link)
        if not self._requests.get() and not self._streams.get():
            self._connections.get().remove(self)
