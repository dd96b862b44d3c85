"""The router as a client of itself: it calls authorizers that are WAMP procedures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from wsocket.errors import ApplicationError, PayloadError
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    ERROR,
    WELCOME,
    Authenticate,
    Call,
    CallOptions,
    Cancel,
    CancelOptions,
    Hello,
)
from wsocket.wamp.protocol.ids import next_id
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.in_process import (
    DIRECT,
    NEVER,
    TRANSPORT,
    DirectMessage,
    at_once,
    unlimited,
)
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Joinable, Session
from wsocket.wamp.session.traffic import Traffic

OnResult = Callable[[object], None]
"""Takes the result of a call, or an exception."""


class RouterClient:
    """Calls procedures in the name of the router.

    It is the link of a session without a client. This session uses the actions of a
    realm, but it is not a member: nobody can see it, and it gets no events.
    """

    codec = DIRECT
    transport = TRANSPORT

    def __init__(self) -> None:
        self._last_request = 0
        self._waiting: dict[int, OnResult] = {}
        self.budget = unlimited()
        self.traffic = Traffic()  # that nobody looks at
        self.session = Session(self, self)

    @property
    def waiting(self) -> int:
        """How many calls have not been answered yet."""
        return len(self._waiting)

    def join(self, realm: Joinable) -> None:
        """Call procedures of *realm* from now on."""
        self.session.welcome(realm, {})

    def call(
        self, procedure: str, args: list[Any], then: OnResult
    ) -> Callable[[], None]:
        """Call a procedure; *then* gets the result or an exception.

        Returns:
            A function that cancels the call; then *then* is not called any more.
        """
        self._last_request = request = next_id(self._last_request)
        self._waiting[request] = then
        payload = Payload.of(MESSAGEPACK, args)
        self.session.handle(
            Call(request, CallOptions(), procedure, payload.parts[0], ABSENT)
        )
        return partial(self._cancel, request)

    def _cancel(self, request: int) -> None:
        self._waiting.pop(request, None)
        self.session.handle(Cancel(request, CancelOptions()))

    def write(self, frame: DirectMessage) -> None:
        """Take RESULT (``[50, request, details]``), ERROR (``[8, 48, request, ...]``)
        or WELCOME.
        """
        head, payload = frame
        if head[0] == WELCOME:
            return
        failed = head[0] == ERROR
        then = self._waiting.pop(head[2] if failed else head[1], None)
        if then is None:
            return
        try:
            values, _ = payload.values()
        except PayloadError as error:
            then(error)
            return
        if failed:
            then(ApplicationError(head[4], *values))
        else:
            then(values[0] if values else None)

    def unread(self, request: int) -> int:
        """Nothing ever waits here."""
        return 0

    def close(self) -> None:
        """There is no transport to close."""

    def abort(self) -> None:
        """There is no transport to close."""

    def admit(self, session: Session, hello: Hello) -> None:
        """This session never says HELLO."""

    def verify(self, session: Session, message: Authenticate) -> None:
        """This session is never challenged."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """This session has no deadlines."""
        return NEVER

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """Nothing of this session ever waits for an authorizer."""
        at_once(steps, done)
