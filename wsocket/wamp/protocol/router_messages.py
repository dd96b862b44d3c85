"""The messages that only routers send, for clients that decode them.

ABORT, GOODBYE and ERROR go either way: they are in `client_messages`."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    CHALLENGE,
    EVENT,
    INTERRUPT,
    INVOCATION,
    PUBLISHED,
    REGISTERED,
    RESULT,
    SUBSCRIBED,
    UNREGISTERED,
    UNSUBSCRIBED,
    WELCOME,
    Abort,
    CancelMode,
    ClientRole,
    Error,
    Goodbye,
    Message,
)
from wsocket.wamp.protocol.fields import EncAlgo, Fields, Hop, Passthru
from wsocket.wamp.protocol.ids import Id, Natural

# Sessions


class RouterRoles(Fields):
    """WELCOME.Details.roles: at least one of these is present."""

    broker: ClientRole | None = None
    dealer: ClientRole | None = None


class WelcomeDetails(Fields):
    """WELCOME.Details."""

    roles: RouterRoles
    agent: str | None = None
    realm: str | None = None
    authid: str | None = None
    authrole: str | None = None
    authmethod: str | None = None
    authprovider: str | None = None
    authextra: dict[str, Any] | None = None


class Welcome(Message, tag=WELCOME):
    """Router to client: [2, session, details]."""

    session: Id
    details: WelcomeDetails


class Challenge(Message, tag=CHALLENGE):
    """Router to client: [4, method, extra]."""

    method: str
    extra: dict[str, Any]


# Publish and subscribe


class Published(Message, tag=PUBLISHED):
    """Broker to publisher: [17, request, publication]."""

    request: Id
    publication: Id


class Subscribed(Message, tag=SUBSCRIBED):
    """Broker to subscriber: [33, request, subscription]."""

    request: Id
    subscription: Id


class UnsubscribedDetails(Fields):
    """UNSUBSCRIBED.Details, of a subscription that the router has ended."""

    subscription: Id | None = None
    reason: str | None = None


class Unsubscribed(Message, tag=UNSUBSCRIBED):
    """Broker to subscriber: [35, request], or [35, 0, details] after a revocation."""

    request: Natural
    details: UnsubscribedDetails | None = None


class EventFields(Passthru):
    """EVENT.Details."""

    topic: str | None = None
    publisher: Id | None = None
    publisher_authid: str | None = None
    publisher_authrole: str | None = None
    trustlevel: Natural | None = None
    retained: bool = False
    enc_algo: EncAlgo | None = None
    enc_serializer: str | None = None
    transaction_hash: str | None = None
    forward_for: list[Hop] | None = None
    x_acknowledged_delivery: bool = False


class Event(Message, tag=EVENT):
    """Broker to subscriber: [36, subscription, publication, details, args?, ...]."""

    subscription: Id
    publication: Id
    details: EventFields
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


# Remote procedure calls


class ResultDetails(Passthru):
    """RESULT.Details."""

    progress: bool = False


class Result(Message, tag=RESULT):
    """Dealer to caller: [50, request, details, args?, kwargs?]."""

    request: Id
    details: ResultDetails
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Registered(Message, tag=REGISTERED):
    """Dealer to callee: [65, request, registration]."""

    request: Id
    registration: Id


class UnregisteredDetails(Fields):
    """UNREGISTERED.Details, of a registration that the router has ended."""

    registration: Id | None = None
    reason: str | None = None


class Unregistered(Message, tag=UNREGISTERED):
    """Dealer to callee: [67, request], or [67, 0, details] after a revocation."""

    request: Natural
    details: UnregisteredDetails | None = None


class InvocationDetails(Passthru):
    """INVOCATION.Details; `timeout` is in milliseconds."""

    procedure: str | None = None
    caller: Id | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    receive_progress: bool = False
    progress: bool = False
    timeout: Natural = 0
    trustlevel: Natural | None = None


class Invocation(Message, tag=INVOCATION):
    """Dealer to callee: [68, request, registration, details, args?, kwargs?]."""

    request: Id
    registration: Id
    details: InvocationDetails
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class InterruptOptions(Fields):
    """INTERRUPT.Options."""

    mode: CancelMode | None = None


class Interrupt(Message, tag=INTERRUPT):
    """Dealer to callee: [69, invocation_request, options]."""

    request: Id
    options: InterruptOptions


RouterMessage = (
    Welcome
    | Abort
    | Challenge
    | Goodbye
    | Error
    | Published
    | Subscribed
    | Unsubscribed
    | Event
    | Result
    | Registered
    | Unregistered
    | Invocation
    | Interrupt
)
"""What a router may send to a client."""
