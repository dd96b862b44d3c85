"""Calls that the router itself makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.protocol.ids import next_id
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.in_process import DIRECT, NEVER, DirectMessage
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Session


class RouterClient:
    """Calls that the router itself makes: to an authorizer that is a WAMP procedure.

    It is a link without a client behind it, and its session is in no realm.
    """

    codec = DIRECT

    def __init__(self) -> None:
        self._last_request = 0
        self._waiting: dict[int, Callable[[list[Any], Payload], None]] = {}
        self.session = Session(self, self)

    def expect(self, answer: Callable[[list[Any], Payload], None]) -> int:
        """A new request ID; *answer* is called with the RESULT or ERROR for it."""
        self._last_request = request = next_id(self._last_request)
        self._waiting[request] = answer
        return request

    def forget(self, request: int) -> None:
        """What answers *request* is of no interest any more."""
        self._waiting.pop(request, None)

    def write(self, frame: DirectMessage) -> None:
        """Take a message for the session: ``[50, request, ...]`` or ``[8, 48, request,
        ...]``.
        """
        head, payload = frame
        request = head[1] if len(head) == 3 else head[2]
        answer = self._waiting.pop(request, None)
        if answer is not None:
            answer(head, payload)

    def close(self, *, failed: bool) -> None:
        """There is no transport."""

    def admit(self, session: Session, hello: Hello) -> None:
        """This session never says HELLO."""

    def verify(self, session: Session, message: Authenticate) -> None:
        """Nor AUTHENTICATE."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """It may take its time."""
        return NEVER
