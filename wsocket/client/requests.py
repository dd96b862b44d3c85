"""The requests of a session that wait for their answers."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from wsocket.client.records import Record, RegistrationRecord, SubscriptionRecord
from wsocket.errors import ProtocolError
from wsocket.wamp.protocol.client_messages import (
    REGISTER,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
)
from wsocket.wamp.protocol.field_names import name_of_code
from wsocket.wamp.protocol.ids import next_id

ASKS: dict[type[Record], int] = {
    SubscriptionRecord: SUBSCRIBE,
    RegistrationRecord: REGISTER,
}
"""What asks for a record, by its type."""

LEAVES: dict[type[Record], int] = {
    SubscriptionRecord: UNSUBSCRIBE,
    RegistrationRecord: UNREGISTER,
}
"""What ends a record, by its type."""


class SentRequest(Struct, frozen=True):
    """One request.

    Attributes:
        kind: The code of the message that was sent.
        waiter: What the owner of the core wants to see again with the answer; None if
            nobody waits.
        record: What is being subscribed, registered, or ended.
    """

    kind: int
    waiter: Any = None
    record: Record | None = None


class Requests:
    """By number; the numbers begin at 1 in each session (WAMP, "Identifiers")."""

    def __init__(self) -> None:
        self._last = 0
        self._waiting: dict[int, SentRequest] = {}

    @property
    def next(self) -> int:
        """The number of the next request."""
        return next_id(self._last)

    def sent(self, request: SentRequest | None) -> int:
        """A message with the next number was sent; None if it gets no answer."""
        self._last = self.next
        if request is not None:
            self._waiting[self._last] = request
        return self._last

    def get(self, number: int) -> SentRequest | None:
        """The request with this number, if it waits."""
        return self._waiting.get(number)

    def find(self, number: int, kind: int) -> SentRequest | None:
        """The request that an answer is for; None if nobody waits any more.

        Args:
            kind: The code of the request that such an answer is for.

        Raises:
            ProtocolError: There never was one, or it was another kind of request.
        """
        request = self._waiting.get(number)
        if request is None:
            if number > self._last:
                raise ProtocolError(
                    f"an answer to request {number}, but the last one was {self._last}"
                )
            return None
        if request.kind != kind:
            raise ProtocolError(
                f"an answer to {name_of_code(kind)} {number}, but that request was "
                f"{name_of_code(request.kind)}"
            )
        return request

    def end(self, number: int) -> SentRequest | None:
        """Nobody waits for this answer any more; returns the request, if it waited."""
        return self._waiting.pop(number, None)

    def end_all(self) -> list[SentRequest]:
        """The session is over: return all that wait."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        return waiting
