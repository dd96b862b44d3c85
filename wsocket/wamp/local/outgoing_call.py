"""A call of the application, as it is on the loop."""

from __future__ import annotations

from typing import Any

from wsocket.core.net.future import Mailbox
from wsocket.wamp.local.answers import Answer, fields_of
from wsocket.wamp.local.client import LocalSession
from wsocket.wamp.protocol.client_messages import (
    Call,
    CallOptions,
    CancelMode,
    ClientMessage,
)
from wsocket.wamp.serializers.base import Payload


class OutgoingCall:
    """A call that puts its answers into a mailbox. All methods run on the loop."""

    def __init__(
        self,
        procedure: str,
        payload: Payload,
        *,
        options: CallOptions,
        answers: Mailbox[Answer],
    ) -> None:
        self._procedure = procedure
        self._payload = payload
        self._options = options
        self._answers = answers
        self._session: LocalSession | None = None  # until it starts
        self._request = 0

    def start(self, session: LocalSession) -> None:
        """Send CALL."""
        self._session = session
        self._request = session.request(self._message, self._on_answer)

    def cancel(self, mode: CancelMode) -> None:
        """Send CANCEL."""
        if self._session is not None:
            self._session.cancel(self._request, mode)

    def expire(self) -> None:
        """Cancel the call without waiting; its answer is ignored."""
        if self._session is not None:
            self._session.forget(self._request)
            self._session.cancel(self._request, "killnowait")

    def _message(self, request: int) -> ClientMessage:
        fields = fields_of(self._payload)
        return Call(request, self._options, self._procedure, *fields)

    def _on_answer(self, head: list[Any], payload: Payload) -> None:
        self._answers.put((head, payload))
