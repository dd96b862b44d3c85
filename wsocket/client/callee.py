"""The calls of a client's procedures that are under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.client.happenings import Interrupted, Invoked
from wsocket.client.incoming import call_details
from wsocket.client.records import RegistrationRecord
from wsocket.errors import ProtocolError
from wsocket.wamp.local.encoding import Failure
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol import router_messages as got
from wsocket.wamp.protocol.client_messages import ERROR, INVOCATION, YIELD
from wsocket.wamp.serializers.base import Payload, Serializer

SendMessage = Callable[[list[Any], Payload | None], None]
"""Sends a message: everything before its payload, and the payload."""


class Callee:
    """By number of the invocation."""

    def __init__(self, serializer: Serializer, send: SendMessage) -> None:
        self._serializer = serializer
        self._send = send
        self._running: dict[int, Invoked] = {}

    def begin(
        self,
        message: got.Invocation,
        record: RegistrationRecord | None,
        payload: Payload,
    ) -> list[Invoked]:
        """Take an INVOCATION; nothing comes of it if there is no *record*.

        Raises:
            ProtocolError: One with this number is under way.
        """
        request = message.request
        if request in self._running:
            raise ProtocolError(f"INVOCATION {request} has not ended, and comes again")
        if record is None:
            gone = Payload.of(self._serializer, ["the procedure is not registered"])
            self._fail(request, Failure(errors.UNAVAILABLE, gone))
            return []
        details = call_details(message, record.uri)
        invocation = Invoked(record, request, payload, details)
        self._running[request] = invocation
        return [invocation]

    def interrupt(self, request: int) -> list[Interrupted]:
        """Nobody wants the answer any more; if the procedure runs, it is told so."""
        invocation = self._running.get(request)
        if invocation is None:
            return []
        invocation.canceled = True
        return [Interrupted(invocation)]

    def answer(self, invocation: Invoked, outcome: Payload | Failure) -> None:
        """End an invocation with YIELD or ERROR; of no effect if nobody waits.

        Raises:
            PayloadSizeExceeded: The router does not take so large a message; the
                invocation has not ended.
        """
        request = invocation.request
        if self._running.get(request) is not invocation:
            return
        if isinstance(outcome, Failure):
            self._fail(request, outcome)
        else:
            self._send([YIELD, request, {}], outcome)
        del self._running[request]

    def progress(self, invocation: Invoked, payload: Payload) -> None:
        """Send a progressive result; raises as `answer` does."""
        if self._running.get(invocation.request) is invocation:
            self._send([YIELD, invocation.request, {"progress": True}], payload)

    def end(self) -> list[Interrupted]:
        """The session is over: nobody waits for any answer."""
        running = list(self._running.values())
        self._running.clear()
        for invocation in running:
            invocation.canceled = True
        return [Interrupted(invocation) for invocation in running]

    def _fail(self, request: int, failure: Failure) -> None:
        head = [ERROR, INVOCATION, request, {}, failure.error]
        self._send(head, failure.payload)
