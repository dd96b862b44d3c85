"""A request that listens: a session with one subscription; on the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Raw

from wsocket.core.net.future import Future
from wsocket.core.net.loop import Timer
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.outbox import Droppable, Outbox
from wsocket.core.net.peer_watch import PeerWatch
from wsocket.core.net.send_queue import Flusher
from wsocket.log import logger
from wsocket.wamp.bridge.answers import BridgeAnswer, refused, wamp_problem
from wsocket.wamp.bridge.codecs import PartsCodec
from wsocket.wamp.bridge.link import BridgeLink
from wsocket.wamp.bridge.resumption import Resumption
from wsocket.wamp.bridge.sse import HEARTBEAT, notice
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    ERROR,
    SUBSCRIBED,
    UNSUBSCRIBED,
    Subscribe,
    SubscribeOptions,
)
from wsocket.wamp.session.session import Gatekeeper

_BATCH = 65536  # bytes of events that are sent at once, if no event is larger

Opened = BridgeAnswer | None
"""Why a stream is refused; None if it is open."""


class Listening(NamedTuple):
    """What a stream is about.

    Attributes:
        after: The last event that the client has; None if it asks for none.
    """

    topic: str
    options: SubscribeOptions
    after: int | None


class StreamLink(BridgeLink):
    """The session of such a request.

    Attributes:
        backlog: How many bytes wait here for the client, as they are charged.
    """

    def __init__(
        self,
        connections: OpenConnections,
        gatekeeper: Gatekeeper,
        listening: Listening,
        opened: Future[Opened],
        *,
        heartbeat: float,
        environ: Mapping[str, Any],
        ended: Callable[[BridgeLink], object],
    ) -> None:
        codec = PartsCodec(listening.topic)
        super().__init__(connections, gatekeeper, codec, environ=environ, ended=ended)
        self.backlog = 0
        self._limits, self._memory = connections.limits, connections.memory
        self._listening = listening
        self._opened = opened
        self._is_open = False
        self._heartbeat = heartbeat
        self._outbox = self._new_outbox()
        self._waiting = self._new_outbox()  # live events, while past ones are sent
        self._last_request = 0
        self._resumption: Resumption | None = None
        self._asked = False  # for past events; the answer is not there yet
        self._dropped = 0  # events, since the client was told
        self._sealed = self._dirty = False
        self._flusher = Flusher(self._flush)
        self._poll: Future[bytes] | None = None
        self._watch: PeerWatch | None = None
        self._timer: Timer | None = None

    def poll(self, poll: Future[bytes], client: int | None) -> None:
        """Answer *poll* with the next events; with nothing if the stream has ended.

        Args:
            client: The descriptor of the connection, if it is known. It is open until
                the poll is answered.
        """
        self._poll = poll
        if self._over or (self._sealed and not self._outbox):
            self.drop()
            return
        if client is not None:
            self._watch = PeerWatch(self._loop, client, self.drop)
        self._timer = self._loop.call_later(self._heartbeat, self._reply, HEARTBEAT)
        self._deliver()

    def drop(self) -> None:
        """End the stream at once; later calls do nothing."""
        self._reply(b"")
        problem = "the stream has ended"
        self._opened.set(refused(errors.UNAVAILABLE, problem, otherwise=503))
        self._outbox, self._waiting = self._new_outbox(), self._new_outbox()
        self._weigh()
        self.end()

    # What the session says

    def welcomed(self) -> None:
        """See `BridgeLink.welcomed`."""
        listening = self._listening
        request = self._next_request()
        self.send(Subscribe(request, listening.options, listening.topic))

    def replied(self, head: list[Any], parts: list[Raw]) -> None:
        """See `BridgeLink.replied`: of SUBSCRIBE, or of a CALL for past events."""
        if head[0] == SUBSCRIBED:
            self._is_open = True
            self._opened.set(None)
            if self._listening.after is not None:
                self._resume_after(head[2], self._listening.after)
        elif head[0] == UNSUBSCRIBED:  # revoked: nobody here has asked for it
            self.refused(head[2]["reason"], "the subscription was revoked")
        elif self._resumption is not None:
            self._asked = False
            self._resume(self._resumption, head, parts)
        elif head[0] == ERROR:
            self._opened.set(wamp_problem(head[4], parts))
            self.drop()

    def happened(self, event: Droppable) -> None:
        """See `BridgeLink.happened`."""
        outbox = self._outbox if self._resumption is None else self._waiting
        self._put(outbox, event)

    def refused(self, error: str, explanation: str, *, otherwise: int = 503) -> None:
        """See `BridgeLink.refused`; an open stream ends with a notice."""
        if self._is_open:
            reason = {"error": error, "detail": explanation}
            self._put(self._outbox, notice("end", reason))
            self.close()
        else:
            self._opened.set(refused(error, explanation, otherwise=otherwise))
            self.drop()

    def unread(self, request: int) -> int:
        """How many bytes wait for the client."""
        return self._outbox.size

    def close(self) -> None:
        """End the stream, after what is queued."""
        self._sealed = True
        self._flush_later()

    def abort(self) -> None:
        """The same as `close`."""
        self.close()

    # Past events

    def _resume_after(self, subscription: int, event: int) -> None:
        self._resumption = Resumption(subscription, event, self._waiting)
        self._ask_for_page()

    def _ask_for_page(self) -> None:
        resumption = self._resumption
        if resumption is not None and not self._asked:
            self._asked = True
            self.send(resumption.question(self._next_request()))

    def _resume(
        self, resumption: Resumption, head: list[Any], parts: list[Raw]
    ) -> None:
        """Take a page of past events, or learn that there is none."""
        more = False
        if head[0] == ERROR:
            problem = {"complete": False, "error": head[4]}
            self._put(self._outbox, notice("resume", problem))
        else:
            if not resumption.began:
                self._put(self._outbox, notice("resume", {"complete": True}))
            more = resumption.page(parts, lambda each: self._put(self._outbox, each))
        if not more:
            self._resumption = None
            for each in resumption.rest():
                self._put(self._outbox, each)

    def _next_request(self) -> int:
        self._last_request += 1
        return self._last_request

    # What waits for the client

    def _new_outbox(self) -> Outbox:
        limits = self._limits
        return Outbox(messages=limits.outbox_messages, size=limits.outbox_bytes)

    def _put(self, outbox: Outbox, frame: bytes) -> None:
        if self._sealed:
            return
        outbox.extend((frame,))
        if not outbox.fits:
            self._lose(outbox.drop_oldest())
            if not outbox.fits:  # what is left must not be dropped
                logger.warning("closing a stream of events: %s", outbox)
                self._sealed = True
        self._flush_later()

    def _lose(self, events: int) -> None:
        self._memory.too_slow += events
        self._dropped += events

    def shed(self) -> None:
        """Give up half of what waits here: events, or the stream."""
        before = self.backlog
        for outbox in (self._outbox, self._waiting):
            shed = outbox.shrink(outbox.size // 2)
            self._memory.shed += shed
            self._dropped += shed
        self._weigh()
        if self.backlog > before // 2:
            logger.warning("closing a stream that keeps %d bytes waiting", before)
            self.drop()

    def _weigh(self) -> None:
        before, self.backlog = self.backlog, self._outbox.size + self._waiting.size
        self._memory.weigh(self, before, self.backlog)

    def _flush_later(self) -> None:
        if not self._dirty and not self._over:
            self._dirty = True
            self._loop.flush_later(self._flusher)

    def _flush(self) -> None:
        """Answer a waiting poll with the events of this turn."""
        self._dirty = False
        if not self._over:
            self._deliver()
            self._weigh()

    def _deliver(self) -> None:
        if self._poll is None:
            return
        if self._watch is not None and self._watch.is_gone:
            self.drop()
        elif self._outbox:
            self._reply(self._batch())
            self._weigh()
            if not self._outbox:
                self._ask_for_page()
        elif self._sealed:
            self.drop()

    def _batch(self) -> bytes:
        lost, self._dropped = self._dropped, 0
        told = notice("dropped", {"events": lost}) if lost else b""
        return told + b"".join(self._outbox.take(_BATCH))

    def _reply(self, batch: bytes) -> None:
        poll, self._poll = self._poll, None
        watch, self._watch = self._watch, None
        timer, self._timer = self._timer, None
        if watch is not None:
            watch.close()  # the server may close the connection after the answer
        if timer is not None:
            timer.cancel()
        if poll is not None:
            poll.set(batch)
