"""A request that publishes or calls: one message of a session, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw

from wsocket.core.net.future import Future
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.outbox import Droppable
from wsocket.core.net.peer_watch import PeerWatch
from wsocket.wamp.bridge.answers import (
    BridgeAnswer,
    published,
    refused,
    result,
    wamp_problem,
)
from wsocket.wamp.bridge.bodies import Wanted
from wsocket.wamp.bridge.codecs import PartsCodec
from wsocket.wamp.bridge.link import BridgeLink
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import ERROR, PUBLISHED
from wsocket.wamp.session.session import Gatekeeper

_PARTS = PartsCodec()


class RequestLink(BridgeLink):
    """The session of such a request; on the loop.

    Args:
        wanted: What it asks for.
        size: Bytes of its body.
        answer: Set once.
    """

    def __init__(
        self,
        connections: OpenConnections,
        gatekeeper: Gatekeeper,
        wanted: Wanted,
        answer: Future[BridgeAnswer],
        *,
        size: int,
        environ: Mapping[str, Any],
        ended: Callable[[BridgeLink], object],
    ) -> None:
        super().__init__(connections, gatekeeper, _PARTS, environ=environ, ended=ended)
        self._wanted = wanted
        self._size = size
        self._answer = answer
        self._watch: PeerWatch | None = None
        seconds = wanted.timeout
        self._timer = self._loop.call_later(seconds, self._too_late, seconds)

    def watch(self, client: int) -> None:
        """Cancel the call if the client goes away.

        Args:
            client: The descriptor of the request's connection; it is open until the
                request is answered.
        """
        self._watch = PeerWatch(self._loop, client, self._gone)

    def welcomed(self) -> None:
        """See `BridgeLink.welcomed`."""
        self.send(self._wanted.message, self._size)

    def replied(self, head: list[Any], parts: list[Raw]) -> None:
        """See `BridgeLink.replied`."""
        if head[0] == ERROR:
            self._finish(wamp_problem(head[4], parts))
        elif head[0] == PUBLISHED:
            self._finish(published(head[2]))
        else:
            self._finish(result(parts))

    def happened(self, event: Droppable) -> None:
        """This session has no subscriptions."""

    def refused(self, error: str, explanation: str, *, otherwise: int = 503) -> None:
        """See `BridgeLink.refused`."""
        self._finish(refused(error, explanation, otherwise=otherwise))

    def close(self) -> None:
        """See `BridgeLink.close`; an ABORT was the answer."""
        self.refused(errors.UNAVAILABLE, "the session has ended")

    def abort(self) -> None:
        """See `BridgeLink.abort`."""
        self.close()

    def drop(self) -> None:
        """See `BridgeLink.drop`."""
        self.refused(errors.UNAVAILABLE, "the server is about to end")

    def _finish(self, answer: BridgeAnswer) -> None:
        """Answer the request; later calls do nothing."""
        self._timer.cancel()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()  # the server may close the connection after the answer
        self._answer.set(answer)
        self.end()

    def _too_late(self, seconds: float) -> None:
        problem = f"there was no answer within {seconds:g} seconds"
        self.refused(errors.TIMEOUT, problem)

    def _gone(self) -> None:
        self.refused(errors.CANCELED, "the client has closed the connection")
