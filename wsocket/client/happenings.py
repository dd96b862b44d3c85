"""What the core of a client tells its owner, in the order in which it happened."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from wsocket.client.joining import LoginExchange, Signature
from wsocket.client.records import Record, RegistrationRecord, SubscriptionRecord
from wsocket.errors import ApplicationError, ProtocolError
from wsocket.wamp.local.calling import CallDetails, EventDetails
from wsocket.wamp.protocol.router_messages import Challenge
from wsocket.wamp.serializers.base import Payload


class Challenged(Struct, frozen=True):
    """The router asks for a proof: `answer`, and then `Core.authenticate`.

    Attributes:
        exchange: The login on this connection.
    """

    exchange: LoginExchange
    challenge: Challenge

    def answer(self) -> Signature | ProtocolError | ImportError:
        """What `Core.authenticate` takes; in any thread, for it may take a second."""
        try:
            return self.exchange.answer(self.challenge.method, self.challenge.extra)
        except (ProtocolError, ImportError) as error:
            return error


class Joined(Struct, frozen=True):
    """The session is in its realm, and everything is restored but what is *refused*."""

    refused: tuple[ApplicationError, ...]


class Answered(Struct, frozen=True):
    """A request has succeeded.

    Attributes:
        waiter: What the owner gave with the request.
        value: The payload of a result, a publication ID, or a record.
    """

    waiter: Any
    value: Any


class Progressed(Struct, frozen=True):
    """A call has a progressive result."""

    waiter: Any
    payload: Payload


class Failed(Struct, frozen=True):
    """A request has failed."""

    waiter: Any
    error: Exception


class Happened(Struct, frozen=True):
    """An event of a subscription."""

    record: SubscriptionRecord
    payload: Payload
    details: EventDetails


class Invoked:
    """A call of one of this client's procedures; `Core.answer` ends it.

    Attributes:
        request: INVOCATION.Request.
        canceled: Whether the router does not want the answer any more.
    """

    __slots__ = ("canceled", "details", "payload", "record", "request")

    def __init__(
        self,
        record: RegistrationRecord,
        request: int,
        payload: Payload,
        details: CallDetails,
    ) -> None:
        self.record = record
        self.request = request
        self.payload = payload
        self.details = details
        self.canceled = False


class Interrupted(Struct, frozen=True):
    """The router does not want the answer to an invocation any more."""

    invocation: Invoked


class Revoked(Struct, frozen=True):
    """The router has ended a subscription or registration.

    Attributes:
        reason: What it says.
    """

    record: Record
    reason: str


class Ended(Struct, frozen=True):
    """The session is over, and nothing more comes from this connection.

    Attributes:
        error: Why; None if this client has left.
        final: Whether it is of no use to connect again.
    """

    error: Exception | None
    final: bool


Happening = (
    Challenged
    | Joined
    | Answered
    | Progressed
    | Failed
    | Happened
    | Invoked
    | Interrupted
    | Revoked
    | Ended
)
