"""A session whose client polls: messages wait here for the client's next request.

On the loop; `wsocket.wamp.transports.longpoll` is the HTTP side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from wsocket.core.net.future import Future
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Flushable, Loop, Timer
from wsocket.core.net.memory import Memory
from wsocket.core.net.outbox import Outbox
from wsocket.core.net.peer_watch import PeerWatch
from wsocket.errors import BatchError, HttpError
from wsocket.log import logger
from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.serializers.batching import Batching
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.frame_codec import FrameCodec
from wsocket.wamp.transports.longpoll_settings import LongPolling


class Reply(NamedTuple):
    """The answer to a request."""

    status: str
    body: bytes = b""
    media_type: str = ""


# autobahn.js takes only 200 and 204 for success. The specification says 202, which is a
# failure there.
NOTHING = Reply("204 No Content")


class Packing(Protocol):
    """How messages are put into a body.

    Attributes:
        size: A body that has this many bytes of messages gets no further one.
    """

    size: int

    def join(self, messages: Iterable[bytes]) -> bytes:
        """The body with these messages, one at least."""

    def split(self, body: Any) -> list[Any]:
        """The messages of a body."""


class OneByOne:
    """One message in each body, for the protocols that are not batched."""

    size = 0

    def join(self, messages: Iterable[bytes]) -> bytes:
        """See `Packing.join`."""
        return b"".join(messages)

    def split(self, body: Any) -> list[Any]:
        """See `Packing.split`."""
        return [body]


class Batches:
    """All waiting messages in one body, for the protocols that are batched."""

    size = 65536

    def __init__(self, batching: Batching) -> None:
        self.join = batching.join
        self.split = batching.split


class LongPollCodec(FrameCodec):
    """Makes and reads the bodies of one protocol, for all its sessions."""

    def __init__(self, serializer: Serializer, packing: Packing) -> None:
        super().__init__(serializer, bytes)  # the packing makes bodies of these
        self.packing = packing
        kind = "octet-stream" if serializer.binary else "json"
        self._media_type = f"application/{kind}"

    def decode(self, body: bytes) -> list[str | bytes]:
        """The messages in the body of a request, for the serializer.

        Raises:
            UnicodeDecodeError: It is not UTF-8, and must be.
            BatchError: It is not a valid batch.
        """
        return self.packing.split(body if self.serializer.binary else body.decode())

    def reply(self, backlog: Outbox) -> Reply:
        """The answer with the first messages of *backlog*, which are taken from it."""
        messages = map(bytes, backlog.take(self.packing.size))
        return Reply("200 OK", self.packing.join(messages), self._media_type)


class LongPollLink(Flushable):
    """A session's end of a long-poll transport.

    Args:
        on_end: Called once, when the transport has ended.

    Attributes:
        dropped: How many messages were dropped, because the client polled too seldom.
    """

    __slots__ = (
        "_backlog",
        "_dirty",
        "_ended",
        "_failed",
        "_loop",
        "_on_end",
        "_poll",
        "_sealed",
        "_session",
        "_settings",
        "_timer",
        "_watch",
        "budget",
        "codec",
        "dropped",
    )

    def __init__(
        self,
        loop: Loop,
        codec: LongPollCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
        limits: Limits,
        memory: Memory,
        settings: LongPolling,
        on_end: Callable[[], object],
    ) -> None:
        self.codec = codec
        self.dropped = 0
        self._loop = loop
        self._settings = settings
        self._on_end = on_end
        self._backlog = Outbox(
            messages=limits.outbox_messages, size=limits.outbox_bytes
        )
        self._poll: Future[Reply] | None = None
        self._watch: PeerWatch | None = None  # of the client of the poll
        self._timer: Timer | None = None
        self._dirty = False  # a flush is due
        self._sealed = False  # the last message is in the backlog
        self._failed = False  # because the client broke the protocol
        self._ended = False
        self.budget = memory.part(limits.session_bytes)
        self._session = Session(self, gatekeeper, environ=environ)
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
        if self._backlog:
            self._deliver()

    def received(self, body: bytes) -> None:
        """Handle the messages of one request, in their order.

        Raises:
            HttpError: One of them broke the protocol.
        """
        try:
            self._handle(body)
        except Exception:
            logger.exception("handling a message failed; its transport is closed")
            self.drop()
            raise
        if self._failed:
            problem = (
                "The protocol was broken: the ABORT that /receive returns says how."
            )
            raise HttpError("400 Bad Request", problem)

    def _handle(self, body: bytes) -> None:
        try:
            messages = self.codec.decode(body)
        except (UnicodeDecodeError, BatchError) as error:
            self._session.abort_violation(f"message: {error}")
            return
        for message in messages:
            if self._sealed:
                return
            self._session.receive(message)

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

    # What the session asks for

    def write(self, frame: bytes) -> None:
        """Queue a message; a waiting poll is answered at the end of the turn."""
        if self._sealed:
            return
        self._backlog.extend((frame,))
        if not self._dirty:
            self._dirty = True
            self._loop.flush_later(self)

    def unread(self, request: int) -> int:
        """How many bytes wait for the next poll."""
        return self._backlog.size

    def close(self) -> None:
        """End the transport, after what is queued."""
        self._sealed = True
        if not self._backlog:
            self.drop()

    def abort(self) -> None:
        """End the transport, after what is queued; the request at fault gets 400."""
        self._failed = True
        self.close()

    # Delivery

    def flush(self) -> None:
        """Answer a waiting poll with the messages of this turn; the loop calls this."""
        self._dirty = False
        if self._ended:
            return
        if self._poll is not None and self._backlog:
            self._deliver()
        self.dropped += self._backlog.drop_oldest()
        if not self._backlog.fits:
            logger.warning("closing a transport that does not poll: %s", self._backlog)
            self.drop()

    def _deliver(self) -> None:
        if self._watch is not None and self._watch.is_gone:
            self._give_up_poll()  # the messages wait for the next one
            return
        self._answer_poll(self.codec.reply(self._backlog))
        if self._sealed and not self._backlog:
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
