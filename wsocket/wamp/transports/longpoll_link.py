"""A session whose client polls: messages wait here for the client's next request.

On the loop; `wsocket.wamp.transports.longpoll` is the HTTP side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsocket.core.net.future import Future
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop, Timer
from wsocket.core.net.memory import Memory
from wsocket.core.net.outbox import Outbox
from wsocket.core.net.peer_watch import PeerWatch
from wsocket.core.net.send_queue import Flushable
from wsocket.core.net.throttle import Throttle
from wsocket.log import logger
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.longpoll_codec import NOTHING, LongPollCodec, Reply
from wsocket.wamp.transports.longpoll_sends import Sends
from wsocket.wamp.transports.longpoll_settings import LongPolling


class LongPollLink(Flushable):
    """A session's end of a long-poll transport.

    Args:
        memory: What waits here is charged to it.
        throttle: How fast the client may send; None if that has no limit.
        on_end: Called once, when the transport has ended.

    Attributes:
        backlog: How many bytes wait here for the client, as they are charged.
    """

    __slots__ = (
        "_dirty",
        "_ended",
        "_limits",
        "_loop",
        "_memory",
        "_on_end",
        "_outbox",
        "_poll",
        "_sealed",
        "_sends",
        "_session",
        "_settings",
        "_timer",
        "_watch",
        "backlog",
        "budget",
        "codec",
    )

    transport = "longpoll"

    def __init__(
        self,
        loop: Loop,
        codec: LongPollCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
        limits: Limits,
        memory: Memory,
        throttle: Throttle | None,
        settings: LongPolling,
        on_end: Callable[[], object],
    ) -> None:
        self.codec = codec
        self.backlog = 0
        self._loop = loop
        self._memory = memory
        self._settings = settings
        self._on_end = on_end
        self._limits = limits
        self._outbox = self._new_outbox()
        self._poll: Future[Reply] | None = None
        self._watch: PeerWatch | None = None  # of the client of the poll
        self._timer: Timer | None = None
        self._dirty = False  # a flush is due
        self._sealed = False  # the last message is in the outbox
        self._ended = False
        self.budget = memory.part(limits.session_bytes)
        self._session = Session(self, gatekeeper, environ=environ)
        self._sends = Sends(
            loop, codec, self._session, gatekeeper, throttle=throttle, drop=self.drop
        )
        self._await_poll()

    # What the client asks for

    def poll(self, poll: Future[Reply], client: int | None = None) -> None:
        """Answer *poll* with the next message, now or when there is one.

        An older poll that still waits is answered empty: its client has given it up.

        Args:
            client: The descriptor of the poll's connection, if it is known. It is open
                until the poll is answered.
        """
        self._answer_poll(NOTHING)
        self._poll = poll
        if client is not None:
            self._watch = PeerWatch(self._loop, client, self._give_up_poll)
        self._set_timer(self._settings.poll_timeout, self._give_up_poll)
        if self._outbox:
            self._deliver()

    def received(self, body: bytes, answer: Future[Reply]) -> None:
        """Handle the messages of one request after those of earlier ones, in their
        order. Then *answer* it: with an `HttpError`, if one broke the protocol.
        """
        self._sends.put(body, answer)

    def drop(self) -> None:
        """End the transport, without a word to the client; later calls do nothing."""
        if self._ended:
            return
        self._ended = self._sealed = True
        self._answer_poll(NOTHING)
        if self._timer is not None:
            self._timer.cancel()
        self._on_end()
        try:
            self._session.lost()
        except Exception:
            logger.exception("ending a transport failed")
        self._sends.close()
        self._outbox = self._new_outbox()
        self._weigh()

    # What the session asks for

    def write(self, frame: bytes) -> None:
        """Queue a message; a waiting poll is answered at the end of the turn."""
        if self._sealed:
            return
        self._outbox.extend((frame,))
        if not self._outbox.fits:
            self._enforce_limits()
        if not self._dirty:
            self._dirty = True
            self._loop.flush_later(self)

    def unread(self, request: int) -> int:
        """How many bytes wait for the next poll."""
        return self._outbox.size

    def close(self) -> None:
        """End the transport, after what is queued."""
        self._sealed = True
        if not self._outbox:
            self.drop()

    def abort(self) -> None:
        """End the transport, after what is queued; the request at fault gets 400."""
        self._sends.fail()
        self.close()

    def shed(self) -> None:
        """Give up half of what waits here: events, or the transport."""
        before = self.backlog
        self._memory.shed += self._outbox.shrink(before // 2)
        self._weigh()
        if self.backlog > before // 2:
            logger.warning("closing a transport that keeps %d bytes waiting", before)
            self.drop()

    def _new_outbox(self) -> Outbox:
        limits = self._limits
        return Outbox(messages=limits.outbox_messages, size=limits.outbox_bytes)

    def _enforce_limits(self) -> None:
        """Drop the oldest events; if that is not enough, the transport."""
        self._memory.too_slow += self._outbox.drop_oldest()
        if not self._outbox.fits:
            logger.warning("closing a transport that does not poll: %s", self._outbox)
            self._sealed = True
            # Not now: somebody may be writing to many connections.
            self._loop.call_soon(self.drop)

    def _weigh(self) -> None:
        """Charge what waits here."""
        before, self.backlog = self.backlog, self._outbox.size
        self._memory.weigh(self, before, self.backlog)

    # Delivery

    def flush(self) -> None:
        """Answer a waiting poll with the messages of this turn; the loop calls this."""
        self._dirty = False
        if self._ended:
            return
        if self._poll is not None and self._outbox:
            self._deliver()
        self._weigh()

    def _deliver(self) -> None:
        if self._watch is not None and self._watch.is_gone:
            self._give_up_poll()  # the messages wait for the next one
            return
        self._answer_poll(self.codec.reply(self._outbox))
        self._weigh()
        if self._sealed and not self._outbox:
            self.drop()
        else:
            self._await_poll()

    def _answer_poll(self, reply: Reply) -> None:
        poll, self._poll = self._poll, None
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()  # the server may close the connection after the answer
        if poll is not None:
            poll.set(reply)

    # Time

    def _await_poll(self) -> None:
        self._set_timer(self._settings.poll_pause, self._lost)

    def _give_up_poll(self) -> None:
        """No message came in time, or the client has closed the poll's connection."""
        self._answer_poll(NOTHING)
        self._await_poll()

    def _lost(self) -> None:
        logger.info(
            "a long-poll client has not polled for %g seconds; its transport is closed",
            self._settings.poll_pause,
        )
        self.drop()

    def _set_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, callback)
