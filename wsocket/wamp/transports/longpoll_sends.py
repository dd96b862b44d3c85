"""The requests by which a polling client sends: handled one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from wsocket.core.net.future import Future
from wsocket.core.net.loop import Loop, Timer
from wsocket.core.net.throttle import Throttle
from wsocket.errors import BatchError, HttpError
from wsocket.log import logger
from wsocket.wamp.serializers.batching import Messages
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.longpoll_codec import NOTHING, LongPollCodec, Reply


class Sends:
    """The requests of one transport that are not answered yet; on the loop.

    The messages of a large batch are handled in turns. A client that sends more than
    it may is answered later, and its next request waits until then.

    Args:
        throttle: How fast the client may send; None if that has no limit.
        drop: Ends the transport.
    """

    __slots__ = (
        "_busy",
        "_closed",
        "_codec",
        "_drop",
        "_failed",
        "_gatekeeper",
        "_loop",
        "_pause",
        "_session",
        "_throttle",
        "_under_way",
        "_waiting",
    )

    def __init__(
        self,
        loop: Loop,
        codec: LongPollCodec,
        session: Session,
        gatekeeper: Gatekeeper,
        *,
        throttle: Throttle | None,
        drop: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._codec = codec
        self._session = session
        self._gatekeeper = gatekeeper
        self._throttle = throttle
        self._drop = drop
        self._waiting: deque[tuple[bytes, Future[Reply]]] = deque()
        self._under_way: Future[Reply] | None = None
        self._busy = False  # a request is handled, or its client has to wait
        self._pause: Timer | None = None  # until the client may send again
        self._failed = False  # the client broke the protocol
        self._closed = False

    def put(self, body: bytes, answer: Future[Reply]) -> None:
        """Handle the messages of a request, then *answer* it."""
        self._waiting.append((body, answer))
        if not self._busy:
            self._busy = True
            self._begin()

    def fail(self) -> None:
        """The client broke the protocol: requests are answered with 400 from now on."""
        self._failed = True

    def close(self) -> None:
        """The transport has ended: what was not handled is not."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        if self._under_way is not None:
            self._answer(self._under_way)
        while self._waiting:
            _, answer = self._waiting.popleft()
            problem = "The transport ended before these messages were handled."
            answer.fail(HttpError("404 Not Found", problem))

    def _begin(self) -> None:
        """Handle the next request."""
        if self._closed:
            return
        body, answer = self._waiting.popleft()
        self._under_way = answer
        try:
            messages: Messages = self._codec.decode(body)
        except (UnicodeDecodeError, BatchError) as error:
            self._session.abort_violation(f"message: {error}")
            messages = []
        pause = self._cost(len(body), len(messages))
        self._gatekeeper.in_turns(self._handle(messages), lambda: self._handled(pause))

    def _cost(self, size: int, messages: int) -> float:
        """Seconds for which the client has to wait after so much."""
        if self._throttle is None:
            return 0.0
        now = self._loop.now()
        waits = self._throttle.read(size, now), self._throttle.messages(messages, now)
        return max(waits)

    def _handle(self, messages: Messages) -> Iterator[None]:
        session = self._session
        for message in messages:
            if session.over or self._closed:
                return
            try:
                session.receive(message)
            except Exception as error:
                self._give_up(error)
            yield

    def _give_up(self, error: Exception) -> None:
        """Our bug: end the transport."""
        logger.exception("handling a message failed; its transport is closed")
        if self._under_way is not None:
            self._under_way.fail(error)
        self._drop()

    def _handled(self, pause: float) -> None:
        """Answer the request under way, when the client may send again."""
        if self._closed:
            return
        if pause:
            self._pause = self._loop.call_later(pause, self._go_on)
        else:
            self._go_on()

    def _go_on(self) -> None:
        answer, self._under_way = self._under_way, None
        if answer is not None:
            self._answer(answer)
        self._busy = bool(self._waiting)
        if self._waiting:
            self._loop.call_soon(self._begin)  # there may be many of them

    def _answer(self, answer: Future[Reply]) -> None:
        if self._failed:
            problem = (
                "The protocol was broken: the ABORT that /receive returns says how."
            )
            answer.fail(HttpError("400 Bad Request", problem))
        else:
            answer.set(NOTHING)
